from flask import Flask
from flask.typing import ResponseReturnValue
from ostiary import Passwords, Sessions, SignIn
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions(), SignIn(vouches=("totp",))])  # the codes are checked by the bank itself


@app.post("/transfers")
@auth.require(factors=2, fresh="5m")
def transfer() -> ResponseReturnValue:
    return {"by": auth.user.email}
