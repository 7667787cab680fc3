"""better-auth-server, the Python port of better-auth: its Flask session guard, on SQLite."""

import asyncio
from collections.abc import Iterator

from better_auth import BetterAuth, EmailAndPassword
from better_auth.adapters.sqlalchemy import SQLAlchemyAdapter
from better_auth.integrations.flask import BetterAuthFlask
from flask import Flask
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.case import ORIGIN, SECRET, Case, cookies_after, get
from benchmarks.workplace import Workplace

PACKAGE = "better-auth-server"


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:  # noqa: ARG001 - as every peer
    """Its session guard."""
    engine = create_async_engine(place.sqlite("better-auth").replace("sqlite:", "sqlite+aiosqlite:"))
    adapter = SQLAlchemyAdapter(engine)
    auth = BetterAuth(
        secret=SECRET, base_url=ORIGIN, adapter=adapter, email_and_password=EmailAndPassword(enabled=True)
    )
    app, bound = Flask("better-auth"), BetterAuthFlask(auth)
    app.register_blueprint(bound.blueprint)
    # On the loop that the integration keeps, where its connections live.
    asyncio.run_coroutine_threadsafe(adapter.create_tables(), bound._loop).result()  # noqa: SLF001 - it offers no other way

    @app.get("/guarded")
    def guarded() -> dict[str, int]:
        bound.require_session()
        return {"answer": 42}

    account = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery staple"}
    cookie = cookies_after(app, "/api/auth/sign-up/email", json=account)
    yield Case(group="session guard", name="better-auth-server (SQLite)", run=get(app, cookie=cookie))
