"""Advice about a deployment: each piece by its code, only where it is due, and each with a cure."""

import pytest
from tests.shop import KEY

from ostiary import Accounts, Passwords, Sessions, SignIn
from ostiary.kernel.settings import Sources
from ostiary.runtime.advice import Situation, advise, database_problems, folder_problems
from ostiary.runtime.assembly import assemble
from ostiary.runtime.deployment import read_deployment
from ostiary.storage import schema
from ostiary.storage.database import Database

PRODUCTION = {
    "SECRET_KEY": KEY,
    "PUBLIC_URL": "https://shop.example",
    "DATABASE_URL": "postgresql://h/shop",
    "MAIL_URL": "smtps://mail.shop.example",
    "MAIL_FROM": "no-reply@shop.example",
}


def told(tmp_path, *features, development=False, shares_key=False, debug=False, database=None, **settings):
    sources = Sources(
        config={}, environment={f"OSTIARY_{name}": value for name, value in {**PRODUCTION, **settings}.items() if value}
    )
    problems = []
    assembly = assemble(features or [Accounts(), Passwords(), Sessions()], sources, problems)
    deployment = read_deployment(
        sources,
        problems,
        development=development,
        testing=True,
        instance_path=tmp_path / "instance",
        sends_mail=bool(assembly.mails()),
    )
    assert problems == []
    if database is None and assembly.stores():
        database = Database.from_url(deployment.database_url.reveal())
    found = advise(
        Situation(assembly=assembly, deployment=deployment, database=database, shares_key=shares_key, debug=debug)
    )
    assert all(one.what and one.cure for one in found)
    assert KEY not in str(found)
    return [one.code for one in found]


def test_the_defaults_on_a_proper_deployment_need_no_advice(tmp_path):
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("features", "settings", "codes"),
    [
        ([], {"DATABASE_URL": "sqlite:////var/shop.sqlite3"}, ["sqlite_in_production"]),
        ([], {"SECRET_KEY_FALLBACKS": "Older-9f8Hq3Lm2Xc7Vb5Nn1Zz6Kk4Jj0Test"}, ["old_keys_accepted"]),
        ([], {"MAIL_WORKER": "none"}, ["mail_is_sent_elsewhere"]),
        ([], {"MAIL_URL": "smtp://relay.shop.example"}, ["mail_without_tls"]),
        ([SignIn()], {}, ["counters_in_memory"]),
        ([SignIn()], {"REDIS_URL": "redis://h"}, []),
        ([Passwords(min_length=8)], {}, ["short_passwords_alone"]),
        ([Passwords(min_length=8), SignIn(policy=2, vouches=("totp",))], {}, []),
        ([Passwords(breaches="off")], {}, ["breaches_off"]),
        ([Accounts(unverified_may_sign_in=True), Passwords()], {}, ["registration_tells"]),
        ([Accounts(unverified_may_sign_in=True, registration="invited"), Passwords()], {}, []),
        ([Passwords(lookup=lambda _name: None, breaches="off")], {"REDIS_URL": "redis://h"}, []),
        ([Sessions(absolute="60d")], {}, ["long_sessions"]),
        ([Sessions(), SignIn(policy=2, vouches=("totp",))], {}, ["long_sessions", "long_sessions"]),
        ([Sessions(absolute="24h", idle="1h"), SignIn(policy=2, vouches=("totp",))], {}, []),
        ([Sessions(cookie_domain="shop.example")], {}, ["cookie_for_subdomains"]),
    ],
)
def test_each_piece_of_advice_is_given_where_it_is_due(tmp_path, features, settings, codes):
    assert told(tmp_path, *features, **settings) == codes


@pytest.mark.asvs("V13.4.2")
def test_a_debugger_and_a_shared_key_are_told(tmp_path):
    assert told(tmp_path, debug=True) == ["debug_on"]
    assert told(tmp_path, shares_key=True) == ["key_is_shared"]


def test_a_developer_is_told_of_her_features_and_not_of_her_machine(tmp_path):
    lax = {"debug": True, "shares_key": True, "DATABASE_URL": "sqlite:////tmp/shop.sqlite3"}
    assert told(tmp_path, development=True, **lax) == []
    assert told(tmp_path, Passwords(breaches="off"), development=True, **lax) == ["breaches_off"]


# The database


def codes(database, *, migrates_itself=False):
    return [one.code for one in database_problems(database, migrates_itself=migrates_itself)]


def test_a_schema_that_is_behind_is_a_problem_unless_it_migrates_itself(database_url):
    database = Database.from_url(database_url)
    assert codes(database) == ["schema_not_current"]
    assert codes(database, migrates_itself=True) == []
    schema.upgrade(database)
    assert codes(database) == []
    database.close()


def test_looking_makes_no_file(tmp_path):
    database = Database.from_url(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    assert (codes(database), codes(database, migrates_itself=True)) == (["schema_not_current"], [])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_and_a_server_that_is_away_are_told(tmp_path):
    (tmp_path / "file").write_text("no database, but long enough to be looked at as one" * 20)
    broken = Database.from_url(f"sqlite:///{tmp_path / 'file'}")
    assert codes(broken) == ["database_away"]
    broken.close()
    away = Database.from_url("postgresql://ada:hunter2@127.0.0.1:1/shop")
    assert "hunter2" not in str(database_problems(away, migrates_itself=False))


# The folder


def test_a_folder_that_is_there_or_could_be_made_is_good(tmp_path):
    assert folder_problems(tmp_path) == folder_problems(tmp_path / "a" / "b") == ()


def test_a_folder_below_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    assert [one.code for one in folder_problems(tmp_path / "file" / "instance")] == ["instance_folder_not_writable"]
