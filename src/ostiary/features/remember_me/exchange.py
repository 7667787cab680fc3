"""Exchanging a remembered browser's token for a session: who wins, what everybody else is answered, and theft.

A series is begun by a sign-in that asks for it, and follows the session of its browser. Exchanging it is one
guarded statement in the transaction that starts the session (``runtime/way_in.py``), so that of twenty tabs one
starts a session; the others are answered with that one's cookies, which are derived and can be computed again.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import ClassVar

from ostiary.features.remember_me import store
from ostiary.features.remember_me.present import REMEMBER_COOKIE, Recognised, RememberedBrowsers, Unrecognised
from ostiary.features.remember_me.stolen import StolenMail
from ostiary.features.sessions import SessionActions
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import BrowserForgotten, BrowserRemembered, RememberTokenReused
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.outcome import SignedIn
from ostiary.kernel.principal import Principal
from ostiary.kernel.rotating_token import SALT_BYTES, RotatingTokens
from ostiary.storage.database import Database, Transaction
from ostiary.web.cookies import CookieToSet

STOLEN = "stolen"
"""Why a session ended whose remember token was used twice."""
FORGOTTEN = "forgotten"
"""Why a session ended whose browser was forgotten by itself."""

# What a browser says of itself is a header a stranger writes; a row keeps this much of it.
_LONGEST_DEVICE = 300


class Overtaken(Exception):
    """Another request changed the series between the reading and the writing: read again, and undo what was begun."""


class RememberedSignIn:
    """Begins, exchanges and ends series for the way in."""

    __slots__ = (
        "_browsers",
        "_bus",
        "_client",
        "_clock",
        "_database",
        "_lifetime",
        "_mail",
        "_sessions",
        "_tokens",
    )

    cleared: ClassVar[CookieToSet] = CookieToSet(stem=REMEMBER_COOKIE, value=None)
    """What has a browser forget its token."""

    def __init__(
        self,
        *,
        browsers: RememberedBrowsers,
        tokens: RotatingTokens,
        lifetime: Millis,
        sessions: SessionActions,
        mail: StolenMail,
        database: Database,
        bus: EventBus,
        clock: Clock,
        client: ClientSource,
    ) -> None:
        self._browsers = browsers
        self._tokens = tokens
        self._lifetime = lifetime
        self._sessions = sessions
        self._mail = mail
        self._database = database
        self._bus = bus
        self._clock = clock
        self._client = client

    def recognise(self, cookie: str | None) -> Recognised | None:
        """What the browser's cookie comes to, if it is a token of a series that is alive; reads and changes nothing."""
        found = Unrecognised("absent") if not cookie else self._browsers.recognise(cookie, self._clock.now())
        return found if isinstance(found, Recognised) else None

    def token(self, series: store.Series, generation: int) -> CookieToSet:
        """The cookie of one generation, for the rest of the series' time."""
        return self._cookie(series.id, generation, series.salt, ends_at=series.ends_at)

    def secret_for(self, series: store.Series) -> Callable[[str], str]:
        """How the secret of the session is made that a token of this series is exchanged for: session id → secret."""
        return lambda session: next(self._tokens.companions(session, series.salt))

    def secrets_of(self, series: store.Series) -> Iterator[str]:
        """The secrets that the series' present session may have, by each key of the ring."""
        return self._tokens.companions(series.session, series.salt)

    def is_newest(self, tx: Transaction, series: store.Series) -> bool:
        """Whether nobody has exchanged the series since it was read: whoever comes too late begins no work."""
        return store.generation_of(tx, series.id) == series.generation

    def advance(self, tx: Transaction, series: store.Series, *, session: str, now: Millis) -> CookieToSet:
        """Exchange the newest token for a session, and for its successor. Raises ``Overtaken``."""
        if not store.advance(tx, series.id, generation=series.generation, session=session, now=now):
            raise Overtaken
        return self.token(series, series.generation + 1)

    def after_sign_in(
        self,
        tx: Transaction,
        signed_in: SignedIn,
        *,
        session: str,
        replaced: tuple[str, str] | None,
        carried: Recognised | None,
        wish: bool,
    ) -> tuple[CookieToSet, ...]:
        """What a sign-in means for the series of its browser.

        ``replaced`` is the (subject, session) that it replaces, and ``carried`` what the browser's own cookie was. With
        ``wish`` a new series is begun in its place. Without, it lives on if it is the same person's, under
        the new session; anybody else's ends: a browser is one person's at a time.
        """
        if replaced is not None:
            subject, was = replaced
            if wish or subject != signed_in.subject:
                store.delete_of_session(tx, subject, was)
            else:
                store.follow_session(tx, subject, was=was, session=session)
        if wish:
            if carried is not None:
                store.delete(tx, carried.series.id)
            return (self._begin(tx, signed_in, session=session),)
        if carried is None:
            return ()
        if carried.series.subject == signed_in.subject:
            store.follow(tx, carried.series.id, session=session)
            return ()
        store.delete(tx, carried.series.id)
        return (self.cleared,)

    def forget(self, id: str, *, reason: str, owner: str | None = None) -> bool:
        """End one series and the session its browser has; with ``owner``, only hers. False: there was none."""
        while True:
            # Again, where the browser exchanged its token in between: that session has to end as well.
            with suppress(Overtaken):
                return self._forget(id, owner, reason)

    def _forget(self, id: str, owner: str | None, reason: str) -> bool:
        with self._database.write() as tx:
            found = store.session_of(tx, id, subject=owner)
            if found is None:
                return False
            subject, session = found
            self._sessions.end_in(tx, session, subject=subject, reason=FORGOTTEN)
            if not store.delete(tx, id, session=session):
                raise Overtaken
            now, network = self._clock.now(), self._client().network
            self._bus.emit(BrowserForgotten(at=now, subject=subject, series=id, reason=reason, network=network), tx)
        return True

    def end_stolen(self, series: store.Series) -> bool:
        """Somebody has a copy: end the series and the session that it was exchanged for, and tell the person.

        False if another request was first.
        """
        now, client = self._clock.now(), self._client()
        # Before the transaction, which holds the one connection there is.
        mail = self._mail.write(series.subject, client, now)
        try:
            with self._database.write() as tx:
                self._sessions.end_in(tx, series.session, subject=series.subject, reason=STOLEN)
                # If it is still as it was read: the thief may be exchanging it for the next session right now.
                if not store.delete(tx, series.id, session=series.session):
                    raise Overtaken  # noqa: TRY301 - it undoes the transaction
                self._bus.emit(
                    RememberTokenReused(
                        at=now,
                        subject=series.subject,
                        network=client.network,
                        series=series.id,
                        session=series.session,
                    ),
                    tx,
                )
                if mail is not None:
                    self._mail.send(mail, tx)
        except Overtaken:
            return False
        return True

    def _begin(self, tx: Transaction, signed_in: SignedIn, *, session: str) -> CookieToSet:
        now, client = signed_in.at, self._client()
        id, salt, ends_at = new_id(now, secrets.token_bytes(10)), secrets.token_bytes(SALT_BYTES), now + self._lifetime
        store.begin(
            tx,
            {
                "id": id,
                "subject": signed_in.subject,
                "epoch": signed_in.epoch,
                "generation": 1,
                "salt": salt,
                "started_at": now,
                "rotated_at": now,
                "ends_at": ends_at,
                "session": session,
                "device": client.device[:_LONGEST_DEVICE] if client.device else None,
                "network": client.network,
            },
        )
        event = BrowserRemembered(at=now, subject=signed_in.subject, network=client.network, series=id, session=session)
        self._bus.emit(event, tx)
        return self._cookie(id, 1, salt, ends_at=ends_at)

    def _cookie(self, id: str, generation: int, salt: bytes, *, ends_at: Millis) -> CookieToSet:
        # Whole seconds, rounded up: the row says when it ends, and the browser at most a second later.
        seconds = max(1, -(-(ends_at - self._clock.now()) // 1000))
        return CookieToSet(stem=REMEMBER_COOKIE, value=self._tokens.write(id, generation, salt), max_age=seconds)


def was_remembered(principal: Principal) -> bool:
    """Whether nothing but a remembered browser says who this is: nobody has proven anything in this session."""
    return bool(principal.factors) and all(factor.kind == "remember" for factor in principal.factors)
