"""Accounts beside the application's own Flask-SQLAlchemy models: one database, one transaction, both rows or neither."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import select, text
from tests.examples.program import ROOT, confirm, length, load

from ostiary.events import Registered, RegistrationRefused
from ostiary.testing import PASSWORD, AuthKit

REGISTRATION = {"identifier": "ada@example.com", "password": PASSWORD, "display_name": "Ada"}


@pytest.fixture
def module(monkeypatch, database_url):
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", database_url.replace("postgresql://", "postgresql+psycopg://"))
    return load("sqlalchemy", monkeypatch)


@pytest.fixture
def app(module, database_url):
    _flask("ostiary", "db", "upgrade")
    app = module.create_app()
    with app.app_context():
        module.db.create_all()
    yield app
    with app.app_context():
        module.db.session.remove()
        module.db.engine.dispose()


def _flask(*command):
    """``flask …`` as an operator runs it, in the folder of the program."""
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *command],
        cwd=ROOT / "examples" / "sqlalchemy",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        capture_output=True,
        timeout=120,
    )


def _rows(module, app):
    with app.app_context():
        users = list(module.db.session.scalars(select(module.User)))
        accounts = list(module.db.session.execute(text("SELECT id FROM ostiary_accounts")).scalars())
        return {user.id: user.display_name for user in users}, accounts


def test_the_example_is_as_short_as_its_model():
    assert length("sqlalchemy") <= 24


def test_a_registration_makes_both_rows(module, app):
    with AuthKit(app) as kit:
        browser = kit.client()
        assert browser.post("/auth/register", json=REGISTRATION).status_code == 202
        # Nothing is there before the address is proven.
        assert _rows(module, app) == ({}, [])
        assert confirm(kit, browser, "ada@example.com").status_code == 303
        users, accounts = _rows(module, app)
        assert list(users.values()) == ["Ada"]
        assert accounts == list(users)


def test_a_registration_that_fails_makes_neither(module, app):
    refusing = [True]

    def refuse(event, tx):
        tx.session().flush()
        if refusing:
            raise RegistrationRefused("No more, please.", field="display_name")

    module.auth.during(Registered)(refuse)
    with AuthKit(app) as kit:
        browser = kit.client()
        browser.post("/auth/register", json=REGISTRATION)
        refused = confirm(kit, browser, "ada@example.com")
        assert refused.status_code == 422
        assert "No more, please." in refused.text
        assert _rows(module, app) == ({}, [])
        # The link was not used up by it.
        refusing.clear()
        assert confirm(kit, browser, "ada@example.com").status_code == 303
        assert list(_rows(module, app)[0].values()) == ["Ada"]


def test_a_field_that_is_missing_makes_neither(module, app):
    with AuthKit(app) as kit:
        answer = kit.client().post("/auth/register", json={**REGISTRATION, "display_name": ""})
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "display_name")
        assert _rows(module, app) == ({}, [])


def test_the_user_of_a_request_is_the_applications_own(module, app):
    @app.get("/name")
    @module.auth.require
    def name():
        return {"name": module.auth.user.display_name}

    with AuthKit(app) as kit:
        ada = kit.account(email="ada@example.com", fields={"display_name": "Ada"})
        bob = kit.account(email="bob@example.com", fields={"display_name": "Bob"})
        assert kit.client(ada).get("/name").json == {"name": "Ada"}
        assert kit.client(bob).get("/name").json == {"name": "Bob"}
        assert kit.client().get("/name").status_code == 401


def test_an_account_and_a_row_can_be_made_in_the_applications_own_transaction(module, app):
    with AuthKit(app), app.app_context():
        with module.auth.joining(module.db.session):
            module.auth.accounts.create(email="eve@example.com", password=PASSWORD, fields={"display_name": "Eve"})
        module.db.session.rollback()
        assert _rows(module, app) == ({}, [])
        with module.auth.joining(module.db.session):
            module.auth.accounts.create(email="eve@example.com", password=PASSWORD, fields={"display_name": "Eve"})
        module.db.session.commit()
        assert list(_rows(module, app)[0].values()) == ["Eve"]
