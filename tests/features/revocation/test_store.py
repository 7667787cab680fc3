"""Reading the log: nothing is missed that commits late, and nothing is read where nothing has changed."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.features.revocation.store import LogReader, Position
from ostiary.kernel.clock import HOUR, MINUTE
from ostiary.storage.database import Database
from ostiary.storage.prune import Expiring, prune
from ostiary.storage.revocations import KEPT_BEYOND, append, revocations
from ostiary.storage.subjects import raise_epoch


@pytest.fixture
def elsewhere(database_url) -> Iterator[Database]:
    """Another process's way to the same database."""
    made = Database.from_url(database_url, migrates_itself=True)
    yield made
    made.close()


@pytest.fixture
def late(postgresql_url) -> Iterator[Database]:
    """A third one, whose transactions stay open."""
    made = Database.from_url(postgresql_url, migrates_itself=True)
    yield made
    made.close()


def _append(database: Database, key: str, now: int) -> None:
    with database.write() as tx:
        append(tx, "token", key, expires_at=now + HOUR, now=now)


@pytest.mark.asvs("V15.4.2")
@pytest.mark.parametrize("first", ["asked before", "not asked before"])
def test_a_revocation_that_commits_long_after_a_later_one_is_not_missed(
    machines, postgresql_url, late, clock, first
) -> None:
    one, other = machines(postgresql_url), machines(postgresql_url)
    assert first == "not asked before" or other.ask() is None
    with late.write() as tx:
        append(tx, "token", "slow", expires_at=clock.now() + HOUR, now=clock.now())
        one.revoke("token", "fast")
        for _ in range(5):
            clock.pass_(1_000)
            assert other.ask(jti="fast") == "token"
            assert other.ask(jti="slow") is None
        clock.pass_(20 * MINUTE)
        assert other.ask(jti="slow") is None
    clock.pass_(1_000)
    assert other.ask(jti="slow") == "token"


def test_nothing_is_read_twice_once_nobody_is_under_way(machine, clock) -> None:
    reader = LogReader(machine.database, machine.reads)
    for key in "abc":
        _append(machine.database, key, clock.now())
    first, rows = reader.read(None, before=0)
    assert [row[2] for row in rows] == ["a", "b", "c"]
    assert first.settled == first.newest == rows[-1][0]
    second, rows = reader.read(first, before=0)
    assert (second, rows) == (first, [])


def test_as_long_as_somebody_is_under_way_everything_since_is_read_again(machine, postgresql_url, late, clock) -> None:
    if machine.database.dialect == "sqlite":
        return  # There, nobody else writes meanwhile.
    reader = LogReader(machine.database, machine.reads)
    position, _ = reader.read(None, before=0)
    with late.write() as tx:
        append(tx, "token", "slow", expires_at=HOUR, now=0)
        for key in "ab":
            _append(machine.database, key, clock.now())
            position, rows = reader.read(position, before=0)
        assert [row[2] for row in rows] == ["a", "b"]
        assert position == Position(newest=3, settled=0)
    position, rows = reader.read(position, before=0)
    assert [row[2] for row in rows] == ["slow", "a", "b"]
    assert position == Position(newest=3, settled=3)


def test_writers_do_not_wait_for_each_other(postgresql_url, late, machines, clock) -> None:
    machine = machines(postgresql_url)
    with late.write() as tx:
        raise_epoch(tx, "bob", now=clock.now())
        # In this very thread: if it waited, it would wait for ever.
        with machine.database.write() as ours:
            raise_epoch(ours, "ada", now=clock.now())
        assert machine.ask() == "epoch"


def test_on_a_file_rows_are_read_only_after_a_commit(machines, sqlite_url, clock) -> None:
    one, other = machines(sqlite_url), machines(sqlite_url)
    reader = LogReader(one.database, one.reads)
    assert reader.has_changed()
    position, _ = reader.read(None, before=0)
    assert not reader.has_changed()
    _append(other.database, "x", clock.now())
    assert reader.has_changed()
    assert reader.has_changed(), "until it is read"
    reader.read(position, before=0)
    assert not reader.has_changed()


def test_a_connection_that_was_closed_under_the_reader_costs_no_answer(machine) -> None:
    machine.revoke("token", "t1")
    assert machine.ask() == "token"
    machine.reads.close()
    machine.clock.pass_(1_000)
    assert (machine.ask(), machine.ask(jti="t2")) == ("token", None)


def test_what_ended_is_not_read_at_all(machine, clock) -> None:
    _append(machine.database, "old", clock.now())
    reader = LogReader(machine.database, machine.reads)
    assert reader.read(None, before=clock.now() + HOUR)[1] == []
    assert len(reader.read(None, before=clock.now() + HOUR - 1)[1]) == 1


# A model: what was committed, against what a follower on another machine says

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("revoke"), st.sampled_from("abcd"), st.integers(1, 90)),
        st.tuples(st.just("raise"), st.sampled_from(["ada", "bob"])),
        st.tuples(st.just("roll back"), st.sampled_from("abcd")),
        st.tuples(st.just("begin"), st.sampled_from("abcd"), st.integers(1, 90)),
        st.tuples(st.just("finish"), st.just(True)),
        st.tuples(st.just("finish"), st.booleans()),
        st.tuples(st.just("pass"), st.integers(1, 40)),
        st.tuples(st.just("prune")),
        st.tuples(st.just("restart")),
    ),
    max_size=25,
)


class Undone(Exception):
    """Why a transaction is rolled back."""


class Model:
    """What must be known, and the late transaction that is still open."""

    def __init__(self, writer, late: Database | None, clock) -> None:
        self.writer, self.late, self.clock = writer, late, clock
        self.ends: dict[str, int] = {}
        self.epochs: dict[str, int] = {}
        self.open = None

    def revoke(self, key: str, minutes: int) -> None:
        ends = self.clock.now() + minutes * MINUTE
        with self.writer.database.write() as tx:
            append(tx, "token", key, expires_at=ends, now=self.clock.now())
        self.ends[key] = max(ends, self.ends.get(key, 0))

    def raise_(self, subject: str) -> None:
        with self.writer.database.write() as tx:
            self.epochs[subject] = raise_epoch(tx, subject, now=self.clock.now())

    def roll_back(self, key: str) -> None:
        with pytest.raises(Undone), self.writer.database.write() as tx:
            append(tx, "token", key, expires_at=self.clock.now() + HOUR, now=self.clock.now())
            raise Undone

    def begin(self, key: str, minutes: int) -> None:
        if self.late is not None and self.open is None:
            ends = self.clock.now() + minutes * MINUTE
            transaction = self.late.write()
            append(transaction.__enter__(), "token", key, expires_at=ends, now=self.clock.now())
            self.open = (transaction, key, ends)

    def finish(self, commits: bool) -> None:
        if self.open is None:
            return
        (transaction, key, ends), self.open = self.open, None
        if commits:
            transaction.__exit__(None, None, None)
            self.ends[key] = max(ends, self.ends.get(key, 0))
        else:
            assert not transaction.__exit__(Undone, Undone(), None)

    def prune(self) -> None:
        prune(self.writer.database, self.clock.now(), tables=[Expiring(table=revocations, column="expires_at", keep=KEPT_BEYOND)])  # fmt: skip

    def live(self) -> set[str]:
        return {key for key, ends in self.ends.items() if ends + KEPT_BEYOND > self.clock.now()}


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_a_follower_knows_exactly_what_was_committed(machines, machine, database_url, elsewhere, clock, steps) -> None:
    with machine.database.write() as tx:
        tx.execute(revocations.delete())
    follower = machines(database_url)
    model = Model(machine, elsewhere if machine.database.dialect == "postgresql" else None, clock)
    with machine.database.read() as connection:
        from ostiary.storage.subjects import read_epoch

        began = {subject: read_epoch(connection, subject) for subject in ("ada", "bob")}
    try:
        for name, *arguments in steps:
            if name == "pass":
                clock.pass_(arguments[0] * MINUTE)
            elif name == "restart":
                follower.close()
                follower = machines(database_url)
            else:
                getattr(model, {"raise": "raise_", "roll back": "roll_back"}.get(name, name))(*arguments)
            clock.pass_(1_000)
            live = model.live()
            answers = {key: follower.ask(jti=key, subject="nobody") for key in "abcd"}
            assert {key for key, answer in answers.items() if answer == "token"} == live
            assert set(follower.known._ends["token"]) == live
            for subject, epoch in model.epochs.items():
                assert follower.ask(jti="x", subject=subject, epoch=epoch) is None
                assert follower.ask(jti="x", subject=subject, epoch=epoch - 1) == "epoch"
            assert set(began) - set(model.epochs) <= {
                subject for subject in began if follower.ask(jti="x", subject=subject, epoch=0) is None
            }
    finally:
        model.finish(commits=False)
        follower.close()
