"""The demo: everything Ostiary can do so far, in one small application. Run it with ``make demo``."""

from pathlib import Path

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from ostiary import Passwords, Sessions, SignIn, SignInRefused, hash_password
from ostiary.flask import Auth

NAME, PASSWORD = "ada", "correct horse battery staple"

# One folder, whether this runs as a script or under `flask`.
app = Flask(__name__, instance_path=str(Path(__file__).parent / "instance"))
users = {NAME: hash_password(PASSWORD)}
auth = Auth(app, [Sessions(), Passwords(lookup=users.get), SignIn(page="login", after="/account")], closed=True)


@app.get("/")
@auth.public
def index() -> str:
    return render_template("index.html")


@app.route("/login", methods=["GET", "POST"])
@auth.public
def login() -> ResponseReturnValue:
    error = None
    if request.method == "POST":
        try:
            auth.sign_in(auth.passwords.verify(*auth.credentials()), proof="password")
            return redirect(auth.next_url())
        except SignInRefused as refused:
            error = refused.public_message
    return render_template("login.html", error=error, why=request.args.get("why"))


@app.get("/account")
@auth.require
def account() -> str:
    session = auth.principal.credential
    devices = auth.sessions.list(auth.principal.subject, current=session.id if session else None)
    events = auth.audit_log.entries(subject=auth.principal.subject, limit=8)
    return render_template("account.html", devices=devices, events=events)


@app.get("/vault")
@auth.require(fresh="1m")
def vault() -> str:
    return render_template("vault.html")


@app.post("/devices/<id>/end")
@auth.require
def end_device(id: str) -> ResponseReturnValue:
    auth.sessions.end(id, owner=auth.principal.subject)
    return redirect(url_for("account"))


@app.post("/logout")
@auth.require
def logout() -> ResponseReturnValue:
    scope = request.form.get("scope")
    auth.sign_out("everywhere" if scope == "everywhere" else "others" if scope == "others" else "here")
    return redirect(url_for("account" if scope == "others" else "index"))


def main() -> None:
    """Serve on a free port of this machine, and say what to try."""
    app.debug = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    print(f"""
Ostiary's demo is running at {address}     (Ctrl+C ends it)

  1. Open {address}/account     you are sent to the sign-in page, and come back.
  2. Sign in as {NAME!r} with {PASSWORD!r}.
  3. Sign in a second time in a private window, then sign out "on all other devices" in one of them.
  4. Open {address}/vault after a minute: it wants a fresh proof.
  5. Guess a wrong password a dozen times: the guesser is slowed down, you are not.

  The data is in {app.instance_path}
  The audit log:  .venv/bin/flask --app examples/demo/app.py --debug ostiary audit
""")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("Bye.")


if __name__ == "__main__":
    main()
