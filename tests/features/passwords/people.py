"""An application whose people register, for tests of the flows: its browsers, its mailbox, its events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from tests.shop import KEY, Browser, FrozenClock

from ostiary import Accounts, Passwords, Sessions
from ostiary.delivery.memory import MemoryMailbox
from ostiary.features.accounts import AccountActions
from ostiary.features.passwords import PasswordActions
from ostiary.features.passwords.hashing import PasswordHasher
from ostiary.flask import Auth
from ostiary.kernel.events import Event
from ostiary.kernel.feature import Feature
from ostiary.runtime.runtime import Runtime
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads

ADA = "ada@example.com"
GOOD = "correct horse battery staple"
BETTER = "quite another battery of horses"
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


class People:
    """The application."""

    def __init__(
        self,
        url: str,
        *,
        accounts: Accounts | None = None,
        passwords: Mapping[str, Any] | None = None,
        further: tuple[Feature, ...] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.database = Database.from_url(url, migrates_itself=True)
        self.app = Flask("people")
        self.app.testing = True
        self.app.config.update({"OSTIARY_SECRET_KEY": KEY, "OSTIARY_PUBLIC_URL": "http://localhost", **(config or {})})
        cheap = Passwords(memory_kib=19_456, passes=2, lanes=1, hash_slots=4, **(passwords or {}))
        self.auth = Auth(self.app, [accounts or Accounts(), cheap, Sessions(), *further], database=self.database)
        self.clock = FrozenClock()
        self.app.extensions["ostiary"].clock = self.clock
        self.app.test_client_class = Browser
        self.events: list[Event] = []
        self.auth.on(Event)(self.events.append)

        @self.app.get("/")
        @self.auth.require
        def home():
            return {"subject": self.auth.principal.subject}

        @self.app.get("/who")
        @self.auth.optional
        def who():
            return {"subject": self.auth.principal.subject}

    @property
    def runtime(self) -> Runtime:
        return self.app.extensions["ostiary"].runtime

    @property
    def accounts(self) -> AccountActions:
        return self.runtime.resources[AccountActions]

    @property
    def passwords(self) -> PasswordActions:
        return self.runtime.resources[PasswordActions]

    @property
    def mailbox(self) -> MemoryMailbox:
        return self.runtime.resources[MemoryMailbox]

    def browser(self) -> Browser:
        return self.app.test_client()

    def register(self, browser: Browser, address: str = ADA, password: str = GOOD, **more: Any) -> Any:
        return browser.post("/auth/register", json={"identifier": address, "password": password, **more})

    def token(self, address: str = ADA) -> str:
        """The token of the link in the newest mail to an address."""
        link = self.mailbox.last(address).link
        assert link is not None
        return parse_qs(urlsplit(link).query)["token"][0]

    def confirm(self, browser: Browser, token: str | None = None, **more: Any) -> Any:
        return browser.post("/auth/verify-address", json={"token": token or self.token(), **more})

    def member(self, address: str = ADA, password: str = GOOD) -> Browser:
        """A browser whose person has registered and signed in."""
        browser = self.browser()
        self.register(browser, address, password)
        assert self.confirm(browser, self.token(address)).status_code == 200
        assert self.sign_in(browser, address, password).status_code == 200
        return browser

    def sign_in(self, browser: Browser, address: str = ADA, password: str = GOOD) -> Any:
        return browser.post("/auth/sign-in", json={"identifier": address, "password": password})

    def named(self) -> list[str]:
        return [event.name() for event in self.events]

    def close(self) -> None:
        self.runtime.resources[GuardReads].close()
        self.runtime.resources[EphemeralStore].close()
        self.database.close()


@contextmanager
def open_people(url: str, **kwargs: Any) -> Iterator[People]:
    """An application that is closed afterwards."""
    made = People(url, **kwargs)
    try:
        yield made
    finally:
        made.close()


def ask(people: People, identifier: str = ADA, browser: Browser | None = None) -> Any:
    """Somebody says that she has forgotten her password."""
    return (browser or people.browser()).post("/auth/forgot-password", json={"identifier": identifier})


def reset(people: People, token: str, password: str = BETTER, browser: Browser | None = None) -> Any:
    """Somebody sets a new password by a mailed link."""
    body = {"token": token, "password": password}
    return (browser or people.browser()).post("/auth/reset-password", json=body)


class Hashes:
    """Counts how often a password is hashed or verified, whoever asks."""

    def __init__(self, monkeypatch: Any) -> None:
        self.hashed = 0
        self.verified = 0
        hash_, verify = PasswordHasher.hash, PasswordHasher.verify

        def counted_hash(hasher, *arguments, **named):
            self.hashed += 1
            return hash_(hasher, *arguments, **named)

        def counted_verify(hasher, *arguments, **named):
            self.verified += 1
            return verify(hasher, *arguments, **named)

        monkeypatch.setattr(PasswordHasher, "hash", counted_hash)
        monkeypatch.setattr(PasswordHasher, "verify", counted_verify)

    def taken(self) -> tuple[int, int]:
        counts = self.hashed, self.verified
        self.hashed = self.verified = 0
        return counts
