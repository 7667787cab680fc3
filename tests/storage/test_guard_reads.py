"""The guard's reads: one statement, no waiting, closed when the database is away."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text, update

from ostiary.features.sessions import store as sessions_store
from ostiary.kernel.errors import Unavailable
from ostiary.storage.database import Database
from ostiary.storage.database_url import parse_database_url
from ostiary.storage.guard_reads import CompiledRead, GuardReads, compile_read
from ostiary.storage.subjects import raise_epoch, subjects

EPOCH = select(subjects.c.epoch, subjects.c.rights).where(subjects.c.subject == bindparam("who"))
TOUCH = (
    update(subjects)
    .where(subjects.c.subject == bindparam("who"), subjects.c.rights < bindparam("rights_now"))
    .values(rights=bindparam("rights_now"))
)


@pytest.fixture
def reads(database: Database) -> Iterator[GuardReads]:
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
    made = GuardReads(database)
    yield made
    made.close()


@pytest.fixture
def epoch(reads: GuardReads) -> CompiledRead:
    return reads.compile(EPOCH)


def test_compiling_and_building_open_nothing() -> None:
    reads = GuardReads(Database.from_url("postgresql://nobody@127.0.0.1:1/none"))
    assert reads.compile(EPOCH).parameters == ("who",)


def test_parameters_come_in_the_order_of_the_statement_each_once() -> None:
    compiled = compile_read(TOUCH, "sqlite")
    assert compiled.parameters == ("rights_now", "who")
    assert compiled.arrange is not None
    assert compiled.arrange((7, "ada")) == (7, "ada", 7)


def test_a_statement_with_a_value_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="named parameters only"):
        compile_read(select(subjects.c.epoch).where(subjects.c.subject == "ada"), "sqlite")


def test_a_row_is_read_as_the_driver_gives_it(reads: GuardReads, epoch: CompiledRead) -> None:
    assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
    assert reads.fetch_one(epoch, ("bob",)) is None


@pytest.mark.attack("T1")
@pytest.mark.parametrize("text_", ["' OR '1'='1", '"; DROP TABLE ostiary_sessions; --', "%", "_", "\\", "%s", "?"])
def test_an_identifier_is_matched_literally(reads: GuardReads, text_: str) -> None:
    assert reads.fetch_one(reads.compile(sessions_store.guard_read()), (text_,)) is None


def test_what_another_connection_committed_is_seen_by_the_next_read(
    database: Database, reads: GuardReads, epoch: CompiledRead
) -> None:
    for expected in range(1, 5):
        assert reads.fetch_one(epoch, ("ada",)) == (expected, 0)
        with database.write() as tx:
            raise_epoch(tx, "ada", now=0)


def test_reading_holds_no_snapshot_that_would_let_the_log_grow(sqlite_url: str) -> None:
    database = Database.from_url(sqlite_url, migrates_itself=True)
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
    reads = GuardReads(database)
    assert reads.fetch_one(reads.compile(EPOCH), ("ada",)) == (1, 0)
    with sqlite3.connect(str(database.file)) as other:
        busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert busy == 0
    assert Path(f"{database.file}-wal").stat().st_size == 0
    reads.close()
    database.close()


def test_a_guards_connection_cannot_write_to_sqlite(sqlite_url: str) -> None:
    database = Database.from_url(sqlite_url, migrates_itself=True)
    reads = GuardReads(database)
    with pytest.raises(Unavailable, match="readonly"):
        reads.fetch_one(CompiledRead("DELETE FROM ostiary_subjects", (), None), ())
    reads.close()
    database.close()


def test_many_threads_read_at_once(reads: GuardReads, epoch: CompiledRead) -> None:
    barrier = threading.Barrier(12)

    def read() -> bool:
        barrier.wait()
        return all(reads.fetch_one(epoch, ("ada",)) == (1, 0) for _ in range(50))

    with ThreadPoolExecutor(12) as pool:
        assert all(done.result() for done in [pool.submit(read) for _ in range(12)])


def test_a_touch_changes_a_row_and_says_so(reads: GuardReads, epoch: CompiledRead) -> None:
    touch = reads.compile(TOUCH)
    assert [reads.touch(touch, (5, "ada")), reads.touch(touch, (5, "ada")), reads.touch(touch, (9, "nobody"))] == [
        True,
        False,
        False,
    ]
    assert reads.fetch_one(epoch, ("ada",)) == (1, 5)


def test_a_touch_never_waits_for_a_lock(database: Database, reads: GuardReads, epoch: CompiledRead) -> None:
    touch = reads.compile(TOUCH)
    assert reads.touch(touch, (1, "ada"))
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        # In this very thread: if it waited, it would wait for ever.
        assert not reads.touch(touch, (2, "ada"))
        assert reads.fetch_one(epoch, ("ada",)) == (1, 1)
    assert reads.touch(touch, (3, "ada"))


def test_a_guard_that_cannot_ask_is_unavailable_and_a_touch_is_skipped(tmp_path: Path) -> None:
    reads = GuardReads(Database.from_url("postgresql://me:hunter2@127.0.0.1:1/none"))
    with pytest.raises(Unavailable) as failed:
        reads.fetch_one(reads.compile(EPOCH), ("ada",))
    assert failed.value.status == 503
    assert "hunter2" not in str(failed.value)
    assert not reads.touch(reads.compile(TOUCH), (1, "ada"))


def test_a_file_that_breaks_under_the_guard_is_unavailable(sqlite_url: str) -> None:
    database = Database.from_url(sqlite_url, migrates_itself=True)
    reads = GuardReads(database)
    assert reads.fetch_one(reads.compile(EPOCH), ("ada",)) is None
    reads.close()
    database.close()
    assert database.file is not None
    for path in database.file.parent.iterdir():
        path.write_bytes(b"nothing a database would say" * 1000)
    with pytest.raises(Unavailable):
        reads.fetch_one(reads.compile(EPOCH), ("ada",))


# Another process: reads hers again and again until it is told to stop, and says what it found.
_READS = """
import sys, threading
from sqlalchemy import bindparam, select
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.subjects import subjects

reads = GuardReads(Database.from_url(sys.argv[1]))
epoch = reads.compile(select(subjects.c.epoch).where(subjects.c.subject == bindparam("subject")))
over, found = threading.Event(), set()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("ready", flush=True)
while not over.is_set():
    found.add(reads.fetch_one(epoch, ("zoe",)))
print(found)
"""


def test_a_file_that_shrinks_while_it_is_read_by_its_map_harms_no_reader(sqlite_url: str) -> None:
    database = Database.from_url(sqlite_url, migrates_itself=True)
    assert database.file is not None
    with database.write() as tx:
        raise_epoch(tx, "zoe", now=0)
    with subprocess.Popen(
        [sys.executable, "-c", _READS, sqlite_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        with sqlite3.connect(str(database.file), timeout=30, isolation_level=None) as other:
            for _ in range(20):
                other.execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                    "INSERT INTO ostiary_subjects (subject, epoch, rights) SELECT 'a' || i, 1, 0 FROM n"
                )
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                grown = database.file.stat().st_size
                other.execute("DELETE FROM ostiary_subjects WHERE subject <> 'zoe'")
                other.execute("VACUUM")
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                assert database.file.stat().st_size < grown
        other.close()
        said, _ = reader.communicate()
    assert (reader.returncode, said) == (0, "{(1,)}\n")
    database.close()


def _end_connections(url: str) -> None:
    """What a restart of the server does to connections that are open."""
    import psycopg

    name = parse_database_url(url).url.database
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


def test_a_server_that_restarted_costs_no_request(postgresql_url: str) -> None:
    database = Database.from_url(postgresql_url, migrates_itself=True)
    reads = GuardReads(database)
    epoch, touch = reads.compile(EPOCH), reads.compile(TOUCH)
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
    assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
    _end_connections(postgresql_url)
    assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
    assert reads.touch(touch, (1, "ada"))
    reads.close()
    database.close()


def test_the_guard_reads_while_every_pooled_connection_is_taken(postgresql_url: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import QueuePool

    engine = create_engine(parse_database_url(postgresql_url).url, poolclass=QueuePool, pool_size=1, max_overflow=0)
    database = Database.from_engine(lambda: engine, migrates_itself=True)
    reads = GuardReads(database)
    with engine.connect() as theirs, database.write() as tx:
        theirs.execute(text("SELECT 1"))
        raise_epoch(tx, "ada", now=0)
        assert reads.fetch_one(reads.compile(EPOCH), ("ada",)) is None
    reads.close()
    database.close()
    engine.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_the_threads_that_come_first_after_a_fork_share_one_set_of_connections(
    database: Database, reads: GuardReads, epoch: CompiledRead
) -> None:
    assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
    inherited = reads._here
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the test's own may run here: the child says what it saw, and is gone.
        try:
            places = _at_the_same_instant(reads, epoch)
            said = f"{len(places)} {inherited in places} {len(inherited.stash)}"
        except BaseException as failed:  # noqa: BLE001 - told to the parent
            said = repr(failed)
        os.write(tell, said.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(told, 1_000).decode() == "1 False 1"
    assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
    assert reads._here is inherited


def _at_the_same_instant(reads: GuardReads, epoch: CompiledRead) -> set[object]:
    threads, gate = 16, threading.Barrier(16)

    def read(_: int) -> object:
        gate.wait(10)
        assert reads.fetch_one(epoch, ("ada",)) == (1, 0)
        return reads._here

    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(threads) as pool:
        return set(pool.map(read, range(threads)))


def test_every_row_that_matches_is_read_on_the_same_connections(database: Database) -> None:
    reads = GuardReads(database)
    with database.write() as tx:
        for subject in ("ada", "bob"):
            raise_epoch(tx, subject, now=0)
    rows = reads.compile(
        select(subjects.c.subject).where(subjects.c.epoch == bindparam("epoch")).order_by(subjects.c.subject)
    )
    for _ in range(2):
        assert reads.fetch_all(rows, (1,)) == [("ada",), ("bob",)]
        assert reads.fetch_all(rows, (7,)) == []
    assert len(reads._here.stash) == 1
    reads.close()
