from flask import Flask
from ostiary import Accounts, Field, Passwords, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Accounts(fields=[Field("company"), Field("newsletter", bool, required=False)]), Passwords(), Sessions()])


@app.get("/")
@auth.require
def home() -> str:
    return f"Hello {auth.user.email} of {auth.user.attributes['company']}"
