"""The demo: everything Ostiary can do so far, in one small application. Run it with ``make demo``."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from ostiary import Accounts, ApiKeys, Field, Group, Passwords, Principal, RememberMe, Roles, Sessions, SignIn, Tokens
from ostiary.flask import Auth
from ostiary.policies import Allow, Deny

EMAIL, OTHER, PASSWORD = "ada@example.com", "bob@example.com", "correct horse battery staple"

# One folder, whether this runs as a script or under `flask`.
app = Flask(__name__, instance_path=os.environ.get("DEMO_DATA", str(Path(__file__).parent / "instance")))
auth = Auth(
    app,
    [
        Accounts(identifiers=("email", "username"), fields=[Field("full_name", required=False, autocomplete="name")]),
        Passwords(),
        Sessions(),
        RememberMe(),
        SignIn(after="/auth/account"),
        Tokens(),
        ApiKeys(),
        Roles({"editor": ["note:*"], "reader": ["note:read"]}, default=["reader"]),
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


@dataclass
class Note:
    """What somebody wrote. The demo forgets it when it ends."""

    id: int
    author: str
    text: str


notes: list[Note] = []


@auth.policy("edit", Note)
def edit_note(principal: Principal, note: Note) -> Allow | Deny:
    """Everybody reads, editors write, and each changes only her own."""
    return Allow() if note.author == principal.subject else Deny("Somebody else wrote it.", public=True)


def find_note(id: int) -> Note | None:
    return next((note for note in notes if note.id == id), None)


@app.get("/notes")
@auth.require("note:read")
def show_notes() -> str:
    return render_template("notes.html", notes=notes)


@app.get("/api/notes")
@auth.require("note:read")
def list_notes() -> ResponseReturnValue:
    return {"notes": [{"id": note.id, "text": note.text, "yours": auth.can("edit", note)} for note in notes]}


@app.post("/notes")
@auth.require("note:write")
def write_note() -> ResponseReturnValue:
    notes.append(Note(len(notes) + 1, auth.principal.subject, request.form["text"][:200]))
    return redirect(url_for("show_notes"), 303)


@app.post("/notes/<int:id>")
@auth.require(can="edit", resource=find_note, into="note")
def change_note(note: Note, **_: Any) -> ResponseReturnValue:
    note.text = request.form["text"][:200]
    return redirect(url_for("show_notes"), 303)


def make_people() -> None:
    """Make the accounts that the first page talks of, unless they are there."""
    ada = auth.accounts.ensure(email=EMAIL, username="ada", password=PASSWORD)
    bob = auth.accounts.ensure(email=OTHER, username="bob", password=PASSWORD)
    auth.roles.assign(ada, "editor")
    acme = Group(("org", "acme"))
    if acme not in auth.roles.groups.of(ada):
        auth.roles.groups.create(acme)
        auth.roles.groups.add(acme, ada)
    notes[:] = [Note(1, ada.id, "Only Ada changes this one."), Note(2, bob.id, "And only Bob this one.")]


app.cli.command("seed")(make_people)


def main() -> None:
    """Serve on a free port of this machine, and say what to try."""
    app.debug = True
    with app.app_context():
        make_people()
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
  8. {address}/notes: everybody reads, Ada is an editor and writes, and each changes only her own ({OTHER} has the same password).
  9. Make a key at {address}/auth/api-keys that may only note:read, and give it to a program:
        curl -H 'X-API-Key: …' {address}/api/notes
 10. Or tokens:   curl -H 'Content-Type: application/json' {address}/auth/token \\
                       -d '{{"identifier": "ada", "password": "{PASSWORD}"}}'
        and then  curl -H 'Authorization: Bearer …' {address}/api/notes

  The same addresses answer JSON:   curl {address}/auth/sign-in
  Who may do what, and why:         .venv/bin/flask --app examples/demo/app.py --debug ostiary roles what ada
  The data is in {app.instance_path}
  Commands:   .venv/bin/flask --app examples/demo/app.py --debug ostiary --help
""")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("Bye.")


if __name__ == "__main__":
    main()
