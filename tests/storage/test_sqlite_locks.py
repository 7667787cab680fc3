"""SQLite's locks on a file belong to the process (POSIX): nothing of ours opens and closes the file beside SQLite."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.kernel.errors import ConfigurationError
from ostiary.storage.engines import prepare_sqlite_file

# Another process: whether it gets the lock of the writer, without waiting.
_TRY = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
    print("got it")
except sqlite3.OperationalError as error:
    print(error)
"""


def _another_process_tries(file: Path) -> str:
    said = subprocess.run([sys.executable, "-c", _TRY, str(file)], capture_output=True, text=True, check=True)
    return said.stdout.strip()


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_preparing_a_file_again_takes_nobody_s_lock_away(tmp_path: Path, journal: str) -> None:
    file = tmp_path / "locked.sqlite3"
    prepare_sqlite_file(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        assert connection.execute(f"PRAGMA journal_mode={journal}").fetchone()[0] == journal
        connection.execute("CREATE TABLE t (a)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (1)")
        assert _another_process_tries(file) == "database is locked"
        # As another thread does that opens the database for the first time.
        prepare_sqlite_file(file)
        assert _another_process_tries(file) == "database is locked"
        connection.execute("COMMIT")
    assert _another_process_tries(file) == "got it"


def test_a_new_file_is_its_owner_s_alone_and_made_without_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, really = list[str](), os.open

    def watched(path: str, flags: int, mode: int = 0o777) -> int:
        opened.append(str(path))
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", watched)
    file = tmp_path / "new" / "private.sqlite3"
    old = os.umask(0)
    try:
        prepare_sqlite_file(file)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # The lock of the switch to the write-ahead log is a file of its own.
    assert opened == [f"{file}.lock"]


def test_where_a_file_cannot_be_made_without_opening_it_it_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "mknod")  # Windows has none
    file = tmp_path / "private.sqlite3"
    prepare_sqlite_file(file)
    prepare_sqlite_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    link, file = tmp_path / "link.sqlite3", tmp_path / "volume" / "private.sqlite3"
    link.symlink_to(file)
    prepare_sqlite_file(link)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert link.is_symlink()


def test_a_folder_that_cannot_be_made_is_a_problem_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, where a folder should be")
    with pytest.raises(ConfigurationError) as caught:
        prepare_sqlite_file(tmp_path / "taken" / "x.sqlite3")
    assert caught.value.problems[0].code == "database_not_writable"
