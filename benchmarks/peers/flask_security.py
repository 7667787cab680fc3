"""Flask-Security: its session guard, with roles, and with thirty thousand users in the table."""

import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from flask import Flask
from flask_security import (
    Security,
    SQLAlchemyUserDatastore,
    auth_required,
    hash_password,
    login_user,
    roles_required,
    verify_password,
)
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

from benchmarks.case import ORIGIN, SECRET, Case, cookies_after, get
from benchmarks.workplace import Workplace

PACKAGE = "flask-security"
_SESSIONS = "session guard"
_MANY = 30_000
_PASSWORD = "correct horse battery staple"


def _application(name: str, url: str, *, others: int = 0) -> Flask:
    app = Flask(f"flask-security-{name}")
    app.config.update(
        SECRET_KEY=SECRET,
        SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SESSION_COOKIE_SECURE=True,
        SQLALCHEMY_DATABASE_URI=url,
    )
    db = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(db)
    role: Any = type("Role", (db.Model, fsqla_v3.FsRoleMixin), {})
    user: Any = type("User", (db.Model, fsqla_v3.FsUserMixin), {})
    store = SQLAlchemyUserDatastore(db, user, role)
    Security(app, store)
    with app.app_context():
        db.create_all()
        teller = store.create_role(name="teller")
        store.create_user(email="ada@example.com", password=hash_password(_PASSWORD), roles=[teller])
        db.session.commit()
        rows = [
            {"id": number, "email": f"user{number}@example.com", "fs_uniquifier": uuid4().hex, "active": True}
            for number in range(2, others + 2)
        ]
        if rows:
            db.session.execute(user.__table__.insert(), rows)
            # Its table of who has which role has no index, and each request reads the roles of whoever asks.
            given = [{"user_id": row["id"], "role_id": teller.id} for row in rows]
            db.session.execute(fsqla_v3.FsModels.roles_users.insert(), given)
            db.session.commit()

    @app.get("/public")
    def public() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/guarded")
    @auth_required("session")
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/teller")
    @auth_required("session")
    @roles_required("teller")
    def for_tellers() -> dict[str, int]:
        return {"answer": 42}

    @app.post("/sign-in")
    def sign_in() -> dict[str, int]:
        login_user(store.find_user(email="ada@example.com"))
        return {}

    return app


def finding(place: Workplace, others: int) -> Callable[[], object]:
    """Finding the account of an address and signing it in, among so many users in SQLite."""
    app = _application(f"finding-{others}", place.sqlite(f"flask-security-finding-{others}"), others=others)
    chosen = random.Random(others)

    @app.post("/sign-in-of/<email>")
    def sign_in_of(email: str) -> dict[str, int]:
        login_user(app.extensions["security"].datastore.find_user(email=email))
        return {}

    def sign_in() -> None:
        answer = app.test_client().post(f"/sign-in-of/user{chosen.randint(2, others + 1)}@example.com", base_url=ORIGIN)
        assert answer.status_code == 200, answer.get_data()

    return sign_in


def with_others(place: Workplace, others: int) -> tuple[Flask, str]:
    """An application with so many users in SQLite, and the cookie of one of them."""
    app = _application(f"many-{others}", place.sqlite(f"flask-security-{others}"), others=others)
    return app, cookies_after(app, "/sign-in")


def _sign_in_cases(app: Flask) -> Iterator[Case]:
    group, alone = "sign-in by password", "the hash alone, as Flask-Security makes it (Argon2)"
    with app.app_context():
        stored = hash_password(_PASSWORD)

    def verify() -> None:
        with app.app_context():
            assert verify_password(_PASSWORD, stored)

    yield Case(group=group, name=alone, run=verify, base=None)
    app.config.update(WTF_CSRF_ENABLED=False)

    def sign_in() -> None:
        answer = app.test_client().post(
            "/login", base_url=ORIGIN, json={"email": "ada@example.com", "password": _PASSWORD}
        )
        assert answer.status_code == 200, answer.get_data()

    yield Case(group=group, name="Flask-Security, sign-in (SQLite)", run=sign_in, base=alone)


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:
    """Its guard, and what a public view pays for it."""
    public = "public view of an application that has the library"
    app = _application("plain", place.sqlite("flask-security"))
    cookie = cookies_after(app, "/sign-in")
    yield Case(group=_SESSIONS, name="Flask-Security (SQLite)", run=get(app, cookie=cookie))
    yield Case(group=_SESSIONS, name="Flask-Security, with a role (SQLite)", run=get(app, "/teller", cookie=cookie))
    yield Case(group=public, name="Flask-Security, no cookie", run=get(app, "/public"))
    yield Case(group=public, name="Flask-Security, signed in", run=get(app, "/public", cookie=cookie))
    yield from _sign_in_cases(app)
    if not quick:
        app = _application("many", place.sqlite("flask-security-many"), others=_MANY)
        run = get(app, cookie=cookies_after(app, "/sign-in"))
        yield Case(group=_SESSIONS, name=f"Flask-Security, {_MANY:,} users, a role each (SQLite)", run=run)
