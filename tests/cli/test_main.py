"""The ``ostiary`` command: which database it works on, and what it says where there is none."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ostiary.cli.main import COMMANDS, main

OPERATE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "operate.md"


def run(*words, **environment):
    return CliRunner().invoke(main, list(words), env={f"OSTIARY_{name}": value for name, value in environment.items()})


def test_it_lists_what_there_is():
    done = run("--help")
    assert done.exit_code == 0
    for command in ("accounts", "audit", "check", "db", "forgive", "keys", "mail", "sessions", "templates"):
        assert command in done.output


def _leaves(command, *words):
    if isinstance(command, click.Group):
        return [leaf for name, one in command.commands.items() for leaf in _leaves(one, *words, name)]
    return [pytest.param(words, command, id=" ".join(words))]


@pytest.mark.parametrize(("words", "command"), _leaves(main))
def test_every_command_has_help_an_example_and_json_and_stands_in_the_page_for_operators(words, command):
    text = " ".join(run(*words, "--help").output.split())
    assert f"ostiary {' '.join(words)}" in text.partition("Example: ")[2]
    assert "--json" in text
    assert f"flask ostiary {' '.join(words)}" in OPERATE.read_text("utf-8")
    assert {command.name for command in COMMANDS} == set(main.commands)


def test_the_database_is_an_option_or_the_environment_s_or_a_file_s(sqlite_url, tmp_path):
    assert run("--database", sqlite_url, "db", "upgrade").exit_code == 0
    assert "Up to date" in run("db", "upgrade", DATABASE_URL=sqlite_url).output
    (tmp_path / "url").write_text(sqlite_url)
    assert "Up to date" in run("db", "upgrade", DATABASE_URL_FILE=str(tmp_path / "url")).output


@pytest.mark.asvs("V16.5.1")
@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        (["db", "status"], {}, "set OSTIARY_DATABASE_URL"),
        (["--database", "mysql://u:hunter2@h/n", "db", "status"], {}, "mysql"),
        (["--database", "no url with hunter2", "db", "status"], {}, "cannot be read"),
        (["audit"], {"DATABASE_URL_FILE": "/nowhere/hunter2"}, "cannot be read"),
        (["check"], {}, "flask ostiary check"),
        (["sessions", "end", "ada"], {}, "flask ostiary sessions"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback_and_without_a_secret(words, environment, says):
    done = run(*words, **environment)
    assert done.exit_code == 1
    assert says in done.output
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "hunter2" not in done.output.replace("/nowhere/hunter2", "")


def test_saying_what_there_is_loads_no_database():
    code = (
        "import sys; from click.testing import CliRunner; from ostiary.cli.main import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not {"sqlalchemy", "alembic", "flask"} & set(done.stdout.split())
