"""Finding an account: by exactly what it is, and never an error for what could be none."""

import pytest

from ostiary.features.accounts import NoSuchAccount
from ostiary.kernel.identifiers import new_id

NOBODY = new_id(1, b"0123456789")
ODD = ["", " ", "\x00", "ada\x00", "\ud800", "x" * 10**6, "' OR 1=1 --", "%", "_", "a@b@c", "+", "🦀"]


def test_an_account_is_found_by_whatever_it_is_known_by(accounts, ada):
    assert accounts.find(id=ada.id) == ada
    assert accounts.find(email=" ADA@Shop.example") == ada
    assert accounts.find(username="Ada") == ada
    assert accounts.find_by_identifier("ada") == ada
    assert accounts.find_by_identifier("ada@shop.example") == ada
    assert accounts.get(ada.id) == ada


@pytest.mark.asvs("V1.2.4")
@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_nobody(accounts, ada, odd):
    assert accounts.find(id=odd) is None
    assert accounts.find(email=odd) is None
    assert accounts.find(username=odd) is None
    assert accounts.find(phone=odd) is None
    assert accounts.find_by_identifier(odd) is None
    assert accounts.of_upstream(odd, odd) is None
    with pytest.raises(NoSuchAccount):
        accounts.get(odd)


def test_nobody_is_not_found_and_asking_for_her_is_an_error(accounts):
    assert accounts.find(id=NOBODY) is None
    with pytest.raises(NoSuchAccount) as missing:
        accounts.get(NOBODY)
    assert (missing.value.code, missing.value.status) == ("no_such_account", 404)
    assert isinstance(missing.value, LookupError)


def test_a_lookalike_is_nobody(accounts, ada):
    assert accounts.find(username="\u0430d\u0430".replace("d", "\u0501")) is None


def test_one_question_at_a_time(accounts):
    for asked in ({}, {"email": "a@b.example", "username": "a"}, {"id": NOBODY, "email": "a@b.example"}):
        with pytest.raises(TypeError, match="exactly one"):
            accounts.find(**asked)


def test_of_two_addresses_the_one_that_was_verified_first_is_written_to(accounts, ada, shop, clock):
    with shop.database.write() as tx:
        accounts.add_identifier(tx, ada.id, "email", "aaa@shop.example")
    assert accounts.get(ada.id).email == "ada@shop.example"
    clock.pass_(1000)
    with shop.database.write() as tx:
        accounts.verify(tx, ada.id, "email", "aaa@shop.example")
    assert accounts.get(ada.id).email == "ada@shop.example"
    with shop.database.write() as tx:
        accounts.remove_identifier(tx, ada.id, "email", "ada@shop.example")
    assert accounts.get(ada.id).email == "aaa@shop.example"
