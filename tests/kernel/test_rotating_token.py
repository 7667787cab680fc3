"""Rotating tokens: what is a token, what presenting one comes to, and what a reader of the row cannot do."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.shop import KEY, NOON

from ostiary.kernel.clock import DAY, MINUTE, SECOND
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.rotating_token import (
    LONGEST_TOKEN,
    Expired,
    Forged,
    ReplayedWithinGrace,
    ReuseDetected,
    Rotate,
    RotatingTokens,
    TokenFamily,
    TokenText,
    check_rotation,
    parse_rotating_token,
)
from ostiary.kernel.secret import Secret

OTHER_KEY = "another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"
RING = KeyRing([Secret(KEY)])
TOKENS = RotatingTokens(RING, "remember me")
ID = new_id(NOON, bytes(range(10)))
SALT = bytes(range(16))

generations = st.integers(0, 9_999_999_999)
salts = st.binary(min_size=16, max_size=16)
ids = st.builds(new_id, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))


def _family(generation=5, **changes) -> TokenFamily:
    values = {"id": ID, "generation": generation, "salt": SALT, "rotated_at": NOON, "ends_at": NOON + DAY}
    return TokenFamily(**values | changes)


def _present(generation, family, *, genuine=True, now=NOON, grace=MINUTE):
    return check_rotation(TokenText(family.id, generation, b""), family, genuine=genuine, grace=grace, now=now)


# The rule


@pytest.mark.attack("H9")
@pytest.mark.parametrize(
    ("generation", "later", "outcome"),
    [
        (5, 0, Rotate(6)),
        (5, DAY - 1, Rotate(6)),
        (5, DAY, Expired()),
        (5, DAY + SECOND, Expired()),
        # the one before: another tab, a lost answer
        (4, 0, ReplayedWithinGrace(5)),
        (4, MINUTE, ReplayedWithinGrace(5)),
        (4, -SECOND, ReplayedWithinGrace(5)),
        (4, MINUTE + 1, ReuseDetected()),
        (4, DAY - 1, ReuseDetected()),
        (4, DAY, Expired()),
        # older than that: a copy, however soon
        (3, 0, ReuseDetected()),
        (0, 0, ReuseDetected()),
        # not given out yet
        (6, 0, Forged()),
        (6, DAY, Forged()),
    ],
)
def test_every_line_of_the_rule(generation, later, outcome) -> None:
    assert _present(generation, _family(), now=NOON + later) == outcome


def test_without_a_grace_the_one_before_passes_only_in_the_same_instant() -> None:
    assert _present(4, _family(), grace=0) == ReplayedWithinGrace(5)
    assert _present(4, _family(), grace=0, now=NOON + 1) == ReuseDetected()


@pytest.mark.attack("H9")
@given(generations, generations, st.integers(-DAY, 2 * DAY))
def test_a_wrong_mac_ends_nothing_whatever_else_it_says(presented, newest, later) -> None:
    assert _present(presented, _family(newest), genuine=False, now=NOON + later) == Forged()


@given(generations, generations, st.integers(0, 2 * DAY), st.integers(0, MINUTE))
def test_only_the_newest_is_exchanged_and_only_older_ones_betray(presented, newest, later, grace) -> None:
    outcome = _present(presented, _family(newest), now=NOON + later, grace=grace)
    if isinstance(outcome, Rotate):
        assert (presented, outcome.generation) == (newest, newest + 1)
    if isinstance(outcome, ReplayedWithinGrace):
        assert (presented, outcome.generation) == (newest - 1, newest)
        assert later <= grace
    assert isinstance(outcome, ReuseDetected) <= (presented < newest)
    assert isinstance(outcome, Expired) == (presented <= newest and later >= DAY)


def test_a_token_of_another_family_is_none_of_this_one() -> None:
    other = new_id(NOON, bytes(10))
    assert check_rotation(TokenText(other, 5, b""), _family(), genuine=True, grace=MINUTE, now=NOON) == Forged()


# The text


@given(ids, generations, salts)
def test_what_is_written_is_read_and_is_genuine(id, generation, salt) -> None:
    text = TOKENS.write(id, generation, salt)
    token = parse_rotating_token(text)
    assert (token.id, token.generation) == (id, generation)
    assert TOKENS.is_genuine(token, salt)
    assert len(text) <= LONGEST_TOKEN
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", text), "a cookie and a header carry it without quoting"


@pytest.mark.attack("H9")
@given(st.text(max_size=200))
@example("é" * 80)
@example(f"{ID}.1.{'é' * 43}")
@example(f"{ID}.1.{'A' * 42}\ud800")
@example(f"{ID}.١.{'A' * 43}")
@example(f"{ID}.1.{'A' * 43}\n")
@example("." * 3)
@example("")
@example("9" * 100_000)
@example(f"{ID}.{'9' * 5000}.{'A' * 43}")
def test_no_text_of_a_stranger_raises(text) -> None:
    token = parse_rotating_token(text)
    assert token is None or not TOKENS.is_genuine(token, SALT)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda text: " " + text,
        lambda text: text + " ",
        lambda text: text + "=",
        lambda text: text.lower(),
        lambda text: text.replace(".5.", ".05."),
        lambda text: text.replace(".5.", ".+5."),
        lambda text: text.replace(".5.", ".-5."),
        lambda text: text.replace(".5.", ".5_0."),
        lambda text: text.replace(".5.", ".12345678901."),
        lambda text: text.replace(".", "|"),
        lambda text: "Z" + text[1:],
        lambda text: text[:-1],
        # The last character's two spare bits: the same bytes, written in another way.
        lambda text: text[:-1] + chr(ord(text[-1]) + 1),
    ],
)
def test_a_token_is_written_in_one_way_only(wrong) -> None:
    text = TOKENS.write(ID, 5, SALT)
    assert parse_rotating_token(wrong(text)) is None


# What it rests on


@pytest.mark.attack("W1")
@given(generations, generations, salts)
def test_the_mac_is_of_this_id_this_generation_this_salt_and_this_purpose(one, other, salt) -> None:
    token = parse_rotating_token(TOKENS.write(ID, one, salt))
    assert TOKENS.is_genuine(TokenText(ID, other, token.mac), salt) == (one == other)
    assert not TOKENS.is_genuine(TokenText(new_id(NOON, bytes(10)), one, token.mac), salt)
    assert not TOKENS.is_genuine(token, salt[::-1] + b"x")
    assert not RotatingTokens(RING, "refresh").is_genuine(token, salt)
    assert not RotatingTokens(KeyRing([Secret(OTHER_KEY)]), "remember me").is_genuine(token, salt)


def test_a_key_that_rotates_leaves_tokens_good_and_writes_new_ones() -> None:
    token = parse_rotating_token(TOKENS.write(ID, 1, SALT))
    rotated = RotatingTokens(KeyRing([Secret(OTHER_KEY), Secret(KEY)]), "remember me")
    assert rotated.is_genuine(token, SALT)
    assert not TOKENS.is_genuine(parse_rotating_token(rotated.write(ID, 1, SALT)), SALT)


def test_a_companion_is_one_and_the_same_for_all_who_ask_and_another_for_every_name_and_key() -> None:
    (secret,) = TOKENS.companions("session", SALT)
    assert list(TOKENS.companions("session", SALT)) == [secret]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert secret not in TOKENS.companions("other", SALT)
    assert secret not in TOKENS.companions("session", SALT[::-1])
    assert secret not in RotatingTokens(RING, "refresh").companions("session", SALT)
    rotated = RotatingTokens(KeyRing([Secret(OTHER_KEY), Secret(KEY)]), "remember me")
    assert list(rotated.companions("session", SALT))[1:] == [secret]
    assert secret not in TOKENS.write("session", 1, SALT)


def test_no_repr_shows_the_mac() -> None:
    text = TOKENS.write(ID, 1, SALT)
    token = parse_rotating_token(text)
    assert repr(token) == f"TokenText(id={ID!r}, generation=1, mac='**********')"
