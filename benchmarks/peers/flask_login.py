"""Flask-Login: the signed cookie, with users in a dictionary, in SQLite and in PostgreSQL."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy

from benchmarks.case import SECRET, Case, cookies_after, get
from benchmarks.workplace import Workplace

PACKAGE = "flask-login"
_SESSIONS = "session guard"
_PUBLIC = "public view of an application that has the library"


class _User(UserMixin):
    id = "1"


def _application(name: str, find: Callable[[str], Any] | None = None) -> tuple[Flask, LoginManager]:
    app = Flask(f"flask-login-{name}")
    app.config.update(SECRET_KEY=SECRET, SESSION_COOKIE_SECURE=True)
    manager = LoginManager(app)
    if find is not None:
        manager.user_loader(find)

    @app.get("/public")
    def public() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/guarded")
    @login_required
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    @app.post("/sign-in")
    def sign_in() -> dict[str, int]:
        login_user(manager._user_callback("1"))  # noqa: SLF001 - whichever loader it was given
        return {}

    return app, manager


def with_others(place: Workplace, others: int) -> tuple[Flask, str]:
    """An application with so many users in SQLite, and the cookie of one of them."""
    app = stored(f"many-{others}", place.sqlite(f"flask-login-{others}"), others=others)
    return app, cookies_after(app, "/sign-in")


def stored(name: str, url: str, *, others: int = 0) -> Flask:
    """An application whose users are in a database."""
    app, manager = _application(name)
    app.config["SQLALCHEMY_DATABASE_URI"] = url.replace("postgresql://", "postgresql+psycopg://")
    db = SQLAlchemy(app)

    class User(UserMixin, db.Model):  # type: ignore[name-defined, misc] # Flask-SQLAlchemy makes the class
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))

    with app.app_context():
        db.create_all()
        db.session.merge(User(id=1, name="ada"))
        if others:
            rows = [{"id": number, "name": f"user{number}"} for number in range(2, others + 1)]
            db.session.execute(db.insert(User), rows)
        db.session.commit()
    manager.user_loader(lambda key: db.session.get(User, int(key)))
    return app


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:  # noqa: ARG001 - as every peer
    """Its guard, and what a public view pays for it."""
    users = {"1": _User()}
    app, _ = _application("dict", users.get)
    cookie = cookies_after(app, "/sign-in")
    yield Case(group=_SESSIONS, name="Flask-Login, users in a dict, nothing on the server", run=get(app, cookie=cookie))
    yield Case(group=_PUBLIC, name="Flask-Login, no cookie", run=get(app, "/public"))
    yield Case(group=_PUBLIC, name="Flask-Login, signed in", run=get(app, "/public", cookie=cookie))
    app = stored("sqlite", place.sqlite("flask-login"))
    run = get(app, cookie=cookies_after(app, "/sign-in"))
    yield Case(group=_SESSIONS, name="Flask-Login, users in SQLite", run=run)
    if place.postgresql is not None:
        app = stored("postgresql", place.database(place.postgresql))
        run = get(app, cookie=cookies_after(app, "/sign-in"))
        yield Case(group=_SESSIONS, name="Flask-Login, users in PostgreSQL", run=run)
