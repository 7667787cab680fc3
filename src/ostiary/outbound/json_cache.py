"""JSON documents of other servers, cached: fetched once for all threads, revalidated by ETag, kept a while when they fail.

Law: RFC 9111 (``max-age``, ``ETag``), RFC 5861 §4 (an old answer while the server fails). How long an answer counts
is the server's word within our bounds. Nothing is fetched before somebody asks, and a fork asks for itself.
"""

import logging
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Final, Generic, TypeVar

from ostiary.kernel.clock import HOUR, MINUTE, SECOND, Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.outbound.client import OutboundAnswer, OutboundClient, OutboundFailed, OutboundRefused

T = TypeVar("T")

_log: Final = logging.getLogger("ostiary.outbound")

# Less would let a server make us ask at every request; more would keep a key that was withdrawn for days.
SHORTEST: Final = MINUTE
LONGEST: Final = 24 * HOUR
# Where the server says nothing.
USUAL: Final = HOUR
# How long an answer that cannot be renewed still counts: a night's outage, and no longer than a withdrawn key may live.
STALE_FOR: Final = 6 * HOUR
# How long a failure is remembered: a server that is down is asked by one request every ten seconds.
RETRY_AFTER: Final = 10 * SECOND
# An answer is renewed out of turn at most once in this time, whoever asks for what it does not hold.
RENEW_EVERY: Final = MINUTE
# What was fetched within this time is the newest there is.
JUST_FETCHED: Final = 5 * SECOND
# Whoever waits for another's request waits a little longer than that request may take.
_PATIENCE: Final = 5.0

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=\"?([0-9]{1,12})\"?(?:[,\s]|$)", re.IGNORECASE)
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?:[,\s=]|$)", re.IGNORECASE)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]{1,60}\+)?json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)


class DocumentUnavailable(Exception):
    """The document cannot be had now. The message says why, and nothing that the other side sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[T]):
    """A document as it was read, where it came from, and how long it counts."""

    value: T
    url: str
    etag: str | None
    fetched_at: Millis
    fresh_until: Millis


def freshness(headers: Mapping[str, str]) -> Millis:
    """How long an answer counts: its ``max-age`` less its ``Age``, never under a minute nor over a day."""
    control = headers.get("cache-control", "")
    if _NOT_KEPT.search(control) is not None:
        return SHORTEST
    found = _MAX_AGE.search(control)
    if found is None:
        return USUAL
    age = headers.get("age", "0")
    # RFC 9111 §4.2.3: what a cache on the way has kept it for is over already.
    spent = int(age) if age.isascii() and age.isdigit() and len(age) <= 12 else 0
    return min(max((int(found[1]) - spent) * SECOND, SHORTEST), LONGEST)


def is_json(content_type: str) -> bool:
    """Whether a ``Content-Type`` says JSON: ``application/json``, or a type whose name ends in ``+json`` (RFC 6839 §3.1)."""
    return _JSON.fullmatch(content_type) is not None


@dataclass(slots=True)
class _Here(Generic[T]):
    """What one process knows. Everything but ``kept`` is read and written under the lock."""

    kept: Kept[T] | None = None
    pid: int = field(default_factory=os.getpid)
    lock: threading.Lock = field(default_factory=threading.Lock)
    flight: threading.Event | None = None
    failed_at: Millis | None = None
    failure: str = ""
    renewed_at: Millis | None = None


class JsonCache(Generic[T]):
    """One document. ``addresses`` says where it may be, the first that has it wins; ``read`` makes a value of its bytes.

    ``read`` raises ``ValueError`` for bytes that are not such a document: they count as a failure.
    """

    __slots__ = ("_addresses", "_client", "_clock", "_here", "_name", "_read", "_stale_for")

    def __init__(
        self,
        name: str,
        addresses: Callable[[], Sequence[str]],
        read: Callable[[bytes], T],
        *,
        client: OutboundClient,
        clock: Clock,
        stale_for: Millis = STALE_FOR,
    ) -> None:
        self._name = name
        self._addresses = addresses
        self._read = read
        self._client = client
        self._clock = clock
        self._stale_for = stale_for
        self._here: _Here[T] = _Here()

    def get(self) -> Kept[T]:
        """The document: fresh, or old while its server fails. Raises ``DocumentUnavailable``."""
        now, here = self._clock.now(), self._mine()
        kept = here.kept
        if kept is not None and kept.fetched_at <= now < kept.fresh_until:
            return kept
        return self._current(here, now)

    def get_newer(self, seen: Kept[T]) -> Kept[T] | None:
        """A newer document than the one somebody has seen and found wanting, or None where there is none.

        It is fetched at most once a minute, however many ask (``RENEW_EVERY``). Raises ``DocumentUnavailable`` when it
        cannot be told: the server fails.
        """
        now, here = self._clock.now(), self._mine()
        with here.lock:
            if here.kept is not seen:
                return here.kept
            flight, leads = here.flight, False
            if flight is None:
                if _within(RETRY_AFTER, here.failed_at, now):
                    raise DocumentUnavailable(here.failure)
                renewed = here.failed_at is None and _within(RENEW_EVERY, here.renewed_at, now)
                if renewed or _within(JUST_FETCHED, seen.fetched_at, now):
                    return None
                here.renewed_at = now
                here.flight = flight = threading.Event()
                leads = True
        if leads:
            self._fly(here, flight, now)
        elif not flight.wait(_PATIENCE):
            raise DocumentUnavailable(self._slow())
        with here.lock:
            if here.kept is seen and here.failed_at is not None:
                raise DocumentUnavailable(here.failure)
            return here.kept if here.kept is not seen else None

    def _mine(self) -> _Here[T]:
        here = self._here
        if here.pid != os.getpid():
            # After a fork: a lock that a thread of the parent held, and a request it had under way, end never here.
            self._here = here = _Here(here.kept)
        return here

    def _current(self, here: _Here[T], now: Millis) -> Kept[T]:
        with here.lock:
            kept = here.kept
            if kept is not None and kept.fetched_at <= now < kept.fresh_until:
                return kept
            usable = kept if kept is not None and now < kept.fresh_until + self._stale_for else None
            if _within(RETRY_AFTER, here.failed_at, now):
                return _or_unavailable(usable, here.failure)
            flight, leads = here.flight, False
            if flight is None:
                here.flight = flight = threading.Event()
                leads = True
        if leads:
            self._fly(here, flight, now)
        elif usable is not None:
            # One request renews it; meanwhile the old one serves the others.
            return usable
        elif not flight.wait(_PATIENCE):
            raise DocumentUnavailable(self._slow())
        with here.lock:
            if here.failed_at is None and here.kept is not None:
                return here.kept
            return _or_unavailable(usable, here.failure)

    def _fly(self, here: _Here[T], flight: threading.Event, now: Millis) -> None:
        """Fetch for everybody who waits. Whatever happens, the flight ends."""
        found: Kept[T] | None = None
        failure = "the request was broken off"
        try:
            found = self._fetch(here.kept, now)
        except DocumentUnavailable as error:
            failure = str(error)
            _log.warning("%s", failure)
        finally:
            with here.lock:
                if found is not None:
                    here.kept, here.failed_at = found, None
                else:
                    here.failed_at, here.failure = now, failure
                here.flight = None
            flight.set()

    def _slow(self) -> str:
        return f"{self._name}: a request for it takes too long"

    def _fetch(self, kept: Kept[T] | None, now: Millis) -> Kept[T]:
        said = "it has no address"
        for url in self._addresses():
            known = kept if kept is not None and kept.url == url else None
            try:
                answer = self._client.get(url, headers=_asking(known))
            except (OutboundRefused, OutboundFailed) as error:
                message = f"{self._name} cannot be fetched: {error}"
                raise DocumentUnavailable(message) from None
            if answer.status in (404, 410):
                said = f"its server answered {answer.status}"
                continue
            return self._kept(url, answer, known, now)
        message = f"{self._name} cannot be fetched: {said}"
        raise DocumentUnavailable(message)

    def _kept(self, url: str, answer: OutboundAnswer, known: Kept[T] | None, now: Millis) -> Kept[T]:
        until = now + freshness(answer.headers)
        if answer.status == 304 and known is not None and known.etag is not None:
            return replace(known, fetched_at=now, fresh_until=until)
        if answer.status != 200:
            # Redirects among them: whoever can redirect a key set can replace it (RFC 7515 §8).
            message = f"{self._name} cannot be fetched: its server answered {answer.status}"
            raise DocumentUnavailable(message)
        if not is_json(answer.headers.get("content-type", "")):
            message = f"{self._name} cannot be read: its server does not call it JSON (Content-Type)"
            raise DocumentUnavailable(message)
        try:
            value = self._read(answer.body)
        except ValueError as error:
            message = f"{self._name} cannot be read: {error}"
            raise DocumentUnavailable(message) from None
        return Kept(value=value, url=url, etag=answer.headers.get("etag"), fetched_at=now, fresh_until=until)


def _within(time: Millis, since: Millis | None, now: Millis) -> bool:
    # A clock that was set back must not make a failure last.
    return since is not None and 0 <= now - since < time


def _or_unavailable(usable: Kept[T] | None, failure: str) -> Kept[T]:
    if usable is None:
        raise DocumentUnavailable(failure)
    return usable


def _asking(known: Kept[T] | None) -> Mapping[str, str]:
    asking = {"Accept": "application/json"}
    # RFC 9110 §13.1.2: what we have need not be sent again.
    return asking if known is None or known.etag is None else {**asking, "If-None-Match": known.etag}
