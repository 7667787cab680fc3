from flask import Flask, request
from flask.typing import ResponseReturnValue
from ostiary import ApiKeys, Passwords, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions(), ApiKeys(prefix="acme", limit="600/minute")])


@app.post("/keys")
@auth.require(via="session", fresh="15m")  # a key cannot make keys
def create_key() -> ResponseReturnValue:
    new = auth.api_keys.create(auth.principal.subject, name=request.form["name"], expires="365d")
    return {"id": new.key.id, "secret": new.secret}, 201  # acme_live_...: shown this once


@app.delete("/keys/<id>")
@auth.require(via="session")
def revoke_key(id: str) -> ResponseReturnValue:
    auth.api_keys.revoke(id, owner=auth.principal.subject)  # somebody else's key: 404
    return "", 204


@app.get("/orders")
@auth.require  # Authorization: Bearer acme_live_... or X-API-Key; or the session
def orders() -> ResponseReturnValue:
    return {"for": auth.principal.subject, "via": auth.principal.credential.kind}
