"""An application whose accounts are Ostiary's own, for the tests of their passwords."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import select
from tests.shop import KEY, Browser, FrozenClock

from ostiary import Passwords, Sessions, SignIn
from ostiary.delivery.memory import MemoryMailbox
from ostiary.features.accounts import AccountActions, Accounts
from ostiary.features.passwords import PasswordActions
from ostiary.features.passwords.store import passwords
from ostiary.flask import Auth
from ostiary.kernel.events import Event
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.subjects import read_epoch

CHEAPEST = {"memory_kib": 19_456, "passes": 2, "lanes": 1, "hash_slots": 4}
NEW = "a window over the harbour"


class House:
    """The application, its accounts, its database."""

    def __init__(self, url: str, *, accounts: Accounts | None = None, sign_in: SignIn | None = None, **settings: Any):
        self.clock = FrozenClock()
        self.database = Database.from_url(url, migrates_itself=True)
        self.app = Flask("house")
        self.app.config.update(
            OSTIARY_SECRET_KEY=KEY,
            OSTIARY_PUBLIC_URL="https://harbourside.example",
            OSTIARY_MAIL_URL="memory:",
            OSTIARY_MAIL_FROM="house@harbourside.example",
        )
        self.app.test_client_class = Browser
        features = [Passwords(**{**CHEAPEST, **settings}), Sessions(), sign_in or SignIn()]
        if accounts is not None:
            features.append(accounts)
        self.auth = Auth(self.app, features, database=self.database)
        self.app.extensions["ostiary"].clock = self.clock
        self.events: list[Event] = []
        self.auth.on(Event)(self.events.append)

        @self.app.post("/login")
        def login():
            return self.auth.sign_in(self.auth.passwords.verify(*self.auth.credentials())).response()

        @self.app.get("/who")
        @self.auth.optional
        def who():
            return {"subject": self.auth.principal.subject}

    @property
    def resources(self) -> Any:
        with self.app.app_context():
            return self.app.extensions["ostiary"].runtime.resources

    @property
    def accounts(self) -> AccountActions:
        return self.resources[AccountActions]

    @property
    def passwords(self) -> PasswordActions:
        return self.resources[PasswordActions]

    @property
    def mailbox(self) -> MemoryMailbox:
        return self.resources[MemoryMailbox]

    def verify(self, identifier: str, password: str) -> Any:
        with self.app.test_request_context():
            return self.passwords.verify(identifier, password)

    def stored(self, subject: str) -> str | None:
        with self.database.read() as connection:
            return connection.execute(select(passwords.c.hash).where(passwords.c.subject == subject)).scalar()

    def store(self, subject: str, hashed: str) -> None:
        """Put a hash into the table, as an import of another system's users does."""
        from ostiary.features.passwords import store

        with self.database.write() as tx:
            store.put(tx, subject, hashed, now=self.clock.now())

    def epoch(self, subject: str) -> int:
        with self.database.read() as connection:
            return read_epoch(connection, subject)

    def named(self) -> list[str]:
        return [event.name() for event in self.events]

    def browser(self) -> Browser:
        client = self.app.test_client()
        client.environ_base["wsgi.url_scheme"] = "https"
        client.environ_base["HTTP_HOST"] = "harbourside.example"
        return client

    def close(self) -> None:
        self.resources[GuardReads].close()
        self.resources[EphemeralStore].close()
        self.database.close()


@contextmanager
def open_house(url: str, **kwargs: Any) -> Iterator[House]:
    made = House(url, **kwargs)
    try:
        yield made
    finally:
        made.close()
