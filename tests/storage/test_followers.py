"""Followers are woken by every commit of a revocation in this process, and by nothing else."""

import gc

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from ostiary.storage.database import Database
from ostiary.storage.database_url import parse_database_url
from ostiary.storage.followers import Followers
from ostiary.storage.subjects import raise_epoch


class Sleeper:
    """Counts how often it was woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def sleeper(database: Database) -> Sleeper:
    made = Sleeper()
    database.followers.add(made)
    return made


def test_a_follower_is_woken_after_the_commit_and_not_before(database: Database, sleeper: Sleeper) -> None:
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        assert sleeper.woken == 0
    assert sleeper.woken == 1


def test_nobody_is_woken_by_what_is_rolled_back_or_revokes_nothing(database: Database, sleeper: Sleeper) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        raise ZeroDivisionError
    with database.write():
        pass
    assert sleeper.woken == 0


def test_a_follower_is_woken_by_the_commit_of_the_application(
    database: Database, database_url: str, sleeper: Sleeper
) -> None:
    database.engine()
    engine = create_engine(parse_database_url(database_url).url)
    with Session(engine) as session:
        for commits in (False, True):
            with database.joining(session), database.write() as tx:
                raise_epoch(tx, "ada", now=0)
            assert sleeper.woken == 0
            session.commit() if commits else session.rollback()
    assert sleeper.woken == 1
    engine.dispose()


def test_a_follower_that_nobody_keeps_is_forgotten() -> None:
    followers, kept = Followers(), Sleeper()
    followers.add(Sleeper())
    gc.collect()
    followers.add(kept)
    followers.wake()
    assert kept.woken == 1
    assert len(followers._known) == 1
