"""``flask ostiary check``, as a shell runs it: every problem of a start in production, exit code and all."""

import json
import os
import subprocess
import sys

import pytest
from tests.shop import KEY

APP = """
from flask import Flask
from ostiary import Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Sessions()], closed=True)

@app.get("/kept")
@auth.require
def kept():
    return "kept"
"""
FORGOTTEN = APP + '\n@app.get("/forgotten")\ndef forgotten():\n    return "open"\n'


@pytest.fixture
def flask_ostiary(tmp_path):
    def run(source, *words, **names):
        (tmp_path / "shop.py").write_text(source)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}
        environment |= {f"OSTIARY_{name}": value for name, value in names.items()}
        command = [sys.executable, "-m", "flask", "--app", "shop", "ostiary", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run


GOOD = {"SECRET_KEY": KEY, "PUBLIC_URL": "https://shop.example"}


@pytest.mark.asvs("V13.2.3")
def test_every_problem_is_told_at_once_and_the_exit_code_says_so(flask_ostiary):
    done = flask_ostiary(FORGOTTEN, "check", "--json")
    assert done.returncode == 1, done.stderr
    problems = json.loads(done.stdout)
    assert [problem["code"] for problem in problems] == ["no_public_url", "no_secret_key", "undeclared_view"]
    assert all(problem["cure"] for problem in problems)


def test_for_people_each_problem_has_its_cure(flask_ostiary):
    done = flask_ostiary(FORGOTTEN, "check", SECRET_KEY=KEY, PUBLIC_URL="https://shop.example", COLOUR="blue")
    assert done.returncode == 1
    assert "'forgotten' says neither" in done.stdout
    assert "OSTIARY_COLOUR is not a setting" in done.stdout
    assert "2 to mend." in done.stdout


def test_nothing_to_mend_is_exit_code_nought(flask_ostiary):
    done = flask_ostiary(APP, "check", **GOOD)
    assert (done.returncode, done.stdout) == (0, "Nothing to mend.\n")


def test_a_database_is_upgraded_also_while_something_else_is_still_to_be_mended(flask_ostiary, sqlite_url):
    done = flask_ostiary(APP, "db", "upgrade", DATABASE_URL=sqlite_url)
    assert done.returncode == 0, done.stderr
    assert "Upgraded from nothing" in done.stdout
    assert "Warning: OSTIARY_SECRET_KEY is not set" in done.stderr
    assert "Up to date" in flask_ostiary(APP, "db", "upgrade", DATABASE_URL=sqlite_url, **GOOD).stdout
