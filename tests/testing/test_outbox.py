"""What an application sent is found at once: by address, with its link."""

import pytest
from tests.testing.teller import bank

from ostiary.testing import PASSWORD, AuthKit


@pytest.fixture
def kit():
    with AuthKit(bank()) as made:
        yield made


def _register(kit, address):
    assert kit.client().post("/auth/register", json={"identifier": address, "password": PASSWORD}).status_code == 202


def test_the_newest_mail_is_found_and_the_newest_to_an_address(kit):
    _register(kit, "ada@example.com")
    _register(kit, "bob@example.com")
    assert kit.outbox.last().to == "bob@example.com"
    mail = kit.outbox.last(to="ada@example.com")
    assert mail.to == "ada@example.com"
    assert mail.link in mail.text
    assert "Confirm" in mail.subject


def test_all_of_them_are_there_in_order(kit):
    assert kit.outbox.all == ()
    _register(kit, "ada@example.com")
    _register(kit, "bob@example.com")
    assert (
        [mail.to for mail in kit.outbox.all]
        == [mail.to for mail in kit.outbox]
        == ["ada@example.com", "bob@example.com"]
    )
    assert len(kit.outbox) == 2
    assert len(kit.outbox.to("ada@example.com")) == 1


def test_a_mail_that_was_not_sent_is_said_with_those_that_were(kit):
    _register(kit, "ada@example.com")
    with pytest.raises(LookupError, match=r"no mail was sent to eve@example\.com; mail was sent to ada@example\.com"):
        kit.outbox.last(to="eve@example.com")


def test_it_can_be_emptied_in_between(kit):
    _register(kit, "ada@example.com")
    kit.outbox.clear()
    assert not kit.outbox.all
