"""Settings of sign-in: what they mean, and what could sign nobody in or everybody."""

import pytest
from flask import Flask
from tests.shop import FrozenClock, open_shop

from ostiary import ConfigurationError, Sessions, SignIn
from ostiary.flask import Auth
from ostiary.kernel.limit import parse_limit

LIMITS = ("network_limit", "account_limit", "nearby_limit", "device_limit")


def _codes(settings: SignIn) -> list[str]:
    return [problem.code for problem in settings.problems()]


def test_the_default_settings_have_no_problem() -> None:
    assert _codes(SignIn()) == []


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(
    "text", ["", "0/5m", "-1/5m", "10", "10/", "ten/5m", "10/0", "1.5/5m", "9999999/1s", "10/5m/5m"]
)
def test_a_limit_that_cannot_be_read_is_a_problem_and_never_no_limit(name: str, text: str) -> None:
    assert _codes(SignIn(**{name: text})) == ["unreadable_limit"]
    with pytest.raises(ConfigurationError):
        Auth(Flask("shop"), [Sessions(), SignIn(**{name: text})])


@pytest.mark.asvs("V6.3.1")
def test_the_limits_are_tighter_the_less_is_known_of_the_guesser() -> None:
    settings = SignIn()
    a_day = {name: 86_400_000 // parse_limit(name, getattr(settings, name)).cost for name in LIMITS}
    assert a_day["account_limit"] == 480
    assert a_day["account_limit"] < a_day["nearby_limit"] <= a_day["device_limit"] < a_day["network_limit"]


@pytest.mark.parametrize(
    ("policy", "codes"), [(1, []), (2, []), (3, []), (0, ["impossible_policy"]), (4, ["impossible_policy"])]
)
def test_a_policy_asks_for_a_number_of_factors_that_exists(policy: int, codes: list[str]) -> None:
    assert _codes(SignIn(policy=policy)) == codes


@pytest.mark.must("63B-3.2.2")
@pytest.mark.parametrize(
    ("failures", "codes"), [(1, []), (100, []), (0, ["impossible_failures"]), (101, ["impossible_failures"])]
)
def test_no_more_than_a_hundred_failures_in_a_row(failures: int, codes: list[str]) -> None:
    assert _codes(SignIn(failures=failures)) == codes


def test_an_application_vouches_only_for_proofs_that_exist() -> None:
    assert _codes(SignIn(vouches=("totp", "blood"))) == ["unknown_proof"]


@pytest.mark.asvs("V6.3.4")
def test_a_policy_may_look_at_who_it_is(sqlite_url: str) -> None:
    settings = SignIn(policy=lambda subject: 2 if subject == "ada" else 1, vouches=("totp",))
    with open_shop(sqlite_url, sign_in=settings, clock=FrozenClock()) as shop:
        ada, bob = shop.browser(), shop.browser()
        ada.sign_in("ada")
        bob.sign_in("bob")
        assert (ada.who, bob.who) == ("", "bob")
        ada.vouch("ada", "totp")
        assert ada.who == "ada"


@pytest.mark.asvs("V16.5.3")
@pytest.mark.parametrize("answer", [None, "two", LookupError])
def test_a_policy_that_fails_signs_nobody_in(sqlite_url: str, answer) -> None:
    def policy(_: str):
        if answer is LookupError:
            raise LookupError
        return answer

    with open_shop(sqlite_url, sign_in=SignIn(policy=policy), clock=FrozenClock()) as shop:
        browser = shop.browser()
        assert browser.sign_in().status_code == 500
        assert (browser.cookie(), browser.who, shop.rows(), shop.audit()) == (None, "", [], [])


@pytest.mark.parametrize("answer", [0, -1, False])
def test_a_policy_cannot_ask_for_less_than_one_factor(sqlite_url: str, answer) -> None:
    with open_shop(sqlite_url, sign_in=SignIn(policy=lambda _: answer), clock=FrozenClock()) as shop:
        browser = shop.browser()
        browser.vouch("ada", "remember")
        assert (browser.who, shop.rows()) == ("", [])
        browser.sign_in()
        assert browser.who == "ada"


def test_a_remembered_browser_alone_signs_nobody_in(sqlite_url: str) -> None:
    with open_shop(sqlite_url, clock=FrozenClock()) as shop:
        browser = shop.browser()
        assert browser.vouch("ada", "remember").status_code == 401
        assert shop.rows() == []
