"""Runs Python in a process of its own, in which nothing says yet that it is a test."""

import os
import subprocess
import sys

from tests.examples.program import ROOT


def run(folder, *command, **settings):
    ours = ("OSTIARY_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), **settings}
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
