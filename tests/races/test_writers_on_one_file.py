"""Races: processes and threads that sign in, refresh and sign out on one SQLite file; nobody finds it locked, nothing is lost."""

import pytest

from benchmarks.writers import together


@pytest.mark.asvs("V15.4.2")
def test_writers_of_two_processes_lose_nothing_and_never_find_the_file_locked(tmp_path) -> None:
    told = together(tmp_path, processes=2, threads=4, seconds=1)
    times = {
        what: told[what] for what in ("sign-in 200", "refresh", "seen 200", "token 200", "sign-out 204", "after it 401")
    }
    assert set(told) == set(times), told
    assert len(set(times.values())) == 1, "every sign-in was seen, renewed, and ended"
    assert told["sign-in 200"] >= 8
