"""Secrets: never seen by accident, stored as a digest, taken apart only by their exact shape."""

import copy
import json
import logging
import pickle
import re
import string
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.identifiers import new_id
from ostiary.kernel.secret import Secret, TokenParts, digest, new_secret, parse_token

CANARY = "canary-0f9a-never-shown"
ID = new_id(1_700_000_000_000, bytes(10))


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r}",
        lambda secret: f"{secret!s:>40}",
        lambda secret: f"{secret:>40}",
        lambda secret: f"{secret:s}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways it is done
        lambda secret: "{} {!r}".format(secret, secret),
        lambda secret: repr([secret, {"key": secret}, (secret,)]),
        lambda secret: json.dumps({"key": secret}, default=str),
    ],
)
def test_a_secret_never_shows_itself(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))
    assert CANARY not in shown
    assert "*****" in shown


@pytest.mark.asvs("V16.2.5")
def test_a_secret_is_not_in_a_traceback_that_shows_the_locals() -> None:
    def fails(secret: Secret) -> None:
        kept = {"key": secret}
        raise ValueError(secret, kept)

    with pytest.raises(ValueError, match="Secret") as caught:
        fails(Secret(CANARY))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(told.format())
    assert "kept = " in text
    assert CANARY not in text


@pytest.mark.asvs("V16.2.5")
def test_a_secret_is_not_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("the key is %s, %r", Secret(CANARY), {"key": Secret(CANARY)})
    assert "*****" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(CANARY), protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(Secret(CANARY))
    with pytest.raises(TypeError):
        json.dumps(Secret(CANARY))


def test_a_secret_gives_its_text_only_when_asked() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert not hasattr(Secret(CANARY), "__dict__")


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_secrets_are_equal_when_their_texts_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_secret_does_not_equal_its_text() -> None:
    assert Secret(CANARY) != CANARY
    assert Secret(CANARY) not in {CANARY: 1}


def test_a_digest_is_the_sha256_of_the_text() -> None:
    # FIPS 180-4, the example of one block.
    assert digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.asvs("V7.2.3")
def test_a_new_secret_has_256_bits_and_comes_only_once() -> None:
    made = {new_secret() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_a_token_is_taken_apart_into_what_it_was_made_of() -> None:
    secret = new_secret()
    assert parse_token(f"{ID}.{secret}") == TokenParts(ID, secret)


@pytest.mark.asvs("V16.2.5")
def test_a_token_taken_apart_does_not_show_its_secret() -> None:
    secret = new_secret()
    assert secret not in repr(TokenParts(ID, secret))
    assert secret not in f"{TokenParts(ID, secret)}"
    assert ID in repr(TokenParts(ID, secret))


S = "A" * 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ID,
        f"{ID}.",
        f"{ID}.{S}A",
        f"{ID}.{S[1:]}",
        f"{ID}.{S[1:]}=",
        f"{ID}.{S[1:]}+",
        f"{ID}.{S[1:]}\n",
        f"{ID}.{S[1:]}é",
        f"{ID}-{S}",
        f" {ID}.{S}",
        f"{ID}.{S} ",
        f"{ID.lower()}.{S}",
        f"8{ID[1:]}.{S}",
        f"{'0' * 25}U.{S}",
    ],
)
def test_what_cannot_be_a_token_of_ours_is_none(text: str) -> None:
    assert parse_token(text) is None


@given(st.one_of(st.text(), st.text(string.ascii_letters + string.digits + "-_.", min_size=68, max_size=72)))
def test_any_text_can_be_parsed_without_an_error(text: str) -> None:
    parts = parse_token(text)
    assert parts is None or f"{parts.id}.{parts.secret}" == text
