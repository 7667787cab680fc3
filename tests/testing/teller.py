"""A small bank whose tests are tried out here: accounts, a totp that it checks by itself, a step-up."""

from flask import Flask

from ostiary import Accounts, Passwords, Sessions, SignIn
from ostiary.flask import Auth


def bank(*, accounts=None, sign_in=None, sessions=None, further=(), config=None, **kwargs):
    """The application, and its ``auth`` as ``app.auth``."""
    app = Flask("bank")
    app.config.update(config or {})
    features = [
        accounts or Accounts(),
        Passwords(),
        sessions or Sessions(),
        sign_in or SignIn(vouches=("totp",)),
        *further,
    ]
    auth = app.auth = Auth(app, features, **kwargs)

    @app.get("/who")
    @auth.optional
    def who():
        principal = auth.principal
        return {"subject": principal.subject, "factors": {one.kind: one.at for one in principal.factors}}

    @app.get("/account")
    @auth.require
    def account():
        return {"email": auth.user.email, "fields": dict(auth.user.attributes)}

    @app.post("/transfers")
    @auth.require(factors=2, fresh="5m")
    def transfer():
        return {"by": auth.principal.subject}

    return app


def who(client):
    return client.get("/who").json["subject"]
