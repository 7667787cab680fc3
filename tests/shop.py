"""A small shop with sign-in, for tests that visit an application as browsers, attackers and operators do."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import literal_column, select

from ostiary import Passwords, Sessions, SignIn
from ostiary.features.audit_log.store import audit
from ostiary.features.passwords import Argon2id
from ostiary.features.sessions.store import sessions
from ostiary.flask import Auth
from ostiary.kernel.clock import Millis
from ostiary.kernel.events import Event
from ostiary.kernel.feature import Feature
from ostiary.runtime.runtime import Runtime
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.subjects import raise_epoch

NOON: Millis = 1_800_000_000_000
PASSWORD = "correct horse battery staple"
KEY = "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test"
CHEAP = Argon2id(memory_kib=19_456, passes=2, lanes=1)
"""The least that settings allow: what is tested here is not how slow it is."""


@cache
def hashed(password: str = PASSWORD) -> str:
    """The stored form of a password."""
    return CHEAP.hash(password)


class FrozenClock:
    """A clock that stands until it is set."""

    def __init__(self, at: Millis = NOON) -> None:
        self.at = at

    def now(self) -> Millis:
        return self.at

    def pass_(self, milliseconds: Millis) -> None:
        self.at += milliseconds


class Browser(FlaskClient):
    """A browser: it keeps cookies, and says that what it sends comes from the shop's own pages."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        headers = {"Sec-Fetch-Site": "same-origin", **dict(kwargs.pop("headers", None) or {})}
        return super().open(*args, headers=headers, **kwargs)

    def sign_in(self, who: str = "ada", password: str = PASSWORD, **kwargs: Any) -> Any:
        return self.post("/login", json={"identifier": who, "password": password}, **kwargs)

    def vouch(self, who: str = "ada", proof: str = "app", *, remember: bool = False, **kwargs: Any) -> Any:
        return self.post(f"/vouch/{who}?proof={proof}{'&remember=1' if remember else ''}", **kwargs)

    @property
    def who(self) -> str:
        """Whom the shop takes this browser for; empty for nobody."""
        return self.get("/who").json["subject"]

    def cookie(self, stem: str = "ostiary_session") -> str | None:
        """The value of one of our cookies, under whatever prefix."""
        for prefix in ("", "__Host-", "__Secure-"):
            found = self.get_cookie(prefix + stem)
            if found is not None and found.value:
                return found.value
        return None


class Shop:
    """The application, its browsers, and its database."""

    def __init__(
        self,
        url: str,
        *,
        users: Mapping[str, str] | Callable[[str], Any] | None = None,
        sessions: Sessions | None = None,
        sign_in: SignIn | None = None,
        clock: FrozenClock | None = None,
        production: bool = False,
        config: Mapping[str, Any] | None = None,
        pool_size: int = 5,
        further: Sequence[Feature] = (),
    ) -> None:
        self.database = Database.from_url(url, migrates_itself=True, pool_size=pool_size)
        self.users = {"ada": hashed(), "bob": hashed()} if users is None else users
        lookup = self.users if callable(self.users) else lambda name: self.users.get(name)
        self.app = Flask("shop")
        self.app.config.update({"OSTIARY_SECRET_KEY": KEY, "OSTIARY_PUBLIC_URL": None, **(config or {})})
        if production:
            self.app.config.update(OSTIARY_DEVELOPMENT="0", OSTIARY_PUBLIC_URL="https://shop.example")
        passwords = Passwords(lookup=lookup, memory_kib=19_456, passes=2, lanes=1, hash_slots=4)
        features = [sessions or Sessions(), passwords, sign_in or SignIn(), *further]
        self.auth = Auth(self.app, features, database=self.database)
        self.production = production
        self.clock = clock
        self.app.extensions["ostiary"].clock = clock
        self.app.test_client_class = Browser
        self.events: list[Event] = []
        self.auth.on(Event)(self.events.append)
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens elsewhere while a request to /slow is under way."""
        self._add_views()

    def _add_views(self) -> None:
        app, auth = self.app, self.auth

        @app.post("/login")
        def login():
            return auth.sign_in(auth.passwords.verify(*auth.credentials())).response()

        @app.route("/vouch/<who>", methods=["GET", "POST"])
        def vouch(who):
            proof, remember = request.args.get("proof", "app"), "remember" in request.args
            return auth.sign_in(who, proof=proof, remember=remember).response()

        @app.get("/who")
        @auth.optional
        def who():
            return {"subject": auth.principal.subject, "methods": [factor.kind for factor in auth.principal.factors]}

        @app.get("/account")
        @auth.require
        def account():
            return {"subject": auth.principal.subject}

        @app.post("/note")
        @auth.require
        def note():
            return {"by": auth.principal.subject}

        @app.get("/slow")
        @auth.require
        def slow():
            self.meanwhile()
            return {"by": auth.principal.subject}

        @app.get("/token")
        def token():
            return {"token": auth.csrf_token()}

        @app.post("/leave")
        def leave():
            auth.sign_out(request.args.get("scope", "here"))
            return {"left": True}

    @property
    def runtime(self) -> Runtime:
        return self.app.extensions["ostiary"].runtime

    def browser(self, **kwargs: Any) -> Browser:
        client = self.app.test_client(**kwargs)
        if self.production:
            client.environ_base["wsgi.url_scheme"] = "https"
            client.environ_base["HTTP_HOST"] = "shop.example"
        return client

    def suspend(self, subject: str = "ada") -> None:
        """What a suspension, a deletion or a change of password does to whoever is signed in."""
        with self.database.write() as tx:
            raise_epoch(tx, subject, now=self.clock.now() if self.clock else 0)

    def rows(self, subject: str | None = None) -> list[Any]:
        """The sessions that are kept, alive or not."""
        query = select(sessions) if subject is None else select(sessions).where(sessions.c.subject == subject)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(sessions.c.id)))

    def live(self, subject: str = "ada") -> list[str]:
        """The ids of the sessions that would pass the guard."""
        with self.app.app_context():
            return [device.id for device in self.auth.sessions.list(subject)]

    def audit(self, subject: str | None = None) -> list[tuple[str, str | None, dict[str, Any]]]:
        """The audit rows, oldest first: (event, subject, detail)."""
        with self.database.read() as connection:
            # In the order they were written: ids made in one millisecond sort at random.
            written = literal_column("rowid" if self.database.dialect == "sqlite" else "ctid")
            rows = connection.execute(select(audit.c.event, audit.c.subject, audit.c.detail).order_by(written))
            found = [(row.event, row.subject, json.loads(row.detail)) for row in rows]
        return [row for row in found if subject is None or row[1] == subject]

    def named(self, subject: str | None = None) -> list[str]:
        """The names of the audit rows, oldest first."""
        return [event for event, _, _ in self.audit(subject)]

    def close(self) -> None:
        self.runtime.resources[GuardReads].close()
        self.runtime.resources[EphemeralStore].close()
        self.database.close()


@contextmanager
def open_shop(url: str, **kwargs: Any) -> Iterator[Shop]:
    """A shop that is closed afterwards."""
    made = Shop(url, **kwargs)
    try:
        yield made
    finally:
        made.close()
