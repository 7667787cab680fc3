"""A small application with tokens, for tests that call it as programs and as pages in a browser do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask, request
from sqlalchemy import select
from tests.shop import KEY, PASSWORD, Browser, FrozenClock, hashed

from ostiary import Passwords, SignIn, Tokens
from ostiary.features.tokens.store import refresh_families
from ostiary.flask import Auth
from ostiary.kernel.events import Event
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads


class Program:
    """A client that keeps its tokens, as a program does."""

    def __init__(self, shop: "TokenShop", answer: Any) -> None:
        self.client = shop.app.test_client(use_cookies=False)
        self.take(answer)

    def take(self, answer: Any) -> None:
        assert answer.status_code == 200, answer.text
        self.access, self.refresh_token = answer.json["access_token"], answer.json.get("refresh_token")

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.access}"}, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        return self.client.post(path, headers={"Authorization": f"Bearer {self.access}"}, **kwargs)

    def refresh(self, token: str | None = None, **fields: Any) -> Any:
        return self.client.post("/auth/token/refresh", json={"refresh_token": token or self.refresh_token, **fields})

    @property
    def who(self) -> str:
        """Whom the application takes the token for; a status where it is refused."""
        answer = self.get("/account")
        return answer.json["subject"] if answer.status_code == 200 else str(answer.status_code)


class TokenShop:
    """The application and its database; without ``url`` one without a database."""

    def __init__(
        self,
        url: str | None,
        *features: Any,
        folder: str,
        tokens: Tokens | None = None,
        sign_in: SignIn | None = None,
        clock: FrozenClock | None = None,
        production: bool = False,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.database = None if url is None else Database.from_url(url, migrates_itself=True)
        # Without a database, the key that development makes is kept in the instance folder.
        self.app = Flask("token shop", instance_path=folder)
        self.app.config.update({"OSTIARY_SECRET_KEY": KEY, "OSTIARY_PUBLIC_URL": None, **(config or {})})
        self.production = production
        if production:
            self.app.config.update(OSTIARY_DEVELOPMENT="0", OSTIARY_PUBLIC_URL="https://shop.example")
        self.users = {"ada": hashed(), "bob": hashed()}
        passwords = Passwords(lookup=self.users.get, memory_kib=19_456, passes=2, lanes=1, hash_slots=4)
        made = tokens or Tokens(stateless=url is None)
        self.auth = Auth(self.app, [passwords, made, sign_in or SignIn(), *features], database=self.database)
        self.clock = clock or FrozenClock()
        self.app.extensions["ostiary"].clock = self.clock
        self.app.test_client_class = Browser
        self.events: list[Event] = []
        self.auth.on(Event)(self.events.append)
        self.wish: dict[str, Any] = {}
        """What the view /login issues with."""
        self._add_views()

    def _add_views(self) -> None:
        app, auth = self.app, self.auth

        @app.post("/login")
        def login():
            return auth.tokens.issue(auth.passwords.verify(*auth.credentials()), **self.wish).response()

        @app.route("/vouch/<who>", methods=["GET", "POST"])
        def vouch(who):
            return auth.tokens.issue(who, **self.wish).response()

        @app.get("/who")
        @auth.optional
        def who():
            principal = auth.principal
            return {"subject": principal.subject, "claims": dict(principal.claims)}

        @app.get("/account")
        @auth.require
        def account():
            return {"subject": auth.principal.subject}

        @app.post("/note")
        @auth.require
        def note():
            return {"by": auth.principal.subject}

        @app.get("/recent")
        @auth.require(fresh="5m")
        def recent():
            return {"by": auth.principal.subject}

        @app.post("/leave")
        def leave():
            auth.sign_out(request.args.get("scope", "here"))
            return {"left": True}

    @property
    def runtime(self) -> Any:
        return self.app.extensions["ostiary"].runtime

    def token(self, **fields: Any) -> Any:
        """What ``POST /auth/token`` answers to a program without cookies."""
        fields = fields or {"identifier": "ada", "password": PASSWORD}
        return self.app.test_client(use_cookies=False).post("/auth/token", json=fields)

    def program(self) -> Program:
        """A program that is signed in as ada."""
        return Program(self, self.token())

    def browser(self, **kwargs: Any) -> Browser:
        client = self.app.test_client(**kwargs)
        if self.production:
            client.environ_base["wsgi.url_scheme"] = "https"
            client.environ_base["HTTP_HOST"] = "shop.example"
        return client

    def families(self) -> list[Any]:
        """The families that are kept."""
        assert self.database is not None
        with self.database.read() as connection:
            return list(connection.execute(select(refresh_families).order_by(refresh_families.c.id)))

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [event.name() for event in self.events]

    def close(self) -> None:
        if self.database is not None:
            self.runtime.resources[GuardReads].close()
            self.runtime.resources[EphemeralStore].close()
            self.database.close()


@contextmanager
def open_token_shop(url: str | None, *features: Any, **kwargs: Any) -> Iterator[TokenShop]:
    """An application that is closed afterwards."""
    with TemporaryDirectory(prefix="ostiary-test-") as folder:
        made = TokenShop(url, *features, folder=folder, **kwargs)
        try:
            yield made
        finally:
            made.close()
