"""States of an account: a table of what each verb makes of it, or that it is refused.

| state      | verify     | suspend   | restore    | close  |
|------------|------------|-----------|------------|--------|
| unverified | active     | suspended | -          | closed |
| active     | active     | suspended | -          | closed |
| suspended  | suspended  | suspended | active (*) | closed |
| closed     | -          | -         | -          | closed |

(*) unverified, as long as no address of hers was ever verified. Closed is for ever.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from ostiary.kernel.errors import AuthError


class AccountState(Enum):
    """What an account is; the value is what the database and the log say."""

    UNVERIFIED = "unverified"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Verb(Enum):
    """What may happen to an account."""

    VERIFY = "verify"
    SUSPEND = "suspend"
    RESTORE = "restore"
    CLOSE = "close"


class WrongState(AuthError):
    """The account is in a state in which this cannot happen to it."""

    code = "wrong_state"
    status = 409
    public_message = "This is not possible in the state the account is in."


_UNVERIFIED, _ACTIVE, _SUSPENDED, _CLOSED = AccountState

TABLE: Final[Mapping[AccountState, Mapping[Verb, AccountState | None]]] = MappingProxyType(
    {
        _UNVERIFIED: {Verb.VERIFY: _ACTIVE, Verb.SUSPEND: _SUSPENDED, Verb.RESTORE: None, Verb.CLOSE: _CLOSED},
        _ACTIVE: {Verb.VERIFY: _ACTIVE, Verb.SUSPEND: _SUSPENDED, Verb.RESTORE: None, Verb.CLOSE: _CLOSED},
        # Suspending twice writes the newer reason, and ends what may have been made meanwhile.
        _SUSPENDED: {Verb.VERIFY: _SUSPENDED, Verb.SUSPEND: _SUSPENDED, Verb.RESTORE: _ACTIVE, Verb.CLOSE: _CLOSED},
        _CLOSED: {Verb.VERIFY: None, Verb.SUSPEND: None, Verb.RESTORE: None, Verb.CLOSE: _CLOSED},
    }
)
"""state → verb → the new state, or None where the verb is refused."""


def next_state(state: AccountState, verb: Verb, *, verified: bool) -> AccountState:
    """The state after the verb. Raises ``WrongState`` where the table says no.

    ``verified`` says whether there is an address that was verified, or none that could be.
    """
    found = TABLE[state][verb]
    if found is None:
        raise WrongState(detail=f"{verb.value} of an account that is {state.value}")
    if verb is Verb.RESTORE and not verified:
        return _UNVERIFIED
    return found


def why_not(state: AccountState | None, *, unverified_may_sign_in: bool) -> str | None:
    """Why an account in this state may not sign in, as a stable word; None when it may. No account: "no_account"."""
    if state is None:
        return "no_account"
    if state is _ACTIVE or (state is _UNVERIFIED and unverified_may_sign_in):
        return None
    return state.value
