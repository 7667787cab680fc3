"""Telling the owner: every address that was proven before hears of a change, and no other."""

import pytest
from tests.features.passwords.people import ADA, GOOD, open_people

NEW = "new@example.com"


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        made.accounts.create(email=ADA, password=GOOD)
        yield made


def change(people, verb, *arguments, **named):
    account = people.accounts.find(email=ADA)
    with people.database.write() as tx:
        return getattr(people.accounts, verb)(tx, account.id, *arguments, **named)


@pytest.mark.asvs("V6.3.7")
def test_an_address_that_is_added_is_told_to_the_one_that_was_there(people):
    change(people, "add_identifier", "email", NEW, verified=True)
    assert [(mail.to, "An email address was added" in mail.text) for mail in people.mailbox.sent] == [(ADA, True)]
    assert NEW not in people.mailbox.last(ADA).text


@pytest.mark.asvs("V6.3.7")
def test_an_address_that_is_removed_is_told_too_and_so_is_the_other(people):
    change(people, "add_identifier", "email", NEW, verified=True)
    people.mailbox.clear()
    assert change(people, "remove_identifier", "email", ADA) is True
    assert sorted(mail.to for mail in people.mailbox.sent) == [ADA, NEW]


def test_what_changes_nothing_is_told_to_nobody(people):
    change(people, "add_identifier", "email", ADA.upper())
    assert change(people, "remove_identifier", "email", "other@example.com") is False
    assert not people.mailbox.sent


def test_an_address_that_is_only_claimed_hears_nothing(people):
    change(people, "add_identifier", "email", NEW)
    people.mailbox.clear()
    change(people, "add_identifier", "email", "third@example.com")
    assert {mail.to for mail in people.mailbox.sent} == {ADA}


def test_a_change_that_is_undone_is_told_to_nobody(people):
    account = people.accounts.find(email=ADA)
    with pytest.raises(RuntimeError), people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", NEW)
        raise RuntimeError
    assert not people.mailbox.sent
