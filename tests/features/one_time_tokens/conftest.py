"""One-time tokens over a database, a clock that stands, and transactions of their own."""

import pytest
from tests.shop import KEY, NOON

from ostiary.features.one_time_tokens import OneTimeTokenActions
from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret
from ostiary.storage.database import Database


class Tokens:
    """The verbs, each in a transaction of its own, at noon unless told otherwise."""

    def __init__(self, database, key=KEY):
        self.database = database
        self.actions = OneTimeTokenActions(
            database=database,
            key_ring=KeyRing([Secret(key)]),
            verification_lifetime=24 * HOUR,
            reset_lifetime=HOUR,
            invitation_lifetime=7 * DAY,
        )

    def issue(self, **given):
        with self.database.write() as tx:
            return self.actions.issue(tx, **{"purpose": "reset", "lifetime": HOUR, "now": NOON, **given})

    def find(self, token, *, purpose="reset", now=NOON):
        return self.actions.find(token, purpose=purpose, now=now)

    def spend(self, token, *, purpose="reset", now=NOON):
        with self.database.write() as tx:
            return self.actions.spend(tx, token, purpose=purpose, now=now)

    def end_all(self, **given):
        with self.database.write() as tx:
            return self.actions.end_all(tx, **given)


@pytest.fixture
def database(database_url):
    made = Database.from_url(database_url, migrates_itself=True)
    yield made
    made.close()


@pytest.fixture
def tokens(database):
    return Tokens(database)
