"""Ending sessions: here, one elsewhere, all others, everywhere.

"Everywhere" is one step: the subject's epoch goes up, and every session, token and key of before is
dead at its next request. Rows are removed as well, but that is housekeeping.
"""

from collections.abc import Callable
from typing import TypeAlias

from ostiary.features.sessions import store
from ostiary.features.sessions.devices import Device, device_of
from ostiary.features.sessions.start import NewSession, SessionStarter
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import CredentialsRevoked, EverybodySignedOut, SessionEnded, SignedOut
from ostiary.kernel.outcome import SignedIn
from ostiary.kernel.principal import On, encode_place
from ostiary.storage.database import Database, Transaction
from ostiary.storage.subjects import raise_epoch, raise_everybodys_epoch

Devices: TypeAlias = list[Device]


class SessionActions:
    """``auth.sessions``."""

    __slots__ = ("_bus", "_client", "_clock", "_database", "_starter")

    def __init__(
        self, *, database: Database, bus: EventBus, clock: Clock, client: ClientSource, starter: SessionStarter
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._client = client
        self._starter = starter

    def start(
        self,
        tx: Transaction,
        signed_in: SignedIn,
        *,
        replaces: str | None = None,
        inherits: bool = False,
        secret_for: Callable[[str], str] | None = None,
        ends_by: Millis | None = None,
    ) -> NewSession:
        """A session for a sign-in. Takes a ``SignedIn``, which only ``sign_in`` makes.

        ``replaces`` is the id of the session it ends; with ``inherits``, the one whose proofs it builds on.
        ``secret_for`` and ``ends_by`` are those of a remembered browser, see ``SessionStarter.start``.
        """
        return self._starter.start(
            tx,
            signed_in,
            client=self._client(),
            replaces=replaces,
            inherits=inherits,
            secret_for=secret_for,
            ends_by=ends_by,
        )

    def standing_of(self, id: str, subject: str) -> tuple[int, Millis] | None:
        """The epoch a session of this subject was started under and its absolute end, or None if it has ended."""
        with self._database.read() as connection:
            return store.standing_of(connection, id, subject=subject)

    def list(self, subject: str, *, current: str | None = None) -> Devices:
        """The browsers a subject is signed in on, the newest first; ``current`` is the id of the present session."""
        now = self._clock.now()
        with self._database.read() as connection:
            return [device_of(row, current=current) for row in store.live(connection, subject, now=now)]

    def end(self, id: str, *, owner: str | None = None) -> bool:
        """End one session. With ``owner``, only hers: somebody else's is as good as unknown. False: there was none."""
        with self._database.write() as tx:
            return self.end_in(tx, id, subject=owner, reason="ended")

    def end_in(self, tx: Transaction, id: str, *, subject: str | None, reason: str) -> bool:
        """End one session in a transaction, with ``subject`` only if it is hers. False: there was none."""
        owner = store.delete(tx, id, subject=subject)
        if owner is None:
            return False
        now, network = self._clock.now(), self._client().network
        self._bus.emit(SessionEnded(at=now, subject=owner, session=id, reason=reason, network=network), tx)
        return True

    def sign_out(self, id: str, subject: str) -> None:
        """End the present session. Nothing happens if it has ended already."""
        with self._database.write() as tx:
            if store.delete(tx, id, subject=subject) is not None:
                now, network = self._clock.now(), self._client().network
                self._bus.emit(SignedOut(at=now, subject=subject, session=id, network=network), tx)

    def leave(self, subject: str, id: str | None, scope: str) -> None:
        """Sign out ``"here"``, on all ``"others"``, or ``"everywhere"``; ``id`` is the present session, if it is one."""
        if scope == "everywhere" or (scope == "others" and id is None):
            self.end_all(subject)
        elif scope == "others":
            self.end_all(subject, reason="signed_out_others", keep=id)
        elif id is not None:
            self.sign_out(id, subject)

    def end_all(self, subject: str, *, reason: str = "signed_out_everywhere", keep: str | None = None) -> int:
        """End every session, token and key of a subject, at once. The answer is how many sessions there were.

        ``keep`` is the id of one session that lives on: the one of a person who signs out all others.
        """
        with self._database.write() as tx:
            # The order in which a start locks: first the subject's sessions, then their rows.
            store.serialise(tx, subject)
            now, network = self._clock.now(), self._client().network
            epoch = raise_epoch(tx, subject, now=now)
            ended = store.delete_all(tx, subject, keep=keep)
            if keep is not None:
                store.carry_over(tx, keep, subject=subject, epoch=epoch, was=epoch - 1)
            event = CredentialsRevoked(at=now, subject=subject, reason=reason, epoch=epoch, network=network, kept=keep)
            self._bus.emit(event, tx)
        return ended

    def outlive(self, tx: Transaction, id: str, *, subject: str, epoch: int) -> bool:
        """Let one session live on under the epoch that was raised in this transaction: the browser that changed a password."""
        return store.carry_over(tx, id, subject=subject, epoch=epoch, was=epoch - 1)

    def bind(self, tx: Transaction, id: str, *, subject: str, on: On | None) -> bool:
        """Let one session of a subject act at a place from its next request on; None is at none. False: there is none."""
        return store.bind(tx, id, subject=subject, tenant=encode_place(on))

    def end_everybody(self, *, reason: str = "ended_by_operator") -> int:
        """End every session and every token there is, and forget every browser; how many sessions there were.

        API keys go on: nobody signed in for them, and what programs do with them at night must not stop because people
        have to sign in again. A key that may have leaked is revoked by itself, or with its owner (``end_all``).
        """
        with self._database.write() as tx:
            ended = store.delete_everybodys(tx)
            now = self._clock.now()
            raise_everybodys_epoch(tx, now=now)
            # First, so that what stands beside a session is ended at once, and not by one statement for each.
            self._bus.emit(EverybodySignedOut(at=now, reason=reason, sessions=len(ended)), tx)
            # PostgreSQL: a remembered browser that was being let in is seen once what lets it in is gone, and waited for.
            ended += store.delete_everybodys(tx)
            for session, subject in ended:
                self._bus.emit(SessionEnded(at=now, subject=subject, session=session, reason=reason), tx)
        return len(ended)
