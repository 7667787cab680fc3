"""The event bus: who hears what, in which order, and whose failure stops what."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.events import Event, RateLimited, SignedOut, SignInFailed

OUT = SignedOut(at=1, subject="ada", session="s")
LIMITED = RateLimited(at=1, limit="login")


class Transaction:
    """A transaction as far as the bus sees one: it is committed, or it is not."""

    def __init__(self) -> None:
        self.afterwards: list[Callable[[], None]] = []

    def after_commit(self, act: Callable[[], None]) -> None:
        self.afterwards.append(act)

    def commit(self) -> None:
        for act in self.afterwards:
            act()


class Ledger:
    """What was heard, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def during(self, name: str) -> Callable[[Any, Any], None]:
        return lambda event, tx: self.heard.append(name)

    def on(self, name: str) -> Callable[[Any], None]:
        return lambda event: self.heard.append(name)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_during_listeners_hear_at_once_and_the_others_after_the_commit(ledger: Ledger) -> None:
    listeners, tx = Listeners(), Transaction()
    listeners.on(SignedOut, ledger.on("after"))
    listeners.during(SignedOut, ledger.during("during"))
    EventBus(listeners).emit(OUT, tx)
    assert ledger.heard == ["during"]
    tx.commit()
    assert ledger.heard == ["during", "after"]


def test_what_is_rolled_back_is_never_told_afterwards(ledger: Ledger) -> None:
    listeners = Listeners()
    listeners.on(SignedOut, ledger.on("after"))
    EventBus(listeners).emit(OUT, Transaction())
    assert ledger.heard == []


def test_listeners_hear_in_the_order_they_were_added(ledger: Ledger) -> None:
    features, application, tx = Listeners(), Listeners(), Transaction()
    for number in range(3):
        application.during(Event, ledger.during(f"application {number}"))
        features.during(SignedOut, ledger.during(f"feature {number}"))
        application.on(SignedOut, ledger.on(f"after {number}"))
    EventBus(features, application).emit(OUT, tx)
    tx.commit()
    assert ledger.heard == [f"feature {n}" for n in range(3)] + [f"application {n}" for n in range(3)] + [
        f"after {n}" for n in range(3)
    ]


def test_a_during_listener_gets_the_event_and_its_transaction() -> None:
    got: list[tuple[Event, object]] = []
    listeners, tx = Listeners(), Transaction()
    listeners.during(SignedOut, lambda event, tx: got.append((event, tx)))
    EventBus(listeners).emit(OUT, tx)
    assert got == [(OUT, tx)]


def test_a_during_listener_that_raises_aborts_and_nothing_is_told_afterwards(ledger: Ledger) -> None:
    def refuse(event: SignedOut, tx: object) -> None:
        raise RuntimeError("not in my transaction")

    listeners, tx = Listeners(), Transaction()
    listeners.during(SignedOut, refuse)
    listeners.during(SignedOut, ledger.during("too late"))
    listeners.on(SignedOut, ledger.on("after"))
    with pytest.raises(RuntimeError, match="not in my transaction"):
        EventBus(listeners).emit(OUT, tx)
    assert ledger.heard == []
    assert tx.afterwards == []


def test_the_failure_of_a_listener_after_the_commit_is_logged_and_not_raised(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("the mail server is down")

    listeners, tx = Listeners(), Transaction()
    listeners.on(SignedOut, fail)
    listeners.on(SignedOut, ledger.on("after"))
    with caplog.at_level(logging.ERROR, logger="ostiary.events"):
        EventBus(listeners).emit(OUT, tx)
        tx.commit()
    assert ledger.heard == ["after"]
    assert "a listener to signed_out failed" in caplog.text
    assert "the mail server is down" in caplog.text


def test_what_belongs_to_no_transaction_is_announced_and_never_raises(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError

    listeners = Listeners()
    listeners.on(RateLimited, fail)
    listeners.on(RateLimited, ledger.on("heard"))
    listeners.during(RateLimited, ledger.during("not in a transaction"))
    EventBus(listeners).announce(LIMITED)
    assert ledger.heard == ["heard"]
    assert "a listener to rate_limited failed" in caplog.text


def test_a_listener_hears_its_kind_of_event_and_no_other(ledger: Ledger) -> None:
    listeners, tx = Listeners(), Transaction()
    listeners.during(SignInFailed, ledger.during("failed"))
    listeners.on(SignInFailed, ledger.on("failed"))
    listeners.during(Event, ledger.during("everything"))
    EventBus(listeners).emit(OUT, tx)
    tx.commit()
    assert ledger.heard == ["everything"]


def test_listeners_added_after_the_bus_was_made_hear_too(ledger: Ledger) -> None:
    listeners = Listeners()
    bus = EventBus(listeners)
    listeners.on(RateLimited, ledger.on("late"))
    bus.announce(LIMITED)
    assert ledger.heard == ["late"]


def test_a_list_can_take_in_another_in_its_order(ledger: Ledger) -> None:
    ours, theirs, tx = Listeners(), Listeners(), Transaction()
    ours.during(SignedOut, ledger.during("ours"))
    theirs.during(SignedOut, ledger.during("theirs"))
    theirs.on(SignedOut, ledger.on("theirs after"))
    ours.extend(theirs)
    EventBus(ours).emit(OUT, tx)
    tx.commit()
    assert ledger.heard == ["ours", "theirs", "theirs after"]
