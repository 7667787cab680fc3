"""Flask-JWT-Extended: access tokens; with a blocklist in Redis, with the user loaded from SQLite, with both."""

from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, jwt_required
from flask_sqlalchemy import SQLAlchemy

from benchmarks.case import SECRET, Case, get
from benchmarks.ours import private_key
from benchmarks.workplace import Workplace

PACKAGE = "flask-jwt-extended"
_HS256 = "JWT guard, HS256"
_PUBLIC = "JWT guard, RS256, ES256, EdDSA"


def application(name: str, **config: Any) -> tuple[Flask, JWTManager]:
    """An application with its guard."""
    app = Flask(f"flask-jwt-extended-{name}")
    app.config.update({"JWT_SECRET_KEY": SECRET, **config})

    @app.get("/guarded")
    @jwt_required()
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    return app, JWTManager(app)


def bearers(app: Flask, many: int) -> list[str]:
    """So many tokens, as the header field carries them."""
    with app.app_context():
        return [f"Bearer {create_access_token('ada')}" for _ in range(many)]


def _run(app: Flask, identity: str = "ada") -> Any:
    with app.app_context():
        return get(app, authorizations=[f"Bearer {create_access_token(identity)}"])


def _block(manager: JWTManager, url: str) -> None:
    import redis  # only where there is one

    client = redis.Redis.from_url(url)

    @manager.token_in_blocklist_loader
    def blocked(_header: dict[str, Any], payload: dict[str, Any]) -> bool:
        return client.get(payload["jti"]) is not None


def _load_users(app: Flask, manager: JWTManager, url: str) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db = SQLAlchemy(app)

    class User(db.Model):  # type: ignore[name-defined, misc] # Flask-SQLAlchemy makes the class
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))

    with app.app_context():
        db.create_all()
        db.session.add(User(id=1, name="ada"))
        db.session.commit()

    @manager.user_lookup_loader
    def load(_header: dict[str, Any], payload: dict[str, Any]) -> Any:
        return db.session.get(User, int(payload["sub"]))


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:  # noqa: ARG001 - as every peer
    """Its guard, plain and with what people add to it."""
    app, _ = application("plain")
    yield Case(group=_HS256, name="Flask-JWT-Extended, HS256", run=_run(app))
    if place.redis is not None:
        app, manager = application("redis")
        _block(manager, place.redis)
        yield Case(group=_HS256, name="Flask-JWT-Extended, HS256, blocklist in Redis", run=_run(app))
    app, manager = application("user")
    _load_users(app, manager, place.sqlite("fje-user"))
    yield Case(group=_HS256, name="Flask-JWT-Extended, HS256, user from SQLite", run=_run(app, "1"))
    if place.redis is not None:
        app, manager = application("both")
        _block(manager, place.redis)
        _load_users(app, manager, place.sqlite("fje-both"))
        yield Case(group=_HS256, name="Flask-JWT-Extended, HS256, both", run=_run(app, "1"))
    for algorithm, named in (("RS256", "RS256"), ("ES256", "ES256"), ("Ed25519", "EdDSA")):
        from cryptography.hazmat.primitives.serialization import (  # to write the public half
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )

        private = private_key(algorithm)
        public = load_pem_private_key(private.encode(), None).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        app, _ = application(named, JWT_ALGORITHM=named, JWT_PRIVATE_KEY=private, JWT_PUBLIC_KEY=pem)
        yield Case(group=_PUBLIC, name=f"Flask-JWT-Extended, {named}", run=_run(app))
