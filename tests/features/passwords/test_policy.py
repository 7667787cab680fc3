"""The policy of new passwords: length and what is guessed first, every reason at once, and nothing about composition."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.passwords.house import open_house

from ostiary import Passwords, SignIn
from ostiary.features.passwords.policy import PasswordPolicy
from ostiary.features.passwords.settings import PasswordsSettings
from ostiary.kernel.errors import Unavailable, ValidationFailed

ALONE = PasswordPolicy(min_length=15, site_words=("shop.example", "Harbourside Bakery"))
BESIDE = PasswordPolicy(min_length=8)
ADA = ("ada.lovelace@mail.example", "ada_l")


def _codes(password: str, policy: PasswordPolicy = ALONE, context=ADA) -> set[str]:
    return {reason.code for reason in policy.check_password(password, context)}


# Length


@pytest.mark.asvs("V6.2.1")
@pytest.mark.must("63B-3.1.1.2-1")
def test_fifteen_characters_are_the_least_alone_and_eight_beside_another_factor() -> None:
    password = "7Rk;wq2Vx!m9Tz4"
    assert _codes(password) == set()
    assert _codes(password[:14]) == {"too_short"}
    assert _codes(password[:8], BESIDE) == set()
    assert _codes(password[:7], BESIDE) == {"too_short"}


@pytest.mark.asvs("V6.2.1")
@pytest.mark.must("63B-3.1.1.2-1")
@pytest.mark.parametrize(
    ("settings", "sign_in", "least"),
    [
        ({}, SignIn(), 15),
        ({}, SignIn(policy=2, vouches=("totp",)), 8),
        ({}, SignIn(policy=lambda _: 2), 15),
        ({"min_length": 15}, SignIn(policy=2, vouches=("totp",)), 15),
        ({"min_length": 10}, SignIn(), 10),
    ],
)
def test_the_least_length_follows_from_the_factors_unless_it_is_said(sqlite_url, settings, sign_in, least) -> None:
    with open_house(sqlite_url, sign_in=sign_in, **settings) as house:
        password = "7Rk;wq2Vx!m9Tz4"
        with pytest.raises(ValidationFailed):
            house.passwords.check_new(password[: least - 1])
        house.passwords.check_new(password[:least])


@pytest.mark.asvs("V6.2.1")
def test_fewer_than_eight_cannot_be_configured() -> None:
    for least in (0, 7, -1, 1_025):
        assert [problem.code for problem in Passwords(min_length=least).problems()] == ["impossible_min_length"]
    assert not list(Passwords(min_length=8).problems())


@pytest.mark.must("63B-3.1.1.2-4")
@pytest.mark.attack("J2")
def test_length_counts_code_points_after_normalising() -> None:
    emoji = "🦊🌵🚲🎻🧊🍉🛶🔭🎈🧵🥨🪁🐙🌋🧭"
    assert len(emoji) == 15
    assert _codes(emoji) == set()
    assert _codes(emoji[:14]) == {"too_short"}
    # Fifteen as they are typed, eight of them letters of their own after NFC.
    decomposed = "a\u0301b\u0323c\u0327d\u0323e\u0301k\u0301l\u0323r"
    assert len(decomposed) == 15
    assert "too_short" in _codes(decomposed)


@pytest.mark.asvs("V6.2.9")
@pytest.mark.attack("J1")
def test_a_long_password_is_taken_up_to_a_bound_and_one_beyond_is_refused_at_once() -> None:
    words = "".join(chr(0x4E00 + 20 * number) for number in range(1_024))
    assert _codes(words) == set()
    assert _codes(words[:64]) == set()
    assert _codes(words + "x") == {"too_long"}
    assert _codes("x" * 10_000_000) == {"too_long"}
    four_bytes = "".join(chr(0x20000 + 37 * number) for number in range(1_025))
    assert _codes(four_bytes) == {"too_long"}
    assert _codes(four_bytes[:64]) == set()


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert _codes("a window over the \ud800 harbour") == {"not_text"}


# No composition


@pytest.mark.asvs("V6.2.5")
@pytest.mark.must("63B-3.1.1.2-5/6")
@given(st.permutations("amz bky7clx#dnw~eov3fpu=gqt&hrs"), st.integers(15, 31))
def test_whatever_is_long_enough_and_follows_no_rule_is_taken(signs: list[str], length: int) -> None:
    assert _codes("".join(signs[:length]), context=()) == set()


@pytest.mark.asvs("V6.2.5")
@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "only small letters here",
        "ONLY CAPITALS ARE HERE",
        "839204716592038",
        "~!#%^&*()_+{}|:<>?",
        "один раз и навсегда",
        "  spaces around it are its own  ",
        "the shop around the corner",
    ],
)
def test_no_class_of_characters_is_asked_for_or_forbidden(password: str) -> None:
    assert _codes(password) == set()


@pytest.mark.asvs("V6.2.5")
@pytest.mark.must("63B-3.1.1.2-7/8")
def test_there_is_no_setting_for_composition_hints_questions_or_age() -> None:
    names = set(inspect.signature(PasswordsSettings).parameters)
    words = ("upper", "digit", "symbol", "class", "hint", "question", "age", "expire", "rotat", "history")
    assert not [name for name in names if any(word in name for word in words)]


# What is guessed first


@pytest.mark.must("63B-3.1.1.2-bl")
@pytest.mark.asvs("V6.2.4")
def test_every_reason_is_told_at_once_with_a_sentence_for_the_person() -> None:
    reasons = ALONE.check_password("shop1234", ("shop1234",))
    assert {reason.code for reason in reasons} == {"too_short", "contains_context"}
    assert {reason.code for reason in ALONE.check_password("12345678")} == {"too_short", "too_common"}
    assert all(reason.field == "password" and reason.message.endswith(".") for reason in reasons)


def test_a_reason_never_holds_the_password() -> None:
    for password in ("hunter2hunter2", "passwordpassword", "ada.lovelace1815"):
        assert password not in repr(ALONE.check_password(password, ADA))


@given(st.text(max_size=1_100), st.lists(st.text(max_size=40), max_size=5))
def test_the_policy_answers_whatever_is_typed(password: str, context: list[str]) -> None:
    assert all(reason.field == "password" for reason in ALONE.check_password(password, context))


# Breaches


class Known:
    """A list of breaches that knows one password, or cannot be reached."""

    def __init__(self, known: str = "", *, away: bool = False) -> None:
        self.known, self.away, self.asked = known, away, []

    def contains(self, password: str) -> bool:
        from ostiary.features.passwords.breaches import BreachesUnreachable

        self.asked.append(password)
        if self.away:
            raise BreachesUnreachable("no network")
        return password == self.known


@pytest.mark.asvs("V6.2.12")
@pytest.mark.attack("J11")
def test_a_breached_password_is_refused_with_that_reason(sqlite_url: str) -> None:
    with open_house(sqlite_url) as house:
        house.passwords._breaches = Known("a window over the harbour")
        with pytest.raises(ValidationFailed) as failed:
            house.passwords.check_new("a window over the harbour")
        assert [error.code for error in failed.value.errors] == ["breached"]


@pytest.mark.asvs("V6.2.12")
def test_a_password_that_is_refused_already_is_asked_about_nowhere(sqlite_url: str) -> None:
    with open_house(sqlite_url) as house:
        house.passwords._breaches = known = Known()
        with pytest.raises(ValidationFailed):
            house.passwords.check_new("passwordpassword")
        assert known.asked == []


@pytest.mark.asvs("V6.2.12")
@pytest.mark.parametrize("required", [False, True])
def test_what_happens_when_breaches_cannot_be_looked_up_is_a_switch(sqlite_url: str, required: bool, caplog) -> None:
    with open_house(sqlite_url, breaches_required=required) as house:
        house.passwords._breaches = Known(away=True)
        if required:
            with pytest.raises(Unavailable):
                house.passwords.check_new("a window over the harbour")
            return
        house.passwords.check_new("a window over the harbour")
    assert "not looked for among breached ones" in caplog.text
    assert "harbour" not in caplog.text
