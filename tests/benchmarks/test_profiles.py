"""Profiles of the guards: samples are of our functions where those are at work, and the view's where it is."""

import sys
import threading

import pytest

from benchmarks import profiles
from ostiary.standards.strict_json import decode_json

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or threading.current_thread() is not threading.main_thread(), reason="needs SIGPROF"
)


def test_a_sample_belongs_to_the_innermost_function_of_ours() -> None:
    document = b"[" + b"1," * 2_000 + b"1]"
    found = profiles.sample(lambda: decode_json(document), 0.2)
    assert found.total() > 10
    assert found["standards/strict_json.py `decode_json`"] > found.total() / 3


def test_what_is_none_of_ours_is_elsewhere() -> None:
    found = profiles.sample(lambda: sum(range(1_000)), 0.1)
    assert set(found) == {profiles.ELSEWHERE}


def test_every_guard_has_its_table() -> None:
    found = profiles.find(quick=True, tell=lambda _: None)
    assert [table.title for table in found.tables] == [f"Profile: {name}" for name in profiles.GUARDS]
    for table in found.tables:
        assert table.rows[0]["where"] == profiles.ELSEWHERE
        assert sum(float(row["share"].rstrip("%")) for row in table.rows) == pytest.approx(100, abs=1)
        assert any("flask/" in row["where"] or "web/" in row["where"] for row in table.rows)
