"""Starting a session: a new id at every sign-in, and at every rise in assurance.

The cookie is ``id.secret``; the row keeps the secret's digest. A session that an attacker planted
beforehand is never adopted, and the one a sign-in replaces is deleted in the same transaction.
"""

import secrets
from collections.abc import Callable
from dataclasses import field

from ostiary.features.sessions import store
from ostiary.kernel.client import Client
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import SessionEnded
from ostiary.kernel.factor import encode_factors
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.outcome import SignedIn
from ostiary.kernel.principal import Credential, Principal, decode_place
from ostiary.kernel.secret import digest, new_secret
from ostiary.storage.database import Transaction

# What a browser says of itself is a header a stranger writes; a row keeps this much of it.
_LONGEST_DEVICE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has just begun: its principal, and the value of its cookie."""

    id: str
    principal: Principal
    cookie: str = field(repr=False)


class InheritedSessionEnded(Exception):
    """The session whose proofs a sign-in builds on was ended meanwhile: they count no longer."""


class SessionStarter:
    """Starts sessions for sign-ins."""

    __slots__ = ("_absolute", "_at_most", "_bus", "_idle")

    def __init__(self, *, idle: Millis, absolute: Millis, at_most: int | None, bus: EventBus) -> None:
        self._idle = idle
        self._absolute = absolute
        self._at_most = at_most
        self._bus = bus

    def start(
        self,
        tx: Transaction,
        signed_in: SignedIn,
        *,
        client: Client,
        replaces: str | None,
        inherits: bool,
        secret_for: Callable[[str], str] | None = None,
        ends_by: Millis | None = None,
    ) -> NewSession:
        """A new session, in the transaction of the sign-in; ``replaces`` is the id of the one it ends.

        ``inherits`` says that its proofs are among those of ``signed_in``. Raises ``InheritedSessionEnded`` if it is
        gone: deleting it is the one step that a sign-out of that session and this one race for.

        ``secret_for`` makes the secret of a session id; None draws one. ``ends_by`` is when it ends at the latest,
        where the sign-in goes back to a proof that was given earlier.
        """
        now = signed_in.at
        if self._at_most is not None:
            # Before any row is locked: whoever counts this subject's sessions may want the row that this one replaces.
            store.serialise(tx, signed_in.subject)
        # A session that builds on another acts where that one does.
        tenant = store.tenant_of(tx, replaces, subject=signed_in.subject) if inherits and replaces is not None else None
        if replaces is not None and not self._end(tx, replaces, reason="replaced", now=now) and inherits:
            raise InheritedSessionEnded
        session = new_id(now, secrets.token_bytes(10))
        secret = new_secret() if secret_for is None else secret_for(session)
        ends_at = now + self._absolute
        if self._at_most is not None:
            for surplus in store.oldest_beyond(tx, signed_in.subject, keep=self._at_most - 1, now=now):
                self._end(tx, surplus, reason="too_many", now=now)
        store.insert(
            tx,
            {
                "id": session,
                "secret_hash": digest(secret),
                "subject": signed_in.subject,
                "epoch": signed_in.epoch,
                "started_at": now,
                "seen_at": now,
                "idle_for": self._idle,
                "ends_at": ends_at if ends_by is None else min(ends_at, ends_by),
                "factors": encode_factors(signed_in.factors),
                "tenant": tenant,
                "device": client.device[:_LONGEST_DEVICE] if client.device else None,
                "network": client.network,
            },
        )
        principal = Principal(
            signed_in.subject,
            credential=Credential("session", session),
            factors=signed_in.factors,
            tenant=decode_place(tenant),
        )
        return NewSession(id=session, principal=principal, cookie=f"{session}.{secret}")

    def _end(self, tx: Transaction, id: str, *, reason: str, now: Millis) -> bool:
        subject = store.delete(tx, id)
        if subject is None:
            return False
        self._bus.emit(SessionEnded(at=now, subject=subject, session=id, reason=reason), tx)
        return True
