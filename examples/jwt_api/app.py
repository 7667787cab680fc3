from flask import Flask
from flask.typing import ResponseReturnValue
from ostiary import Passwords, Tokens, hash_password
from ostiary.flask import Auth

app = Flask(__name__)
users = {"user1": hash_password("correct horse battery staple")}
auth = Auth(app, [Passwords(lookup=users.get), Tokens(stateless=True)])


@app.post("/login")  # or delete this view and use POST /auth/token
def login() -> ResponseReturnValue:
    return auth.tokens.issue(auth.passwords.verify(*auth.credentials())).response()


@app.get("/protected")
@auth.require
def protected() -> ResponseReturnValue:
    return {"logged_in_as": auth.principal.subject}


if __name__ == "__main__":
    app.run(debug=True)
