"""What an account is known by, changed: identifiers added, verified and removed, identities of other systems linked.

Every change first locks the account, so that two at once come one after the other.
"""

from typing import Final

from ostiary.features.accounts import store
from ostiary.features.accounts.account import Identifier, IdentifierTaken, Kind, NoSuchAccount
from ostiary.features.accounts.events import IdentifierAdded, IdentifierRemoved, IdentifierVerified
from ostiary.features.accounts.identifiers import parse_given, parse_identifier
from ostiary.features.accounts.states import AccountState, Verb, WrongState, next_state
from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import AuthError, FieldError, MalformedRequest, ValidationFailed
from ostiary.kernel.event_bus import EventBus
from ostiary.storage.database import Transaction

# OpenID Connect Core §2: a subject has at most 255 characters. Directories have longer names, and issuers are URLs.
_LONGEST_UPSTREAM: Final = 2_048


class LastIdentifier(AuthError):
    """The only way to say who she is cannot be taken from an account."""

    code = "last_identifier"
    status = 409
    public_message = "An account needs something to sign in with."


def add_identifier(
    tx: Transaction, bus: EventBus, account_id: str, kind: Kind, text: object, *, verified: bool, now: Millis
) -> Identifier:
    """Give an account another identifier; one that it has already stays as it is."""
    found, errors = parse_given({kind: text})
    if not found:
        raise ValidationFailed(*(errors or [FieldError(kind, "required", "This is needed.")]))
    one = found[0].claimed(now if verified else None)
    account = store.get_locked(tx, account_id)
    if account.state is AccountState.CLOSED:
        raise WrongState(detail="a closed account gets no identifier")
    hers = next((own for own in account.identifiers if (own.kind, own.value) == (one.kind, one.value)), None)
    if hers is not None:
        return hers
    if not store.claim(tx, account_id, one):
        raise IdentifierTaken(kind)
    bus.emit(IdentifierAdded(at=now, subject=account_id, kind=kind), tx)
    return one


def verify(tx: Transaction, bus: EventBus, account_id: str, kind: Kind, value: str, *, now: Millis) -> bool:
    """Note that an address was shown to be hers."""
    one = parse_identifier(kind, value)
    try:
        account = store.get_locked(tx, account_id)
    except NoSuchAccount:
        return False
    hers = next((own for own in account.identifiers if one is not None and own.value == one.value), None)
    # The address that the link was sent to, and no other that she has by now.
    if hers is None or hers.kind != kind or account.state is AccountState.CLOSED:
        return False
    if hers.verified_at is not None:
        return True
    store.verify(tx, account_id, kind=kind, value=hers.value, now=now)
    state = next_state(account.state, Verb.VERIFY, verified=True)
    if state is not account.state:
        store.change_state(tx, account_id, state, reason=None)
    bus.emit(IdentifierVerified(at=now, subject=account_id, kind=kind), tx)
    return True


def remove_identifier(tx: Transaction, bus: EventBus, account_id: str, kind: Kind, value: str, *, now: Millis) -> bool:
    """Take an identifier from an account; the last one stays, unless another system vouches for the account."""
    one = parse_identifier(kind, value)
    account = store.get_locked(tx, account_id)
    hers = [(own.kind, own.value) for own in account.identifiers]
    if one is None or (kind, one.value) not in hers:
        return False
    if len(hers) == 1 and not store.has_upstream(tx, account_id):
        raise LastIdentifier
    store.release(tx, account_id, kind=kind, value=one.value)
    bus.emit(IdentifierRemoved(at=now, subject=account_id, kind=kind), tx)
    return True


def link_upstream(tx: Transaction, account_id: str, issuer: str, subject: str, *, now: Millis) -> None:
    """Let an identity of another system stand for an account; linking it again changes nothing.

    Only for an active account: whoever registers somebody else's address and links her own identity would
    otherwise be let in once the owner verifies it.
    """
    if not is_upstream(issuer, subject):
        raise MalformedRequest("The identity cannot be read.", detail="an issuer or a subject that cannot be kept")
    account = store.get_locked(tx, account_id)
    if account.state is not AccountState.ACTIVE:
        raise WrongState(detail=f"an identity is linked to an account that is {account.state.value}")
    linked = store.link(tx, account_id, issuer=issuer, subject=subject, now=now)
    if not linked and store.owner_of_upstream(tx.connection, issuer, subject) != account_id:
        raise IdentifierTaken("upstream")


def is_upstream(issuer: str, subject: str) -> bool:
    """Whether both can be kept: some text, not for ever, and nothing that a database stumbles over."""
    return all(0 < len(text) <= _LONGEST_UPSTREAM and text.isprintable() for text in (issuer, subject))
