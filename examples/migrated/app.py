# the app of the Flask-Login documentation after the change; see docs/how-to/from-flask-login.md
from dataclasses import dataclass
from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from ostiary import RememberMe, Sessions, SignIn, hash_password, verify_password
from ostiary.flask import Auth


@dataclass
class User:  # the application's own; UserMixin is no longer needed
    id: int
    name: str
    password_hash: str


users = {1: User(1, "ada", hash_password("correct horse battery staple"))}
app = Flask(__name__)
auth = Auth(app, [Sessions(), RememberMe(), SignIn(page="login")], user_loader=lambda subject: users.get(int(subject)))


@app.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    if request.method == "POST":
        user = next((user for user in users.values() if user.name == request.form["username"]), None)
        if verify_password(user.password_hash if user else None, request.form["password"]) and user:
            auth.sign_in(str(user.id), proof="password", remember="remember" in request.form)
            return redirect(auth.next_url(url_for("index")))
    return render_template("login.html")


@app.get("/")
@auth.require
def index() -> str:
    return f"Hello {auth.user.name}"
