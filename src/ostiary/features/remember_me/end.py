"""Ending remembered browsers: one from the list, all of a person's, and whenever the session of a browser is ended.

Signing out everywhere, a new password and a suspension raise the subject's epoch, which ends every series at
once. Ending one session ends the series of its browser as well: otherwise it would be back at its next request.
"""

from typing import Any, TypeAlias

from ostiary.features.remember_me import store
from ostiary.features.remember_me.browsers import RememberedBrowser, browser_of
from ostiary.features.remember_me.exchange import FORGOTTEN, STOLEN, RememberedSignIn, was_remembered
from ostiary.kernel.clock import Clock
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import CredentialsRevoked, EverybodySignedOut, SessionEnded, SignedOut
from ostiary.kernel.principal import Principal
from ostiary.storage.database import Database

Browsers: TypeAlias = list[RememberedBrowser]

# A session that another one of the same browser replaces ends nothing: the series follows. The other two are ours: who
# ends the series ends its session with it.
_SERIES_STAYS = frozenset({"replaced", STOLEN, FORGOTTEN})


class RememberMeActions:
    """``auth.remember_me``. ``sign_in`` is what the way in uses of it."""

    __slots__ = ("_clock", "_database", "sign_in")

    def __init__(self, sign_in: RememberedSignIn, *, database: Database, clock: Clock) -> None:
        self.sign_in = sign_in
        self._database = database
        self._clock = clock

    def was_remembered(self, principal: Principal) -> bool:
        """Whether nothing but a remembered browser says who this is; a proof in this session makes it False."""
        return was_remembered(principal)

    def list(self, subject: str, *, current: str | None = None) -> Browsers:
        """The browsers that let a subject in without a proof, newest first; ``current`` is the id of the present session."""
        now = self._clock.now()
        with self._database.read() as connection:
            return [browser_of(row, current=current) for row in store.live(connection, subject, now=now)]

    def end(self, id: str, *, owner: str | None = None) -> bool:
        """Forget one browser, and end the session it has.

        With ``owner``, only hers: somebody else's is as good as unknown. False: there was none.
        """
        return self.sign_in.forget(id, reason="ended", owner=owner)


def listeners() -> Listeners:
    """What ends series, in the transaction of what happened."""
    found = Listeners()
    found.during(SessionEnded, _session_ended)
    found.during(SignedOut, _signed_out)
    found.during(CredentialsRevoked, _credentials_revoked)
    found.during(EverybodySignedOut, _everybody_signed_out)
    return found


def _session_ended(event: SessionEnded, tx: Any) -> None:
    if event.subject is not None and event.reason not in _SERIES_STAYS:
        store.delete_of_session(tx, event.subject, event.session)


def _signed_out(event: SignedOut, tx: Any) -> None:
    if event.subject is not None:
        store.delete_of_session(tx, event.subject, event.session)


def _credentials_revoked(event: CredentialsRevoked, tx: Any) -> None:
    if event.subject is None:
        return
    store.delete_all(tx, event.subject, keep=event.kept)
    if event.kept is not None:
        store.carry_over(tx, event.subject, session=event.kept, epoch=event.epoch, was=event.epoch - 1)


def _everybody_signed_out(_event: EverybodySignedOut, tx: Any) -> None:
    store.delete_everybodys(tx)
