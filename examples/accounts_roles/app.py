from flask import Flask
from ostiary import Passwords, Roles, Sessions
from ostiary.flask import Auth

app = Flask(__name__)  # Accounts() and SignIn() come with Passwords()
auth = Auth(app, [Passwords(), Sessions(), Roles({"admin": ["reader", "user:*"], "reader": ["report:read"]}, default=["reader"])])  # fmt: skip


@app.get("/protected")
@auth.require("report:read")
def protected() -> str:
    return f"Signed in as {auth.user.email}"


@app.cli.command("seed")
def seed() -> None:
    auth.accounts.ensure(email="user@example.com", password="correct horse battery staple", roles=["admin"])
