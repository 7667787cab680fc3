"""``ostiary keys``: what to set to rotate, the developer's key rotated on the spot, and what hangs on an old key."""

import json
import shlex
import stat
import threading

import pytest
from click.testing import CliRunner
from flask import Flask
from tests.shop import KEY

from ostiary import Sessions
from ostiary.cli.main import main
from ostiary.flask import Auth
from ostiary.kernel.key_ring import MINIMUM_LENGTH
from ostiary.runtime.deployment import KEY_FILE, development_keys, rotate_development_key

OLDER = "Older-9f8Hq3Lm2Xc7Vb5Nn1Zz6Kk4Jj0Test"


def run(*words, **environment):
    return CliRunner().invoke(
        main, ["keys", *words], env={f"OSTIARY_{name}": value for name, value in environment.items()}
    )


def lines(text):
    return dict(shlex.split(line)[0].split("=", 1) for line in text.splitlines())


# rotate


@pytest.mark.asvs("V13.3.4")
def test_what_is_to_be_set_is_printed_newest_first_and_nothing_else():
    done = run("rotate", SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=OLDER)
    settings = lines(done.stdout)
    assert list(settings) == ["OSTIARY_SECRET_KEY", "OSTIARY_SECRET_KEY_FALLBACKS"]
    assert settings["OSTIARY_SECRET_KEY_FALLBACKS"] == f"{KEY},{OLDER}"
    assert len(settings["OSTIARY_SECRET_KEY"]) >= MINIMUM_LENGTH
    assert settings["OSTIARY_SECRET_KEY"] not in (KEY, OLDER)
    assert "the environment variable OSTIARY_SECRET_KEY" in done.stderr
    assert KEY not in done.stderr
    assert settings != lines(run("rotate", SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=OLDER).stdout)


def test_programs_get_the_names_and_values():
    done = json.loads(run("rotate", "--json", SECRET_KEY=KEY).stdout)
    assert done["set"]["OSTIARY_SECRET_KEY_FALLBACKS"] == KEY
    assert (done["rotated"], done["replaces"]) == (False, "the environment variable OSTIARY_SECRET_KEY")


def test_a_first_key_has_no_fallback_and_a_key_in_a_file_is_said_to_be_there(tmp_path):
    done = run("rotate")
    assert (list(lines(done.stdout)), "this is the first" in done.stderr) == (["OSTIARY_SECRET_KEY"], True)
    (tmp_path / "key").write_text(KEY)
    assert "write the new one into it" in run("rotate", SECRET_KEY_FILE=str(tmp_path / "key")).stderr
    done = run("rotate", SECRET_KEY_FILE="/nowhere")
    assert (done.exit_code, "OSTIARY_SECRET_KEY cannot be read" in done.stderr) == (1, True)


@pytest.mark.parametrize("key", [f"{KEY},tail", f"{KEY}\n{KEY}"])
def test_an_old_key_that_a_list_of_text_cannot_hold_is_not_torn_apart(key):
    done = run("rotate", SECRET_KEY=key)
    assert (done.exit_code, done.stdout, "app.config" in done.stderr) == (1, "", True)
    assert KEY not in done.stderr


def test_what_a_shell_would_read_is_quoted():
    key = "$(touch x)'\"`; Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"
    assert lines(run("rotate", SECRET_KEY=key).stdout)["OSTIARY_SECRET_KEY_FALLBACKS"] == key


# The key of a developer's machine


@pytest.mark.attack("T15")
def test_the_developers_key_is_rotated_in_its_file_which_only_she_can_read(tmp_path):
    app = Flask("shop", instance_path=str(tmp_path))
    Auth(app, [Sessions()])
    first = development_keys(tmp_path)
    done = app.test_cli_runner().invoke(args=["ostiary", "keys", "rotate"])
    assert (done.exit_code, str(tmp_path / KEY_FILE) in done.output) == (0, True), done.output
    kept = development_keys(tmp_path)
    assert (len(kept), kept[1:]) == (2, first)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert not [key for key in kept if key.reveal() in done.output]
    assert json.loads(app.test_cli_runner().invoke(args=["ostiary", "keys", "rotate", "--json"]).output)["keys"] == 3
    ring = app.extensions["ostiary"].runtime.deployment.key_ring
    assert len(ring) == 3


@pytest.mark.attack("T15")
def test_a_planted_link_is_not_rotated(tmp_path):
    (tmp_path / "planted").write_text(KEY)
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "planted")
    app = Flask("shop", instance_path=str(tmp_path))
    Auth(app, [Sessions()])
    done = app.test_cli_runner().invoke(args=["ostiary", "keys", "rotate"])
    assert (done.exit_code, "is a link" in done.stderr) == (1, True)
    assert (tmp_path / "planted").read_text() == KEY


def test_of_rotations_at_once_none_is_lost_and_the_oldest_keys_are_dropped(tmp_path):
    first = development_keys(tmp_path)[0]
    threads = [threading.Thread(target=rotate_development_key, args=(tmp_path,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = development_keys(tmp_path)
    assert (len(set(kept)), kept[-1]) == (4, first)
    for _ in range(3):
        assert rotate_development_key(tmp_path) == 5
    assert first not in development_keys(tmp_path)


# status


def test_what_older_keys_still_hold_is_counted(office):
    office.create(email="ada@shop.example")
    office.run("accounts", "send-reset", "ada@shop.example")

    def status(**settings):
        office.app.config.update(settings)
        return json.loads(office.run("keys", "status", "--json").output)

    assert status()["sealed"]["one_time_tokens"] == {"newest": 1, "older": 0, "unknown": 0}
    found = status(OSTIARY_SECRET_KEY=OLDER, OSTIARY_SECRET_KEY_FALLBACKS=KEY)
    assert (found["keys"], found["sealed"]["one_time_tokens"]["older"]) == (2, 1)
    assert "The older keys must stay: 1 sealed values" in office.run("keys", "status").output
    assert status(OSTIARY_SECRET_KEY_FALLBACKS="")["sealed"]["one_time_tokens"]["unknown"] == 1
    assert "a key is missing" in office.run("keys", "status").output


def test_without_an_application_the_environment_says_where_to_look(sqlite_url):
    assert run("status").exit_code == 1
    assert CliRunner().invoke(main, ["--database", sqlite_url, "db", "upgrade"]).exit_code == 0
    done = run("status", "--json", SECRET_KEY=KEY, DATABASE_URL=sqlite_url)
    empty = {"newest": 0, "older": 0, "unknown": 0}
    assert json.loads(done.output)["sealed"] == {"mail": empty, "one_time_tokens": empty, "signing_keys": empty}
