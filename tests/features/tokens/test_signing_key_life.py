"""The life of a signing key: nobody is surprised by a new one, and no live token by the end of an old one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.tokens.jwks import KEPT_FOR
from ostiary.features.tokens.signing_key_life import (
    PUBLISHED_AHEAD,
    KeyLife,
    KeyState,
    due_succession,
    signer_of,
    succession,
    verifies_after,
)
from ostiary.kernel.clock import DAY, HOUR, SECOND
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN

START = 1_800_000_000_000
LIFE = 90 * DAY
FIRST = KeyLife(kid="first", signs_from=START)


def test_the_first_key_signs_at_once():
    assert due_succession([], lifetime=LIFE, now=START) == succession([], signs_from=START, now=START)
    assert signer_of([FIRST], START) == FIRST
    assert FIRST.state(START) is KeyState.CURRENT


@pytest.mark.asvs("V11.1.1")
def test_a_key_is_next_then_current_then_retired_then_gone():
    key = KeyLife(kid="k", signs_from=START, signs_until=START + HOUR, verifies_until=START + DAY)
    states = [key.state(at) for at in (START - 1, START, START + HOUR - 1, START + HOUR, START + DAY - 1, START + DAY)]
    assert [state.value for state in states] == ["next", "current", "current", "retired", "retired", "gone"]


def test_a_successor_is_published_before_it_signs_and_long_enough_for_every_copy_to_be_old():
    assert due_succession([FIRST], lifetime=LIFE, now=START + LIFE - PUBLISHED_AHEAD - 1) is None
    due = due_succession([FIRST], lifetime=LIFE, now=START + LIFE - PUBLISHED_AHEAD)
    assert (due.signs_from, due.predecessor) == (START + LIFE, "first")
    assert PUBLISHED_AHEAD >= 4 * KEPT_FOR * SECOND


def test_a_key_that_nobody_used_for_long_still_has_its_successor_published_first():
    late = START + 3 * LIFE
    assert due_succession([FIRST], lifetime=LIFE, now=late).signs_from == late + PUBLISHED_AHEAD
    assert signer_of([FIRST], late) == FIRST


def test_while_one_waits_no_other_is_due():
    waiting = KeyLife(kid="second", signs_from=START + LIFE)
    assert due_succession([FIRST, waiting], lifetime=LIFE, now=START + LIFE - 1) is None
    assert due_succession([waiting], lifetime=LIFE, now=START) is not None


def test_a_key_that_only_verifies_never_signs():
    public = KeyLife(kid="p", signs_from=START, signs_until=START, verifies_until=verifies_after(START))
    assert public.state(START) is KeyState.RETIRED
    assert signer_of([public], START) is None


@given(st.lists(st.integers(0, 40 * DAY), min_size=1, max_size=12), st.integers(2 * HOUR, 10 * DAY))
def test_no_token_ever_outlives_the_key_that_signed_it(steps, lifetime):
    """Whenever the schedule is looked at, what was signed is believed until it expires, and there is a key that signs."""
    keys: list[KeyLife] = []
    now = START
    for step in steps:
        due = due_succession(keys, lifetime=lifetime, now=now)
        if due is not None:
            keys = [
                KeyLife(
                    kid=key.kid,
                    signs_from=key.signs_from,
                    signs_until=due.signs_from,
                    verifies_until=due.verifies_until,
                )
                if key.kid == due.predecessor
                else key
                for key in keys
            ]
            keys.append(KeyLife(kid=str(len(keys)), signs_from=due.signs_from))
        signer = signer_of(keys, now)
        assert signer is not None
        assert signer.verifies(now + LONGEST_ACCESS_TOKEN - 1)
        for later in (1, HOUR, LONGEST_ACCESS_TOKEN - 1):
            after = signer_of(keys, now + later)
            assert after is not None
        now += step
