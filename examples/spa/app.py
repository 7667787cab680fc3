from flask import Flask, send_from_directory
from flask.typing import ResponseReturnValue
from ostiary import Passwords, Tokens
from ostiary.flask import Auth

app = Flask(__name__, static_folder="dist", static_url_path="/")
auth = Auth(app, [Passwords(), Tokens(cookies=True, access="10m", refresh="30d")])


@app.get("/")
def index() -> ResponseReturnValue:
    return send_from_directory("dist", "index.html")


@app.post("/api/notes")
@auth.require
def add_note() -> ResponseReturnValue:
    return {"by": auth.principal.subject}, 201


if __name__ == "__main__":
    app.run(debug=True)
