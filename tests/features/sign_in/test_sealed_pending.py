"""Pending sign-ins without a database: the handle says it all, sealed, to any worker that has the secret key."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shop import KEY, NOON, PASSWORD
from tests.token_shop import open_token_shop

from ostiary import SignIn, Tokens
from ostiary.features.sign_in import SignInActions, SignInMethods
from ostiary.features.sign_in.pending import PendingSignIn, PendingSignIns
from ostiary.features.sign_in.sealed_pending import LONGEST_HANDLE, SealedPendingSignIns
from ostiary.kernel.clock import MINUTE, SECOND
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore

RING = KeyRing([Secret(KEY)])
OTHER = KeyRing([Secret("another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")])
ADA = PendingSignIn(subject="ada", factors=(Factor("password", at=NOON),), epoch=3, guessed="ada@shop.example")
WISH = {"scope": ["order:read"], "claims": {"plan": "pro"}}


def worker(ring=RING) -> SealedPendingSignIns:
    """One process's."""
    return SealedPendingSignIns(MemoryEphemeralStore(), ring, lifetime=10 * MINUTE)


@pytest.mark.parametrize(
    "pending", [ADA, replace(ADA, remember=True), replace(ADA, tokens=WISH), replace(ADA, tokens={})]
)
def test_what_one_worker_keeps_another_takes_as_it_was(pending) -> None:
    handle = worker().keep(pending, now=NOON)
    other = worker()
    assert other.find(handle, now=NOON) == pending
    assert other.spend(handle, now=NOON) == pending


def test_it_is_spent_once_in_a_process_whoever_comes_at_once() -> None:
    here = worker()
    handle = here.keep(ADA, now=NOON)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: here.spend(handle, now=NOON), range(16)))
    assert [one for one in found if one is not None] == [ADA]
    assert here.find(handle, now=NOON) is None


@pytest.mark.attack("L8")
def test_no_other_spelling_of_a_handle_spends_it_again() -> None:
    here = worker()
    handle = here.keep(ADA, now=NOON)
    assert here.spend(handle, now=NOON) == ADA
    spellings = [
        handle + "=",
        handle + "==",
        handle[:-1] + chr(ord(handle[-1]) ^ 1),
        handle + "\n",
        " " + handle,
        handle + "A",
    ]
    assert [here.spend(one, now=NOON) for one in spellings] == [None] * len(spellings)


@pytest.mark.parametrize(
    ("later", "found"), [(10 * MINUTE - 1, True), (10 * MINUTE, False), (10 * MINUTE + SECOND, False)]
)
def test_it_ends_after_the_first_proof_in_it_however_many_follow(later, found) -> None:
    further = replace(ADA, factors=(Factor("password", at=NOON), Factor("email", at=NOON + 5 * MINUTE)))
    handle = worker().keep(further, now=NOON + 5 * MINUTE)
    assert (worker().spend(handle, now=NOON + later) is not None) is found


@pytest.mark.attack("L9")
def test_a_sign_in_begun_in_one_application_is_none_in_another() -> None:
    assert worker(OTHER).find(worker().keep(ADA, now=NOON), now=NOON) is None


@pytest.mark.asvs("V11.3.2")
def test_its_holder_reads_nothing_and_changes_nothing() -> None:
    handle = worker().keep(ADA, now=NOON)
    sealed = urlsafe_b64decode(handle + "=" * (-len(handle) % 4))
    assert b"ada" not in sealed
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        assert worker().find(urlsafe_b64encode(damaged).rstrip(b"=").decode(), now=NOON) is None


def test_what_is_sealed_for_another_purpose_is_no_sign_in() -> None:
    fields = {"subject": "ada", "factors": "", "epoch": 0, "remember": False, "guessed": None, "ends_at": NOON * 2}
    sealed = RING.seal("pending sign-ins", json.dumps(fields).encode(), bound_to="handle")
    assert worker().find(urlsafe_b64encode(sealed).rstrip(b"=").decode(), now=NOON) is None


@given(st.text() | st.sampled_from(["A" * LONGEST_HANDLE, "A" * 100_000, "\ud800", "=", "a.b"]))
def test_a_handle_that_is_none_finds_nothing(text) -> None:
    assert worker().spend(text, now=NOON) is None


# In applications


class Totp:
    """A second method: six digits, which the test knows."""

    kind = "totp"
    fields = ()

    def prove(self, call):
        from ostiary.kernel.clock import Clock

        return Evidence("ada", Factor("totp", at=call.resources[Clock].now()))


def workers(**kwargs):
    tokens = Tokens(stateless=True, secret="0123456789abcdefghijklmnopqrstuvwxyz", **kwargs)
    made = open_token_shop(None, tokens=tokens, sign_in=SignIn(policy=2, vouches=("totp",)))
    shop = made.__enter__()
    shop.runtime.resources[SignInMethods].forms.append(Totp())
    return shop


def test_two_factors_at_two_workers_without_a_database() -> None:
    first, second = workers(), workers()
    begun = first.token()
    assert (begun.status_code, begun.json["code"]) == (401, "factor_needed")
    answer = second.token(handle=begun.json["handle"], method="totp", code="1")
    assert answer.status_code == 200
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert first.app.test_client().get("/account", headers=bearer).json == {"subject": "ada"}
    again = second.token(handle=begun.json["handle"], method="totp", code="1")
    assert (again.status_code, again.json["code"]) == (401, "factor_needed")


def test_a_browser_s_two_factors_at_two_workers_without_a_database() -> None:
    first, second = workers(cookies=True), workers(cookies=True)
    browser, there = first.browser(), second.browser()
    assert browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD}).status_code == 401
    there.set_cookie("ostiary_pending", browser.cookie("ostiary_pending"))
    assert there.post("/auth/sign-in", json={"method": "totp", "code": "1"}).status_code == 200
    assert there.get("/account").json == {"subject": "ada"}


def test_where_something_is_shared_the_handle_says_nothing(database_url) -> None:
    with open_token_shop(database_url) as shop:
        pending = shop.runtime.action("sign_in", SignInActions).pending
        assert isinstance(pending, PendingSignIns)
        assert len(pending.keep(ADA, now=NOON)) == 43
