"""Pending sign-ins: bound to one subject, spent once, over in ten minutes, and never a session."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.shop import NOON, FrozenClock, Shop, open_shop

from ostiary import SignIn
from ostiary.features.sign_in.pending import PendingSignIn, PendingSignIns
from ostiary.kernel.clock import MINUTE, SECOND
from ostiary.kernel.factor import Factor
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.ephemeral.statements import ephemeral

ADA = PendingSignIn(subject="ada", factors=(Factor("password", at=NOON),), epoch=3)


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def shop(database_url, clock):
    with open_shop(database_url, clock=clock, sign_in=SignIn(policy=2, vouches=("totp", "email"))) as made:
        yield made


# The value


def test_what_is_kept_comes_back_as_it_was_and_once() -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), lifetime=MINUTE)
    handle = pending.keep(ADA, now=NOON)
    assert pending.find(handle, now=NOON) == ADA
    assert pending.spend(handle, now=NOON) == ADA
    assert pending.spend(handle, now=NOON) is None


@pytest.mark.parametrize(("later", "found"), [(MINUTE - 1, True), (MINUTE, False), (MINUTE + SECOND, False)])
def test_it_ends_at_the_very_instant(later, found) -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), lifetime=MINUTE)
    handle = pending.keep(ADA, now=NOON)
    assert (pending.spend(handle, now=NOON + later) is not None) is found


@pytest.mark.parametrize("handle", ["", "x", "\ud800", "A" * 43, "pending:", "0" * 100_000])
def test_a_handle_that_is_none_finds_nothing(handle) -> None:
    assert PendingSignIns(MemoryEphemeralStore(), lifetime=MINUTE).spend(handle, now=NOON) is None


@pytest.mark.asvs("V11.5.1")
def test_handles_are_256_random_bits() -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), lifetime=MINUTE)
    handles = {pending.keep(ADA, now=NOON) for _ in range(50)}
    assert len(handles) == 50
    assert {len(handle) for handle in handles} == {43}


@pytest.mark.attack("W1")
@pytest.mark.attack("T12")
def test_the_table_holds_a_digest_of_the_handle_and_plain_json(database_url: str) -> None:
    database = Database.from_url(database_url, migrates_itself=True)
    store = SqlEphemeralStore(database)
    handle = PendingSignIns(store, lifetime=MINUTE).keep(ADA, now=NOON)
    with store._connected() as (connection, _):
        (row,) = connection.execute(select(ephemeral))
    store.close()
    database.close()
    assert handle not in row.key
    assert handle.encode() not in bytes(row.value)
    assert json.loads(row.value) == {"subject": "ada", "factors": f"password@{NOON}", "epoch": 3}


@pytest.mark.attack("T12")
@pytest.mark.parametrize("stored", [b"\x80\x04]q\x00.", b"!!python/object:x", b"{}", b'{"subject": "ada"}', b"\xff"])
def test_what_somebody_else_wrote_there_is_never_a_sign_in(stored) -> None:
    import hashlib

    store = MemoryEphemeralStore()
    store.put("pending:" + hashlib.sha256(b"handle").hexdigest(), stored, expires_at=NOON + MINUTE, now=NOON)
    with pytest.raises((ValueError, KeyError)):
        PendingSignIns(store, lifetime=MINUTE).spend("handle", now=NOON)


# Over HTTP


@pytest.mark.asvs("V2.3.1")
@pytest.mark.attack("L8")
def test_one_factor_of_two_opens_nothing(shop: Shop) -> None:
    browser = shop.browser()
    answer = browser.sign_in()
    assert (answer.status_code, answer.json["code"], answer.json["methods"]) == (
        401,
        "factor_needed",
        ["email", "totp"],
    )
    assert browser.cookie("ostiary_pending")
    assert (browser.cookie(), browser.who, shop.rows(), shop.audit()) == (None, "", [], [])
    assert browser.get("/account").status_code == 401
    assert browser.get("/auth/sessions").status_code == 401
    assert browser.post("/note").status_code == 401
    assert [event.name() for event in shop.events][:1] == ["sign_in_incomplete_yet"]
    assert browser.get("/token").status_code == 200


@pytest.mark.attack("L8")
@pytest.mark.parametrize("stem", ["ostiary_session", "ostiary_csrf", "ostiary_device"])
def test_the_handle_of_a_pending_sign_in_is_no_other_cookie(shop: Shop, stem: str) -> None:
    browser, other = shop.browser(), shop.browser()
    browser.sign_in()
    other.set_cookie(stem, browser.cookie("ostiary_pending"))
    assert other.get("/account").status_code == 401


@pytest.mark.asvs("V2.3.1")
def test_the_second_factor_completes_it(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.vouch("ada", "totp").status_code == 200
    assert browser.get("/who").json == {"subject": "ada", "methods": ["password", "totp"]}
    assert browser.cookie("ostiary_pending") is None
    assert shop.named("ada") == ["sign_in_succeeded"]
    assert shop.audit("ada")[0][2]["methods"] == ["password", "totp"]


@pytest.mark.asvs("V2.3.1")
@pytest.mark.attack("L8")
@pytest.mark.parametrize("proof", ["app", "password"])
def test_the_same_factor_twice_is_still_one(shop: Shop, proof: str) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.vouch("ada", proof).status_code == 401
    assert (browser.who, shop.rows()) == ("", [])


@pytest.mark.attack("L9")
@pytest.mark.parametrize(("first", "second"), [("ada", "bob"), ("bob", "ada")])
def test_what_one_began_nobody_else_finishes(shop: Shop, first: str, second: str) -> None:
    browser = shop.browser()
    browser.sign_in(first)
    answer = browser.vouch(second, "totp")
    assert answer.status_code == 401
    assert (browser.cookie(), shop.rows()) == (None, [])
    assert browser.vouch(first, "totp").status_code == 401, "what was begun is spent"
    assert shop.rows() == []


@pytest.mark.attack("L9")
def test_a_pending_sign_in_that_an_attacker_planted_helps_nobody(shop: Shop) -> None:
    attacker, victim = shop.browser(), shop.browser()
    attacker.sign_in("bob")
    planted = attacker.cookie("ostiary_pending")
    victim.set_cookie("ostiary_pending", planted)
    victim.sign_in("ada")
    assert victim.cookie("ostiary_pending") != planted
    victim.vouch("ada", "totp")
    assert victim.who == "ada"
    attacker.vouch("bob", "totp")
    assert (attacker.who, len(shop.live("ada"))) == ("", 1)


@pytest.mark.asvs("V2.3.1")
def test_the_second_factor_alone_is_one_factor(shop: Shop) -> None:
    browser = shop.browser()
    assert browser.vouch("ada", "totp").status_code == 401
    assert shop.rows() == []


@pytest.mark.asvs("V2.3.4")
@pytest.mark.attack("L8")
def test_a_pending_sign_in_is_spent_once(shop: Shop) -> None:
    browser, copy = shop.browser(), shop.browser()
    browser.sign_in()
    copy.set_cookie("ostiary_pending", browser.cookie("ostiary_pending"))
    browser.vouch("ada", "totp")
    copy.vouch("ada", "totp")
    assert (browser.who, copy.who, len(shop.rows())) == ("ada", "", 1)


@pytest.mark.asvs("V2.3.4")
@pytest.mark.asvs("V15.4.2")
def test_of_eight_that_finish_it_at_once_one_is_signed_in(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    handle = browser.cookie("ostiary_pending")

    def finish(_: int) -> str:
        one = shop.browser()
        one.set_cookie("ostiary_pending", handle)
        one.vouch("ada", "totp")
        return one.who

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(finish, range(8))) == [""] * 7 + ["ada"]
    assert len(shop.rows()) == 1


@pytest.mark.parametrize(("later", "who"), [(10 * MINUTE - 1, "ada"), (10 * MINUTE, "")])
def test_ten_minutes_after_the_first_proof_it_is_over(shop: Shop, clock: FrozenClock, later: int, who: str) -> None:
    browser = shop.browser()
    browser.sign_in()
    clock.pass_(later)
    browser.vouch("ada", "totp")
    assert browser.who == who


@pytest.mark.asvs("V7.4.2")
@pytest.mark.attack("S18")
def test_a_suspension_between_the_factors_ends_what_comes_of_them(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    shop.suspend("ada")
    browser.vouch("ada", "totp")
    assert (browser.who, shop.live("ada")) == ("", [])


@pytest.mark.attack("S18")
def test_a_suspension_while_a_factor_is_added_to_a_session_ends_what_comes_of_it(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    browser.vouch("ada", "totp")
    assert browser.who == "ada"

    from ostiary.kernel.factor import Evidence

    way_in = shop.app.extensions["ostiary"].way_in
    with shop.app.test_request_context(headers={"Cookie": f"ostiary_session={browser.cookie()}"}):
        present = shop.auth.principal
        shop.suspend("ada")
        fresh = Evidence("ada", Factor("email", at=NOON))
        way_in.enter(fresh, present=present, pending=None)
    assert shop.live("ada") == []
