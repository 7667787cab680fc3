"""What is remembered of an SQLite file: no thread believes what was read before a commit that came before its question.

A race that a busy machine shows once in a thousand commits is shown here each time: while one thread asks whether anything
has changed, another asks the same, at every line of ours in turn.
"""

import inspect
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from ostiary.features.sessions import remembered_sessions
from ostiary.features.sessions.remembered_sessions import ExactMemory
from ostiary.kernel.principal import Principal
from ostiary.storage import file_changes
from ostiary.storage.database import Database
from ostiary.storage.file_changes import FileChanges
from ostiary.storage.guard_reads import GuardReads
from ostiary.web.credential_reader import Presented

WATCHED = {inspect.getfile(remembered_sessions), inspect.getfile(file_changes)}
KEY = b"session"


class House:
    """A file, its number, and the memory of it."""

    def __init__(self, url: str) -> None:
        self.database = Database.from_url(url, migrates_itself=True)
        self.database.engine()
        self.reads = GuardReads(self.database)
        self.memory = ExactMemory(FileChanges(self.reads))
        self.rows = sqlite3.connect(str(self.database.file), isolation_level=None, check_same_thread=False)
        self.rows.execute("CREATE TABLE elsewhere AS SELECT 0 AS number")
        self.number = 0

    def commit(self) -> None:
        self.number += 1
        self.rows.execute("UPDATE elsewhere SET number = ?", (self.number,))

    def ask(self) -> int:
        """The number as it is remembered, or read and remembered: as the reader of sessions does."""
        known = self.memory.current(0)
        found = known.find(KEY, 0)
        if found is None:
            (number,) = self.rows.execute("SELECT number FROM elsewhere").fetchone()
            found = Presented(Principal(str(number)), "")
            known.keep(KEY, found, until=1)
        return int(found.principal.subject)

    def close(self) -> None:
        self.rows.close()
        self.reads.close()
        self.database.close()


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    made = House(sqlite_url)
    yield made
    made.close()


@contextmanager
def _interrupted(at: int, meanwhile: Callable[[], object]) -> Iterator[list[str]]:
    """Whatever this thread runs of ours is interrupted at that line; the answer is the lines so far."""
    lines, usual = list[str](), sys.gettrace()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event in ("line", "return"):
            lines.append(f"{frame.f_code.co_qualname}:{frame.f_lineno} {event}")
            if len(lines) == at:
                meanwhile()
        return trace

    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(usual)


@pytest.mark.asvs("V15.4.2")
@pytest.mark.parametrize("commits", ["before", "meanwhile"])
def test_a_thread_that_asks_while_another_one_does_believes_nothing_from_before_a_commit(
    house: House, commits: str
) -> None:
    at, stale = 0, list[str]()
    with ThreadPoolExecutor(1) as other:

        def meanwhile() -> None:
            if commits == "meanwhile":
                house.commit()
            for _ in range(2):
                if other.submit(house.ask).result() != house.number:
                    stale.append(lines[-1])

        while True:
            at += 1
            house.commit()
            # Both have a connection that has seen this, and it is remembered.
            for _ in range(2):
                assert other.submit(house.ask).result() == house.ask() == house.number
            house.commit()
            with _interrupted(at, meanwhile) as lines:
                house.ask()
            assert house.ask() == house.number
            assert other.submit(house.ask).result() == house.number
            if len(lines) < at:
                break
    assert stale == []
    assert at > 10
