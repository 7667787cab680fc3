"""Fixtures for storage: a database on each kind, and processes that race."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from ostiary.storage.database import Database

# Runs in a fresh interpreter without threads, so that it may fork. Each child waits until all are there.
_FARM = """
import json, os, sys
source, count, arguments = json.load(sys.stdin)
space = {}
exec(source, space)
gate_read, gate_write = os.pipe()
children = []
for number in range(count):
    answer_read, answer_write = os.pipe()
    if os.fork() == 0:
        os.close(gate_write)
        os.read(gate_read, 1)
        with os.fdopen(answer_write, "w") as answer:
            json.dump(space["child"](number, *arguments), answer)
            answer.flush()
        os._exit(0)
    os.close(answer_write)
    children.append(answer_read)
os.close(gate_write)
answers = []
for child in children:
    with os.fdopen(child) as answer:
        answers.append(json.loads(answer.read() or '"died"'))
print(json.dumps(answers))
"""

Race = Callable[..., list[object]]


@pytest.fixture
def race() -> Race:
    """``race(source, count, *arguments)``: what ``child(number, *arguments)`` of the source answers, in each process."""

    def run(source: str, count: int, *arguments: object) -> list[object]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        finished = subprocess.run(
            [sys.executable, "-c", _FARM],
            input=json.dumps([source, count, arguments]),
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        answers: list[object] = json.loads(finished.stdout)
        assert "died" not in answers, finished.stderr
        return answers

    return run


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database that migrates itself, once on SQLite and once on PostgreSQL."""
    made = Database.from_url(database_url, migrates_itself=True)
    yield made
    made.close()
