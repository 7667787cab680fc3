from flask import Flask
from ostiary import Accounts, Field, Passwords, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
fields = [Field("company"), Field("newsletter", bool, required=False)]
auth = Auth(app, [Accounts(fields=fields), Passwords(), Sessions()])


@app.get("/")
@auth.require
def home() -> str:
    return f"Hello {auth.user.email} of {auth.user.attributes['company']}"
