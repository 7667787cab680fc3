"""``ostiary --app MODULE:APP``: the same commands as ``flask ostiary``, on the same application."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.shop import KEY

SHOP = """
from flask import Flask
from ostiary import Accounts, Sessions
from ostiary.flask import Auth

def create_app():
    app = Flask("shop")
    Auth(app, [Accounts(identifiers=("username",)), Sessions()])
    return app

app = create_app()
bare = Flask("bare")
number = 7
"""
OSTIARY = str(Path(sys.executable).with_name("ostiary"))


@pytest.fixture
def ostiary(tmp_path, sqlite_url):
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}
    environment |= {"OSTIARY_DATABASE_URL": sqlite_url, "OSTIARY_SECRET_KEY": KEY}

    def run(*words, **names):
        done = {**environment, **{f"OSTIARY_{name}": value for name, value in names.items()}}
        return subprocess.run(
            [OSTIARY, *words], cwd=tmp_path, env=done, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_an_application_or_what_makes_one_is_worked_on_though_it_could_not_serve_yet(ostiary):
    done = ostiary("--app", "shop:app", "check", "--json")
    assert (done.returncode, '"no_public_url"' in done.stdout) == (1, True), done.stderr
    assert ostiary("--app", "shop", "db", "upgrade").returncode == 0
    names = {"PUBLIC_URL": "https://shop.example"}
    done = ostiary("--app", "shop:create_app", "accounts", "create", "--username", "ada", **names)
    assert (done.returncode, " active " in done.stdout) == (0, True), done.stderr
    assert ostiary("--app", "shop:app", "accounts", "find", "ada", **names).returncode == 0
    # What it cannot do while it could not serve is said, problem by problem.
    done = ostiary("--app", "shop:app", "accounts", "find", "ada")
    assert (done.returncode, "OSTIARY_PUBLIC_URL" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere:app", "no module 'nowhere'"),
        ("shop:nothing", "no application with an Auth"),
        ("shop:bare", "no application with an Auth"),
        ("shop:number", "no application with an Auth"),
        (":app", "names no module"),
        ("..:app", "names no module"),
    ],
)
def test_what_is_no_application_is_a_usage_error(ostiary, path, says):
    done = ostiary("--app", path, "check")
    assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_an_application_and_a_database_are_one_too_many(ostiary):
    assert ostiary("--app", "shop:app", "--database", "sqlite:///x", "check").returncode == 2


def test_what_an_application_cannot_import_is_its_own_business(ostiary):
    assert "nothing_of_that_name" in ostiary("--app", "broken:app", "check").stderr
