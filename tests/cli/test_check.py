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
    found = json.loads(done.stdout)
    assert [one["code"] for one in found if one["severity"] == "problem"] == [
        "no_public_url",
        "no_secret_key",
        "undeclared_view",
    ]
    assert all(one["cure"] for one in found)


@pytest.mark.parametrize("source", [APP, APP.replace("Sessions()]", "Sessions(at_most=0)]")])
def test_an_application_that_cannot_be_constructed_is_told_as_well_and_without_a_traceback(flask_ostiary, source):
    settings = {**GOOD, "SESSIONS_IDLE": "bad"}
    done = flask_ostiary(source, "check", "--json", **settings)
    assert done.returncode == 1, done.stderr
    assert "unreadable_setting" in [one["code"] for one in json.loads(done.stdout)]
    told = flask_ostiary(source, "check", **settings)
    assert "[unreadable_setting] the environment variable OSTIARY_SESSIONS_IDLE" in told.stdout
    assert "Traceback" not in told.stdout + told.stderr


def test_for_people_each_problem_has_its_cure(flask_ostiary):
    done = flask_ostiary(FORGOTTEN, "check", SECRET_KEY=KEY, PUBLIC_URL="https://shop.example", COLOUR="blue")
    assert done.returncode == 1
    assert "'forgotten' says neither" in done.stdout
    assert "OSTIARY_COLOUR is not a setting" in done.stdout
    assert "2 to mend. 1 to consider." in done.stdout


def test_nothing_to_mend_is_exit_code_nought_and_advice_counts_only_if_that_is_said(flask_ostiary):
    done = flask_ostiary(APP, "check", **GOOD)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing to mend. 1 to consider.")
    assert done.stdout.startswith("advice [sqlite_in_production] everything is kept in the file ")
    assert flask_ostiary(APP, "check", "--strict", **GOOD).returncode == 1


def test_a_developer_sees_what_production_would_say(flask_ostiary, tmp_path):
    done = flask_ostiary(APP, "check", "--strict", DEVELOPMENT="1")
    assert (done.returncode, done.stdout) == (0, "Nothing to mend.\n")
    assert "--production" in done.stderr
    done = flask_ostiary(APP, "check", "--production", "--json", DEVELOPMENT="1")
    assert done.returncode == 1
    assert [one["code"] for one in json.loads(done.stdout)] == [
        "no_public_url",
        "no_secret_key",
        "sqlite_in_production",
    ]
    assert not (tmp_path / "instance" / "ostiary.sqlite3").exists()


def test_the_database_is_looked_at_and_a_missing_one_is_not_made(flask_ostiary, tmp_path, sqlite_url):
    def codes(url):
        done = flask_ostiary(APP, "check", "--json", DATABASE_URL=url, **GOOD)
        assert "Traceback" not in done.stderr
        return [one["code"] for one in json.loads(done.stdout) if one["severity"] == "problem"]

    assert codes(sqlite_url) == ["schema_not_current"]
    assert not (tmp_path / "test.sqlite3").exists()
    assert flask_ostiary(APP, "db", "upgrade", DATABASE_URL=sqlite_url, **GOOD).returncode == 0
    assert codes(sqlite_url) == []
    assert codes("postgresql://ada:hunter2@127.0.0.1:1/shop") == ["database_away"]


@pytest.mark.parametrize("flag", ["--json", "--production"])
def test_a_folder_that_nothing_can_be_written_into_is_a_problem_and_no_traceback(flask_ostiary, tmp_path, flag):
    (tmp_path / "instance").write_text("no folder")
    done = flask_ostiary(APP, "check", flag, DEVELOPMENT="1")
    assert done.returncode == 1
    assert "instance_folder_not_writable" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_frameworks_own_key_must_be_another(flask_ostiary):
    source = APP + f"\napp.secret_key = {KEY!r}\n"
    done = flask_ostiary(source, "check", "--json", **GOOD)
    assert "key_is_shared" in [one["code"] for one in json.loads(done.stdout)]
    assert KEY not in done.stdout + done.stderr


def test_a_database_is_upgraded_also_while_something_else_is_still_to_be_mended(flask_ostiary, sqlite_url):
    done = flask_ostiary(APP, "db", "upgrade", DATABASE_URL=sqlite_url)
    assert done.returncode == 0, done.stderr
    assert "Upgraded from nothing" in done.stdout
    assert "Warning: OSTIARY_SECRET_KEY is not set" in done.stderr
    assert "Up to date" in flask_ostiary(APP, "db", "upgrade", DATABASE_URL=sqlite_url, **GOOD).stdout
