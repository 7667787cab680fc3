"""What an account is known by, changed: identifiers, and identities that other systems vouch for."""

import pytest

from ostiary.features.accounts import AccountState, IdentifierTaken, NoSuchAccount, WrongState
from ostiary.features.accounts.identities import LastIdentifier
from ostiary.kernel.errors import MalformedRequest, ValidationFailed
from ostiary.kernel.identifiers import new_id

NOBODY = new_id(1, b"0123456789")
GOOGLE, OKTA = "https://accounts.google.com", "https://okta.example"


class InTransaction:
    """The verbs, each in a transaction of its own."""

    def __init__(self, shop, accounts):
        self.shop, self.accounts = shop, accounts

    def __getattr__(self, verb):
        def call(*args, **kwargs):
            with self.shop.database.write() as tx:
                return getattr(self.accounts, verb)(tx, *args, **kwargs)

        return call


@pytest.fixture
def verbs(shop, accounts):
    return InTransaction(shop, accounts)


@pytest.fixture
def eve(accounts):
    return accounts.create(email="eve@shop.example", verified=False)


# Verifying


def test_verifying_an_address_makes_the_account_active(accounts, verbs, eve, shop, clock):
    clock.pass_(1000)
    assert verbs.verify(eve.id, "email", "EVE@shop.example") is True
    found = accounts.get(eve.id)
    assert (found.state, found.identifiers[0].verified_at) == (AccountState.ACTIVE, clock.now())
    assert shop.audit()[-1] == ("identifier_verified", eve.id, {"kind": "email"})


def test_verifying_again_changes_nothing(verbs, eve, shop, clock, accounts):
    verbs.verify(eve.id, "email", "eve@shop.example")
    first = accounts.get(eve.id)
    clock.pass_(1000)
    assert verbs.verify(eve.id, "email", "eve@shop.example") is True
    assert accounts.get(eve.id) == first
    assert shop.named() == ["registered", "identifier_verified"]


@pytest.mark.attack("N10")
@pytest.mark.attack("N11")
def test_a_link_verifies_the_address_it_was_sent_to_and_no_other(verbs, eve, accounts, ada):
    assert verbs.verify(eve.id, "email", "other@shop.example") is False
    assert verbs.verify(eve.id, "email", "ada@shop.example") is False
    assert verbs.verify(ada.id, "email", "eve@shop.example") is False
    assert verbs.verify(eve.id, "phone", "eve@shop.example") is False
    assert verbs.verify(NOBODY, "email", "eve@shop.example") is False
    assert verbs.verify(eve.id, "email", "no address") is False
    assert accounts.get(eve.id).state is AccountState.UNVERIFIED


def test_an_address_that_was_removed_meanwhile_is_not_verified(verbs, eve, accounts):
    verbs.add_identifier(eve.id, "email", "new@shop.example")
    verbs.remove_identifier(eve.id, "email", "eve@shop.example")
    assert verbs.verify(eve.id, "email", "eve@shop.example") is False


def test_a_suspended_account_stays_suspended_when_its_address_is_verified(verbs, eve, accounts):
    accounts.suspend(eve, reason="spam")
    assert verbs.verify(eve.id, "email", "eve@shop.example") is True
    assert accounts.get(eve.id).state is AccountState.SUSPENDED
    assert accounts.restore(eve).state is AccountState.ACTIVE


def test_a_closed_account_verifies_nothing(verbs, eve, accounts):
    accounts.close(eve)
    assert verbs.verify(eve.id, "email", "eve@shop.example") is False
    assert accounts.get(eve.id).identifiers[0].verified_at is None


# Adding and removing


def test_an_identifier_is_added_once(verbs, ada, accounts, shop):
    one = verbs.add_identifier(ada.id, "email", "Ada@Work.example")
    assert (one.value, one.verified_at) == ("ada@work.example", None)
    assert verbs.add_identifier(ada.id, "email", "ada@work.example").value == one.value
    assert accounts.find(email="ada@work.example").id == ada.id
    assert shop.named() == ["registered", "identifier_added"]


def test_what_is_taken_or_malformed_is_not_added(verbs, ada, eve, accounts):
    with pytest.raises(IdentifierTaken):
        verbs.add_identifier(ada.id, "email", "EVE@shop.example")
    with pytest.raises(ValidationFailed):
        verbs.add_identifier(ada.id, "email", "no address")
    with pytest.raises(ValidationFailed):
        verbs.add_identifier(ada.id, "email", "")
    with pytest.raises(NoSuchAccount):
        verbs.add_identifier(NOBODY, "email", "new@shop.example")
    accounts.close(eve)
    with pytest.raises(WrongState):
        verbs.add_identifier(eve.id, "email", "new@shop.example")
    assert accounts.find(email="new@shop.example") is None


def test_a_removed_identifier_is_free_again(verbs, ada, accounts, shop):
    assert verbs.remove_identifier(ada.id, "username", "ADA") is True
    assert accounts.find(username="ada") is None
    assert accounts.create(username="ada").id != ada.id
    assert shop.named(ada.id) == ["registered", "identifier_removed"]


@pytest.mark.attack("N22")
def test_the_last_identifier_stays(verbs, ada, accounts):
    verbs.remove_identifier(ada.id, "username", "ada")
    with pytest.raises(LastIdentifier):
        verbs.remove_identifier(ada.id, "email", "ada@shop.example")
    assert accounts.find(email="ada@shop.example").id == ada.id
    verbs.link_upstream(ada.id, GOOGLE, "1")
    assert verbs.remove_identifier(ada.id, "email", "ada@shop.example") is True


def test_nobody_removes_what_is_anothers(verbs, ada, eve, accounts):
    assert verbs.remove_identifier(ada.id, "email", "eve@shop.example") is False
    assert verbs.remove_identifier(ada.id, "email", "no address") is False
    assert accounts.find(email="eve@shop.example").id == eve.id


# Other systems' identities


@pytest.mark.attack("N7")
@pytest.mark.asvs("V6.8.1")
@pytest.mark.asvs("V10.5.2")
def test_the_same_subject_of_two_issuers_is_two_identities(verbs, accounts, ada):
    bob = accounts.create(username="bob")
    verbs.link_upstream(ada.id, GOOGLE, "1")
    assert accounts.of_upstream(OKTA, "1") is None
    verbs.link_upstream(bob.id, OKTA, "1")
    assert accounts.of_upstream(GOOGLE, "1").id == ada.id
    assert accounts.of_upstream(OKTA, "1").id == bob.id


@pytest.mark.attack("N9")
@pytest.mark.parametrize(
    ("one", "other"), [("USER", "user"), ("é", "e\u0301"), ("a", "a "), ("a", "\u0430"), ("01", "1"), ("ß", "ss")]
)
def test_two_subjects_that_differ_in_a_byte_are_two(verbs, accounts, ada, one, other):
    verbs.link_upstream(ada.id, GOOGLE, one)
    assert accounts.of_upstream(GOOGLE, one).id == ada.id
    assert accounts.of_upstream(GOOGLE, other) is None
    assert accounts.of_upstream(GOOGLE.upper(), one) is None


@pytest.mark.attack("N8")
def test_an_identity_is_found_by_its_subject_and_by_nothing_it_says_of_itself(verbs, accounts, ada):
    verbs.link_upstream(ada.id, OKTA, "00u1")
    for changed in ("ada@shop.example", "ada"):
        assert accounts.of_upstream(OKTA, changed) is None


def test_an_identity_stands_for_one_account(verbs, accounts, ada):
    bob = accounts.create(username="bob")
    verbs.link_upstream(ada.id, GOOGLE, "1")
    verbs.link_upstream(ada.id, GOOGLE, "1")
    with pytest.raises(IdentifierTaken):
        verbs.link_upstream(bob.id, GOOGLE, "1")
    assert accounts.of_upstream(GOOGLE, "1").id == ada.id


@pytest.mark.attack("N3")
@pytest.mark.attack("N1")
def test_nothing_is_linked_to_an_account_whose_address_is_only_claimed(verbs, accounts, eve):
    with pytest.raises(WrongState):
        verbs.link_upstream(eve.id, GOOGLE, "1")
    verbs.verify(eve.id, "email", "eve@shop.example")
    assert accounts.of_upstream(GOOGLE, "1") is None


@pytest.mark.parametrize(
    ("issuer", "subject"), [("", "1"), (GOOGLE, ""), (GOOGLE, "a\x00"), (GOOGLE, "x" * 3000), (GOOGLE, "\ud800")]
)
def test_an_identity_that_cannot_be_kept_is_refused(verbs, accounts, ada, issuer, subject):
    with pytest.raises(MalformedRequest):
        verbs.link_upstream(ada.id, issuer, subject)
    assert accounts.of_upstream(issuer, subject) is None
