"""Delivering what waits in the outbox: claim, send, settle; no transaction is open while a mail server is spoken to.

Many threads and processes may do this at once. A mail that left is removed after that, so a process
that is killed in between sends it once more: at least once, with the same Message-ID.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ostiary.delivery.address import masked
from ostiary.delivery.back_off import next_attempt
from ostiary.delivery.message import Message, write_email
from ostiary.delivery.settings import MailSettings
from ostiary.delivery.transport import Channel, Deferred, NotSent, Refused, Transport, Unreachable
from ostiary.kernel.clock import MINUTE, Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import MailGivenUp, MailRefused
from ostiary.kernel.key_ring import KeyRing
from ostiary.storage import outbox
from ostiary.storage.database import Database
from ostiary.storage.outbox import Claimed, Waiting

if TYPE_CHECKING:
    from email.message import EmailMessage

_log: Final = logging.getLogger("ostiary.mail")

PURPOSE: Final = "outbox"
"""The purpose that mail is sealed for."""

_BATCH: Final = 20
# How long a claim lasts, and how much of it must be left for another mail to be begun: the steps of one SMTP
# exchange, each with its timeout, take less than two minutes. Whoever is killed gives its mails back after ten.
CLAIM: Final[Millis] = 10 * MINUTE
_MARGIN: Final[Millis] = 3 * MINUTE


def bound_to(id: str) -> str:
    """The place a sealed mail belongs to: moved to another row, it does not open."""
    return f"outbox:{id}"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the mails of one round."""

    sent: int = 0
    deferred: int = 0
    refused: int = 0
    given_up: int = 0
    reasons: set[str] = field(default_factory=set[str])

    @property
    def failed(self) -> int:
        """How many did not leave."""
        return self.deferred + self.refused + self.given_up

    def __bool__(self) -> bool:
        return bool(self.sent or self.failed)


def _chance() -> float:
    """A number in [0, 1)."""
    return secrets.randbelow(1 << 53) / (1 << 53)


def _never() -> bool:
    return False


class MailDelivery:
    """Sends what is due, from whichever thread or process asks."""

    def __init__(
        self,
        database: Database,
        settings: MailSettings,
        *,
        transport: Transport,
        key_ring: KeyRing,
        bus: EventBus,
        clock: Clock,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._transport = transport
        self._key_ring = key_ring
        self._bus = bus
        self._clock = clock
        self._jitter = jitter or _chance

    def waiting(self) -> Waiting:
        """What waits."""
        with self._database.read() as connection:
            return outbox.read_waiting(connection, now=self._clock.now())

    def until_next(self) -> Millis | None:
        """How long until the next mail is due; 0 if one is, None where nothing waits."""
        with self._database.read() as connection:
            due_at = outbox.find_next_due(connection)
        return None if due_at is None else max(0, due_at - self._clock.now())

    def deliver_due(self, *, stopping: Callable[[], bool] = _never) -> Tally:
        """Send everything that is due. ``stopping`` is asked between mails; what is left is given back.

        Raises ``Unavailable`` if the database is away. A mail that cannot be sent raises nothing.
        """
        tally = Tally()
        # Reading first: it takes no lock, and mostly nothing is due.
        while not stopping() and self.until_next() == 0:
            claims = self._claim()
            if not claims:
                break  # others have it in their hands
            self._deliver(claims, tally, stopping)
        return tally

    def _claim(self) -> list[Claimed]:
        now = self._clock.now()
        with self._database.write() as tx:
            return outbox.claim(tx, now=now, until=now + CLAIM, at_most=_BATCH)

    def _deliver(self, claims: list[Claimed], tally: Tally, stopping: Callable[[], bool]) -> None:
        unreachable: Unreachable | None = None
        with self._transport.open() as channel:
            for claimed in claims:
                if stopping() or self._clock.now() > claimed.until - _MARGIN:
                    self._give_back(claimed)
                    continue
                try:
                    unreachable = self._deliver_one(channel, claimed, tally, unreachable)
                except Exception:  # noqa: BLE001 - one mail must not keep the others from leaving
                    _log.exception("mail %s could not be looked after; it is tried again later", claimed.id)

    def _deliver_one(
        self, channel: Channel, claimed: Claimed, tally: Tally, unreachable: Unreachable | None
    ) -> Unreachable | None:
        """Send one and settle it. The answer is why no other mail of this batch needs to be tried, if so."""
        if claimed.expires_at <= self._clock.now():
            self._give_up(claimed)
            tally.given_up += 1
            return unreachable
        failure = unreachable or self._send(channel, claimed)
        self._settle(claimed, failure, tally)
        return failure if isinstance(failure, Unreachable) else None

    def _send(self, channel: Channel, claimed: Claimed) -> NotSent | None:
        message = self._find_message(claimed.id, claimed.sealed)
        if message is None:
            # Another key may be back by the time it is tried again.
            return Deferred("it cannot be read; is a key missing from the ring?")
        email: EmailMessage = write_email(message, self._settings.sender)
        try:
            channel.send(email, to=message.to)
        except NotSent as failure:
            return failure
        _log.debug("mail %s (%s) sent to %s", claimed.id, message.template, masked(message.to))
        return None

    def _settle(self, claimed: Claimed, failure: NotSent | None, tally: Tally) -> None:
        now = self._clock.now()
        if failure is None:
            tally.sent += 1
            with self._database.write() as tx:
                outbox.done(tx, claimed)
            return
        tally.reasons.add(failure.reason)
        if isinstance(failure, Refused):
            tally.refused += 1
            self._refuse(claimed, failure, now)
            return
        tally.deferred += 1
        due_at = next_attempt(attempts=claimed.attempts, now=now, expires_at=claimed.expires_at, jitter=self._jitter())
        with self._database.write() as tx:
            outbox.retry(tx, claimed, due_at=due_at)
        seconds = (due_at - now) // 1000
        _log.warning("mail %s put off for %d s after attempt %d: %s", claimed.id, seconds, claimed.attempts, failure)

    def _refuse(self, claimed: Claimed, failure: Refused, now: Millis) -> None:
        message = self._find_message(claimed.id, claimed.sealed)
        with self._database.write() as tx:
            outbox.done(tx, claimed)
            if message is not None:
                event = MailRefused(at=now, to=masked(message.to), template=message.template, reason=failure.reason)
                self._bus.emit(event, tx)
        _log.warning("mail %s refused for good: %s", claimed.id, failure)

    def _give_back(self, claimed: Claimed) -> None:
        with self._database.write() as tx:
            outbox.give_back(tx, claimed, due_at=self._clock.now())

    def _give_up(self, claimed: Claimed) -> None:
        message = self._find_message(claimed.id, claimed.sealed)
        to, template = (masked(message.to), message.template) if message else (None, None)
        attempts = claimed.attempts - 1  # this claim is none
        with self._database.write() as tx:
            outbox.done(tx, claimed)
            self._bus.emit(MailGivenUp(at=self._clock.now(), to=to, template=template, attempts=attempts), tx)
        _log.error("mail %s given up after %d attempts: it could not be sent in time", claimed.id, attempts)

    def _find_message(self, id: str, sealed: bytes) -> Message | None:
        try:
            return Message.from_json(self._key_ring.open(PURPOSE, sealed, bound_to=bound_to(id)))
        except (ValueError, TypeError):  # sealed by a key that is gone, or written by another version
            return None
