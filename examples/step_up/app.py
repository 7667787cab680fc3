from flask import Flask, request
from flask.typing import ResponseReturnValue
from ostiary import Passwords, Roles, Sessions, SignIn, Tokens
from ostiary.flask import Auth

app = Flask(__name__)
features = [Passwords(), SignIn(vouches=("totp",)), Sessions(), Tokens(), Roles({"admin": ["*"]})]
auth = Auth(app, features)
sensitive = auth.require(role="admin", factors=2, fresh="5m", proof="password")
CODES = {"424242"}


@app.post("/code")
@auth.require
def check_code() -> ResponseReturnValue:
    """Ostiary has no one-time codes yet, so the application checks one by itself, and vouches for it."""
    if request.form["code"] not in CODES:
        return "", 403
    return auth.sign_in(auth.principal.subject, proof="totp").response()


@app.post("/payouts")
@sensitive
def payouts() -> ResponseReturnValue:
    return {"by": auth.principal.subject}, 202
