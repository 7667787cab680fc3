"""The table of states: what each verb makes of each, and what the documentation draws."""

import re
from pathlib import Path

import pytest

from ostiary.features.accounts import AccountState, WrongState, states
from ostiary.features.accounts.states import TABLE, Verb, next_state, why_not

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| (\w+) +\|(.+)\|$", re.MULTILINE)


def drawn(text):
    """The rows of the table in a text: state → the cells of the verbs."""
    rows = {name: [cell.strip().removesuffix(" (*)") for cell in cells.split("|")] for name, cells in ROW.findall(text)}
    verbs = rows.pop("state")
    return {state: dict(zip(verbs, cells, strict=True)) for state, cells in rows.items()}


def written():
    return {
        state.value: {verb.value: "-" if (to := row[verb]) is None else to.value for verb in Verb}
        for state, row in TABLE.items()
    }


def test_the_table_in_the_module_is_the_table():
    assert drawn(states.__doc__) == written()


def test_the_table_in_the_documentation_is_the_table():
    assert drawn((ROOT / "docs/features/accounts.md").read_text("utf-8")) == written()


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("verified", [True, False])
def test_every_state_has_an_answer_to_every_verb(state, verb, verified):
    expected = TABLE[state][verb]
    if expected is None:
        with pytest.raises(WrongState):
            next_state(state, verb, verified=verified)
    elif verb is Verb.RESTORE and not verified:
        assert next_state(state, verb, verified=verified) is AccountState.UNVERIFIED
    else:
        assert next_state(state, verb, verified=verified) is expected


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.CLOSE])
def test_nothing_opens_a_closed_account(verb):
    with pytest.raises(WrongState):
        next_state(AccountState.CLOSED, verb, verified=True)


@pytest.mark.parametrize(
    ("state", "strict", "lenient"),
    [
        (AccountState.ACTIVE, None, None),
        (AccountState.UNVERIFIED, "unverified", None),
        (AccountState.SUSPENDED, "suspended", "suspended"),
        (AccountState.CLOSED, "closed", "closed"),
        (None, "no_account", "no_account"),
    ],
)
def test_who_may_sign_in(state, strict, lenient):
    assert why_not(state, unverified_may_sign_in=False) == strict
    assert why_not(state, unverified_may_sign_in=True) == lenient
