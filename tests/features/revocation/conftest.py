"""Machines that share one database and follow its log of revocations, each with a copy of its own."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select
from tests.shop import FrozenClock

from ostiary.features.revocation import Revocation, Revocations
from ostiary.kernel.clock import HOUR
from ostiary.kernel.resources import Resources
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.revocations import revocations

TOKEN = {"jti": "t1", "family": "f1", "client": "c1", "subject": "ada", "epoch": 0}


class Machine:
    """A process's share of an installation, in this process: a database of its own, and a copy of its own."""

    def __init__(self, url: str, clock: FrozenClock, feature: Revocation) -> None:
        self.clock = clock
        self.database = Database.from_url(url, migrates_itself=True)
        self.reads = GuardReads(self.database)
        resources = Resources()
        resources.add(self.database)
        resources.add(self.reads)
        actions = feature.contribute(resources).actions
        assert isinstance(actions, Revocations)
        self.revocations = actions

    def revoke(self, kind: str, key: str, *, expires_at: int | None = None) -> None:
        now = self.clock.now()
        with self.database.write() as tx:
            self.revocations.revoke(tx, kind, key, expires_at=expires_at or now + HOUR, now=now)

    def ask(self, **token) -> str | None:
        return self.revocations.is_revoked(**{**TOKEN, **token}, now=self.clock.now())

    @property
    def known(self):
        return self.revocations._follower.copy().known

    def rows(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(revocations)).scalar_one()

    def close(self) -> None:
        self.reads.close()
        self.database.close()


@pytest.fixture
def machines(clock) -> Iterator[Callable[..., Machine]]:
    """``machines(url, **settings)``: one more of them, with the same clock."""
    made: list[Machine] = []

    def make(url: str, **settings) -> Machine:
        made.append(Machine(url, clock, Revocation(**settings)))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


@pytest.fixture
def machine(machines, database_url) -> Machine:
    return machines(database_url)
