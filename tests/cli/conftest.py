"""An application with accounts, and an operator at its shell."""

import pytest
from flask import Flask
from tests.shop import KEY, Browser

from ostiary import Accounts, Field, Passwords, RememberMe, Sessions
from ostiary.delivery.memory import MemoryMailbox
from ostiary.flask import Auth
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads

CHEAP = {"memory_kib": 19_456, "passes": 2, "lanes": 1}


class Office:
    """The application, and what an operator does to it."""

    def __init__(self, url, tmp_path, features=None, **settings):
        self.database = Database.from_url(url, migrates_itself=True)
        self.app = Flask("shop", root_path=str(tmp_path), instance_path=str(tmp_path / "instance"))
        self.app.testing = True
        named = {"SECRET_KEY": KEY, "PUBLIC_URL": "https://shop.example", **settings}
        self.app.config.update({f"OSTIARY_{name}": value for name, value in named.items()})
        self.app.test_client_class = Browser
        self.auth = Auth(self.app, features or self.features(), database=self.database)
        self.app.add_url_rule(
            "/vouch/<who>", "vouch", lambda who: self.auth.sign_in(who, remember=True).response(), methods=["POST"]
        )

    @staticmethod
    def features():
        fields = (Field("display_name"), Field("age", int, required=False))
        return [
            Accounts(identifiers=("email", "username", "phone"), fields=fields),
            Passwords(**CHEAP),
            Sessions(),
            RememberMe(),
        ]

    def run(self, *words, **kwargs):
        return self.app.test_cli_runner().invoke(args=["ostiary", *words], **kwargs)

    def create(self, **kwargs):
        with self.app.app_context():
            return self.auth.accounts.create(**{"fields": {"display_name": "Ada"}, **kwargs})

    def browser(self):
        client = self.app.test_client()
        client.environ_base["wsgi.url_scheme"] = "https"
        client.environ_base["HTTP_HOST"] = "shop.example"
        return client

    def sign_in(self, who, device="Firefox"):
        client = self.browser()
        assert client.post(f"/vouch/{who}", headers={"User-Agent": device}).status_code < 400
        return client

    @property
    def mailbox(self):
        return self.app.extensions["ostiary"].runtime.resources[MemoryMailbox]

    def close(self):
        runtime = self.app.extensions["ostiary"].runtime
        runtime.resources[GuardReads].close()
        runtime.resources[EphemeralStore].close()
        self.database.close()


@pytest.fixture
def office(sqlite_url, tmp_path):
    made = Office(sqlite_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def office_on(tmp_path):
    """``office_on(url, features, **settings)``."""
    made = []

    def make(url, features=None, **settings):
        made.append(Office(url, tmp_path, features, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
