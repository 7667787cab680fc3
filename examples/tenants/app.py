from flask import Flask, request
from flask.typing import ResponseReturnValue
from ostiary import Passwords, Roles, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions(), Roles({"owner": ["editor", "member:*"], "editor": ["article:*"]})])


@app.put("/<org>/articles/<int:id>")
@auth.require("article:write", on="org", hidden=True)  # held on ("org", <the URL's org>), or everywhere; else 404
def edit(org: str, id: int) -> ResponseReturnValue:
    return {"org": org, "id": id}


@app.post("/<org>/members")
@auth.require("member:add", on="org")
def add_member(org: str) -> ResponseReturnValue:
    auth.roles.assign(request.form["account"], "editor", on=("org", org))  # 403 unless she holds it there herself
    return "", 204


@auth.tenant  # alternative to on= everywhere: acme.shop.example
def tenant() -> tuple[str, str] | None:
    return ("org", request.host.partition(".")[0])
