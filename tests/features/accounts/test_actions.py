"""auth.accounts: seeds that run at every start, and what an operator does to an account."""

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from ostiary import Accounts, ConfigurationError, Sessions
from ostiary.features.accounts import AccountState, IdentifierTaken, NoSuchAccount, WrongState
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.flask import Auth
from ostiary.kernel.errors import ValidationFailed
from ostiary.kernel.identifiers import new_id
from ostiary.storage.subjects import read_epoch

NOBODY = new_id(1, b"0123456789")


def epoch(shop, subject):
    with shop.database.read() as connection:
        return read_epoch(connection, subject)


# Seeds


def test_accounts_can_be_made_outside_a_request():
    app = Flask("x")
    app.testing = True
    auth = Auth(app, [Accounts(), Sessions()])
    with app.app_context():
        made = auth.accounts.ensure(email="ada@shop.example")
        assert auth.accounts.find(email="ada@shop.example") == made


def test_without_accounts_the_cure_is_told():
    app = Flask("x")
    app.testing = True
    auth = Auth(app, [Sessions()])
    with app.app_context(), pytest.raises(ConfigurationError, match=r"Accounts\(\)"):
        _ = auth.accounts


def test_a_seed_that_runs_again_finds_what_it_made(accounts, shop):
    first = accounts.ensure(email="ada@shop.example", username="ada")
    assert accounts.ensure(email="ADA@shop.example", username="Ada") == first
    assert accounts.ensure(username="ada") == first
    assert accounts.ensure(email="ada@shop.example", phone="+442079460958") == first
    assert shop.named() == ["registered"]


def test_a_seed_leaves_a_suspended_account_as_it_is(accounts, ada):
    accounts.suspend(ada, reason="fraud")
    assert accounts.ensure(email="ada@shop.example").state is AccountState.SUSPENDED


def test_a_seed_that_names_two_accounts_is_refused(accounts, ada):
    accounts.create(username="bob")
    with pytest.raises(IdentifierTaken):
        accounts.ensure(email="ada@shop.example", username="bob")


def test_a_seed_that_is_malformed_is_refused(accounts):
    with pytest.raises(ValidationFailed):
        accounts.ensure(email="not an address")


def test_an_identifier_that_is_not_on_is_told_with_its_cure(accounts):
    app = Flask("x")
    app.testing = True
    auth = Auth(app, [Accounts(), Sessions()])
    with app.app_context(), pytest.raises(ConfigurationError, match="Accounts\\(identifiers="):
        auth.accounts.create(email="ada@shop.example", username="ada")


# States


@pytest.mark.asvs("V7.4.2")
def test_a_suspension_ends_everything_at_once_and_a_restoration_brings_nothing_back(accounts, ada, shop):
    browser = shop.browser()
    browser.sign_in("ada")
    assert browser.who == ada.id
    assert accounts.suspend(ada, reason="fraud").state is AccountState.SUSPENDED
    assert browser.who == ""
    assert accounts.restore(ada.id).state is AccountState.ACTIVE
    assert browser.who == ""
    browser.sign_in("ada")
    assert browser.who == ada.id
    assert shop.named(ada.id) == [
        "registered",
        "sign_in_succeeded",
        "account_suspended",
        "account_restored",
        "sign_in_succeeded",
    ]


def test_the_reason_is_on_record_and_goes_with_the_suspension(accounts, ada, shop):
    accounts.suspend(ada, reason="fraud, case 7")
    assert shop.audit()[-1][2] == {"reason": "fraud, case 7"}

    def reason():
        with shop.database.read() as connection:
            return connection.execute(select(accounts_table.c.reason)).scalar_one()

    assert reason() == "fraud, case 7"
    accounts.suspend(ada, reason="worse")
    assert reason() == "worse"
    accounts.restore(ada)
    assert reason() is None


@pytest.mark.parametrize("reason", ["", "a\nb", "a\x00b", "x" * 501])
def test_a_reason_is_one_line_of_text(accounts, ada, shop, reason):
    with pytest.raises(ValidationFailed):
        accounts.suspend(ada, reason=reason)
    assert accounts.get(ada.id).state is AccountState.ACTIVE
    assert epoch(shop, ada.id) == 0


def test_an_unverified_account_that_was_suspended_is_unverified_again(accounts):
    made = accounts.create(email="eve@shop.example", verified=False)
    accounts.suspend(made, reason="spam")
    assert accounts.restore(made).state is AccountState.UNVERIFIED


@pytest.mark.asvs("V7.4.2")
def test_a_closed_account_stays_closed_and_its_names_stay_taken(accounts, ada, shop):
    browser = shop.browser()
    browser.sign_in("ada")
    assert accounts.close(ada).state is AccountState.CLOSED
    assert browser.who == ""
    for verb in (lambda: accounts.restore(ada), lambda: accounts.suspend(ada, reason="x")):
        with pytest.raises(WrongState):
            verb()
    with pytest.raises(IdentifierTaken):
        accounts.create(email="ada@shop.example")
    assert accounts.close(ada).state is AccountState.CLOSED
    assert accounts.find(email="ada@shop.example").state is AccountState.CLOSED


def test_what_is_refused_leaves_no_trace(accounts, ada, shop):
    with pytest.raises(WrongState):
        accounts.restore(ada)
    assert shop.named() == ["registered"]


@pytest.mark.parametrize("id", ["", "ada", NOBODY, "x" * 10_000, "\x00", "\ud800", "' OR 1=1 --"])
def test_nobody_cannot_be_suspended(accounts, ada, shop, id):
    for verb in (lambda: accounts.suspend(id, reason="x"), lambda: accounts.restore(id), lambda: accounts.close(id)):
        with pytest.raises(NoSuchAccount):
            verb()
    assert shop.named() == ["registered"]


# In the application's own transaction


@pytest.fixture
def own_engine(database_url) -> Engine:
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("commits", [True, False])
def test_verbs_join_the_transaction_of_the_application(accounts, shop, own_engine, commits):
    shop.database.engine()
    with own_engine.begin() as connection:
        connection.execute(text("CREATE TABLE guests (name TEXT)"))
    with Session(own_engine) as session, shop.app.app_context():
        session.execute(text("INSERT INTO guests VALUES ('ada')"))
        with shop.auth.joining(session):
            made = shop.auth.accounts.create(email="ada@shop.example")
            assert shop.auth.accounts.find(id=made.id) == made
            with pytest.raises(IdentifierTaken):
                shop.auth.accounts.create(email="ada@shop.example")
            assert shop.auth.accounts.ensure(email="ada@shop.example") == made
            shop.auth.accounts.suspend(made, reason="x")
        assert [event.name() for event in shop.events] == []
        session.commit() if commits else session.rollback()
    found = accounts.find(email="ada@shop.example")
    assert (found is not None) is commits
    assert [event.name() for event in shop.events] == (["registered", "account_suspended"] if commits else [])
