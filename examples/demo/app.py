"""The demo: everything Ostiary can do so far, in one small application. Run it with ``make demo``."""

import os
from pathlib import Path

from flask import Flask, render_template
from werkzeug.serving import make_server

from ostiary import Accounts, Field, Passwords, RememberMe, Sessions, SignIn
from ostiary.flask import Auth

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"

# One folder, whether this runs as a script or under `flask`.
app = Flask(__name__, instance_path=os.environ.get("DEMO_DATA", str(Path(__file__).parent / "instance")))
auth = Auth(
    app,
    [
        Accounts(identifiers=("email", "username"), fields=[Field("full_name", required=False)]),
        Passwords(),
        Sessions(),
        RememberMe(),
        SignIn(after="/auth/account"),
    ],
    closed=True,
)


@app.get("/")
@auth.public
def index() -> str:
    return render_template("index.html")


@app.get("/vault")
@auth.require(fresh="1m")
def vault() -> str:
    return render_template("vault.html")


@app.cli.command("seed")
def seed() -> None:
    """Make the account that the first page talks of, unless it is there."""
    auth.accounts.ensure(email=EMAIL, username="ada", password=PASSWORD)


def main() -> None:
    """Serve on a free port of this machine, and say what to try."""
    app.debug = True
    with app.app_context():
        auth.accounts.ensure(email=EMAIL, username="ada", password=PASSWORD)
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "0")), app, threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    print(f"""
Ostiary's demo is running at {address}     (Ctrl+C ends it)

  1. Register at {address}/auth/register     the mail with the link is printed here: open it, and sign in.
  2. Or sign in as {EMAIL} (or just ada) with {PASSWORD!r}.
  3. {address}/auth/account shows your devices, and what happened. Sign in a second time in a private window.
  4. Tick "Stay signed in", delete the cookie ostiary_session in your browser's tools, reload: you are remembered.
  5. Open {address}/vault: it wants a proof that is no older than a minute, and being remembered is none.
  6. Change your password: every other device is signed out. Or say that you have forgotten it.
  7. Guess a wrong password a dozen times: the guesser is slowed down, you are not.

  The same addresses answer JSON:   curl {address}/auth/sign-in
  The data is in {app.instance_path}
  Commands:   .venv/bin/flask --app examples/demo/app.py --debug ostiary --help
""")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("Bye.")


if __name__ == "__main__":
    main()
