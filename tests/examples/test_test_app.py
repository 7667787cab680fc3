"""An application with tests of its own: they pass as its developer runs them, and fail when the application is wrong."""

import os
import shutil
import subprocess
import sys

import pytest
from tests.examples.program import ROOT, length


def _pytest(folder):
    ours = ("OSTIARY_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", "."],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(ROOT / "examples" / "test_app", tmp_path / "test_app")


def test_the_tests_are_as_short_as_their_model():
    assert length("test_app", file="test_app") <= 18


def test_they_pass_as_they_are(folder):
    ran = _pytest(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
    assert not (folder / "instance").exists()


@pytest.mark.parametrize("guard", ['@auth.require(factors=2, fresh="5m")', "@auth.require"])
def test_they_notice_when_the_guard_is_weaker(folder, guard):
    program = folder / "app.py"
    weaker = {"@auth.require": "@auth.require", '@auth.require(factors=2, fresh="5m")': "@auth.require(factors=2)"}[
        guard
    ]
    program.write_text(program.read_text("utf-8").replace('@auth.require(factors=2, fresh="5m")', weaker), "utf-8")
    ran = _pytest(folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "test_transfers_need_a_recent_second_factor" in ran.stdout
