# gunicorn -w 4 wsgi:app
from flask import Flask
from ostiary import Passwords, RememberMe, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions(), RememberMe()])
