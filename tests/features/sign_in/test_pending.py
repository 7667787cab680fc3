"""Pending sign-ins: bound to one subject, spent once, over in ten minutes, and never a session."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.shop import KEY, NOON, PASSWORD, FrozenClock, Shop, open_shop

from ostiary import SignIn
from ostiary.features.sign_in import SignInActions
from ostiary.features.sign_in.pending import PendingSignIn, PendingSignIns
from ostiary.kernel.clock import DAY, MINUTE, SECOND
from ostiary.kernel.factor import Factor
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.ephemeral.statements import ephemeral
from ostiary.storage.ephemeral.store import EphemeralStore

RING = KeyRing([Secret(KEY)])
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
    pending = PendingSignIns(MemoryEphemeralStore(), RING, lifetime=MINUTE)
    handle = pending.keep(ADA, now=NOON)
    assert pending.find(handle, now=NOON) == ADA
    assert pending.spend(handle, now=NOON) == ADA
    assert pending.spend(handle, now=NOON) is None


@pytest.mark.parametrize("remember", [False, True])
def test_the_wish_to_be_remembered_is_kept_as_well(remember) -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), RING, lifetime=MINUTE)
    handle = pending.keep(replace(ADA, remember=remember), now=NOON)
    assert pending.spend(handle, now=NOON).remember is remember


@pytest.mark.parametrize(("later", "found"), [(MINUTE - 1, True), (MINUTE, False), (MINUTE + SECOND, False)])
def test_it_ends_at_the_very_instant(later, found) -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), RING, lifetime=MINUTE)
    handle = pending.keep(ADA, now=NOON)
    assert (pending.spend(handle, now=NOON + later) is not None) is found


@pytest.mark.parametrize("handle", ["", "x", "\ud800", "A" * 43, "pending:", "0" * 100_000])
def test_a_handle_that_is_none_finds_nothing(handle) -> None:
    assert PendingSignIns(MemoryEphemeralStore(), RING, lifetime=MINUTE).spend(handle, now=NOON) is None


@pytest.mark.asvs("V11.5.1")
def test_handles_are_256_random_bits() -> None:
    pending = PendingSignIns(MemoryEphemeralStore(), RING, lifetime=MINUTE)
    handles = {pending.keep(ADA, now=NOON) for _ in range(50)}
    assert len(handles) == 50
    assert {len(handle) for handle in handles} == {43}


@pytest.mark.attack("W1")
@pytest.mark.attack("T12")
def test_the_table_holds_a_digest_of_the_handle_and_plain_json(database_url: str) -> None:
    database = Database.from_url(database_url, migrates_itself=True)
    store = SqlEphemeralStore(database)
    handle = PendingSignIns(store, RING, lifetime=MINUTE).keep(ADA, now=NOON)
    with store._connected() as (connection, _):
        (row,) = connection.execute(select(ephemeral))
    store.close()
    database.close()
    assert handle not in row.key
    assert handle.encode() not in bytes(row.value)
    kept = json.loads(row.value)
    assert (kept["subject"], kept["factors"], kept["epoch"]) == ("ada", f"password@{NOON}", 3)


@pytest.mark.attack("T12")
@pytest.mark.parametrize("stored", [b"\x80\x04]q\x00.", b"!!python/object:x", b"{}", b'{"subject": "ada"}', b"\xff"])
def test_what_somebody_else_wrote_there_is_never_a_sign_in(stored) -> None:
    store = MemoryEphemeralStore()
    key = "pending:" + RING.mac("pending sign-ins", b"handle").hex()
    store.put(key, stored, expires_at=NOON + MINUTE, now=NOON)
    with pytest.raises((ValueError, KeyError)):
        PendingSignIns(store, RING, lifetime=MINUTE).spend("handle", now=NOON)


@pytest.mark.attack("L9")
def test_a_sign_in_begun_in_one_application_is_none_in_another() -> None:
    """Both keep theirs in one Redis, and "ada" is somebody else here than there."""
    store = MemoryEphemeralStore()
    there = PendingSignIns(store, KeyRing([Secret("another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")]), lifetime=MINUTE)
    assert PendingSignIns(store, RING, lifetime=MINUTE).spend(there.keep(ADA, now=NOON), now=NOON) is None


@pytest.mark.redis
def test_two_applications_on_one_redis_share_no_pending_sign_in(redis_url: str, tmp_path, clock: FrozenClock) -> None:
    settings = SignIn(policy=2, vouches=("totp",))
    keys = (KEY, "another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")
    with (
        open_shop(
            f"sqlite:///{tmp_path / 'one'}", clock=clock, sign_in=settings,
            config={"OSTIARY_REDIS_URL": redis_url, "OSTIARY_SECRET_KEY": keys[0]},
        ) as one,
        open_shop(
            f"sqlite:///{tmp_path / 'two'}", clock=clock, sign_in=settings,
            config={"OSTIARY_REDIS_URL": redis_url, "OSTIARY_SECRET_KEY": keys[1]},
        ) as two,
    ):  # fmt: skip
        here, there = one.browser(), two.browser()
        here.sign_in("ada")
        there.set_cookie("ostiary_pending", here.cookie("ostiary_pending"))
        there.vouch("ada", "totp")
        assert (there.who, two.rows()) == ("", [])
        here.vouch("ada", "totp")
        assert here.who == "ada"


# Over HTTP


@pytest.mark.asvs("V6.3.3")
@pytest.mark.asvs("V2.3.1")
@pytest.mark.attack("H19")
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
    assert (browser.cookie(), browser.who, shop.rows()) == (None, "", [])
    assert shop.named() == ["sign_in_incomplete_yet"], "a password that is right and nothing after it is on record"
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
    assert shop.named("ada") == ["sign_in_incomplete_yet", "sign_in_succeeded"]
    assert shop.audit("ada")[-1][2]["methods"] == ["password", "totp"]


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


@pytest.mark.asvs("V6.3.4")
def test_whoever_begins_with_the_second_factor_is_asked_for_her_password(shop: Shop) -> None:
    browser = shop.browser()
    answer = browser.vouch("ada", "totp")
    assert (answer.status_code, answer.json["code"], answer.json["methods"]) == (401, "factor_needed", ["password"])
    assert browser.sign_in().status_code == 200
    assert browser.get("/who").json == {"subject": "ada", "methods": ["password", "totp"]}


@pytest.mark.attack("H1")
def test_a_begun_sign_in_of_hers_that_an_attacker_planted_gives_him_nothing(shop: Shop) -> None:
    """He knows her password, and hopes that she proves the rest of it for him."""
    attacker, victim = shop.browser(), shop.browser()
    attacker.sign_in("ada")
    victim.set_cookie("ostiary_pending", attacker.cookie("ostiary_pending"))
    victim.vouch("ada", "totp")
    assert (attacker.who, victim.who) == ("", "ada")
    assert attacker.vouch("ada", "email").status_code == 401, "what he began is spent"
    assert (attacker.who, len(shop.live("ada"))) == ("", 1)


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
@pytest.mark.attack("S8")
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


@pytest.mark.attack("J14")
def test_no_password_is_kept_between_the_factors(shop: Shop) -> None:
    browser = shop.browser()
    answer = browser.sign_in()
    store = shop.runtime.resources[EphemeralStore]
    with store._connected() as (connection, _):
        kept = [bytes(row.value) for row in connection.execute(select(ephemeral)) if row.value is not None]
    assert any(b"ada" in value for value in kept), "what is kept is looked at"
    assert not [value for value in kept if PASSWORD.encode() in value or b"argon2" in value]
    assert PASSWORD not in "".join(answer.headers.getlist("Set-Cookie"))
    assert browser.cookie("session") is None, "nor is there a session of Flask's"


@pytest.mark.attack("L10")
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


def test_a_password_that_was_changed_in_the_middle_signs_in_with_the_second_factor(shop: Shop) -> None:
    """Everything of hers was ended; the sign-in that she begins anew is not what she began before."""
    browser = shop.browser()
    browser.sign_in()
    shop.suspend("ada")
    assert browser.sign_in().status_code == 401
    assert browser.vouch("ada", "totp").status_code == 200
    assert (browser.who, len(shop.live("ada"))) == ("ada", 1)


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


# What is kept, and what is not


@pytest.mark.attack("H4")
@pytest.mark.attack("S19")
def test_a_session_that_ends_takes_its_proofs_out_of_a_sign_in_that_it_was_part_of(database_url: str) -> None:
    wanted = {"ada": 1}
    settings = SignIn(policy=wanted.__getitem__, vouches=("totp", "verified_passkey"))
    with open_shop(database_url, clock=FrozenClock(), sign_in=settings) as shop:
        browser = shop.browser()
        browser.vouch("ada", "password")
        wanted["ada"] = 3
        assert browser.vouch("ada", "totp").status_code == 401
        with shop.app.app_context():
            assert shop.auth.sessions.end(browser.cookie().partition(".")[0])
        assert browser.vouch("ada", "verified_passkey").status_code == 401
        assert (browser.who, shop.rows()) == ("", [])


def test_as_long_as_the_session_is_there_its_proofs_count_at_every_step(database_url: str) -> None:
    wanted = {"ada": 1}
    settings = SignIn(policy=wanted.__getitem__, vouches=("totp", "verified_passkey"))
    with open_shop(database_url, clock=FrozenClock(), sign_in=settings) as shop:
        browser = shop.browser()
        browser.vouch("ada", "password")
        wanted["ada"] = 3
        assert browser.vouch("ada", "totp").status_code == 401
        assert browser.vouch("ada", "verified_passkey").status_code == 200
        assert browser.get("/who").json["methods"] == ["password", "totp", "verified_passkey"]


def test_a_sign_in_ends_ten_minutes_after_its_first_proof_however_many_follow(sqlite_url: str, clock) -> None:
    settings = SignIn(policy=3, vouches=("totp", "verified_passkey"))
    with open_shop(sqlite_url, clock=clock, sign_in=settings) as shop:
        browser = shop.browser()
        browser.vouch("ada", "totp")
        clock.pass_(9 * MINUTE)
        browser.sign_in()
        clock.pass_(2 * MINUTE)
        assert browser.vouch("ada", "verified_passkey").status_code == 401
        assert (browser.who, shop.rows()) == ("", [])


@pytest.mark.attack("K7")
def test_a_browser_is_known_after_a_sign_in_of_two_steps_by_the_name_she_typed(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in("ada")
    assert browser.cookie("ostiary_device") is None, "one step is no sign-in"
    browser.vouch("ada", "totp")
    assert browser.who == "ada"
    known_devices = shop.runtime.action("sign_in", SignInActions).known_devices
    assert known_devices.recognise(browser.cookie("ostiary_device"), "ada")


@pytest.mark.asvs("V7.3.2")
@pytest.mark.parametrize(("proof", "outlives"), [("totp", False), ("password", True)])
def test_what_a_session_lends_does_not_outlive_it(database_url: str, clock, proof: str, outlives: bool) -> None:
    settings = SignIn(policy=lambda subject: 2 if proof == "totp" else 1, vouches=("totp",))
    with open_shop(database_url, clock=clock, sign_in=settings) as shop:
        browser = shop.browser()
        browser.sign_in("ada")
        browser.vouch("ada", "totp")
        (before,) = shop.rows("ada")
        clock.pass_(DAY)
        if proof == "totp":
            browser.vouch("ada", "totp")
        else:
            browser.sign_in("ada")
        (after,) = shop.rows("ada")
        assert after.id != before.id
        assert after.ends_at == (before.ends_at + DAY if outlives else before.ends_at)
