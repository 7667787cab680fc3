"""A frozen clock: it stands at one instant until a test moves it on."""

from ostiary.kernel.clock import Clock, Millis, SystemClock
from ostiary.kernel.duration import Duration, milliseconds


class FrozenClock(Clock):
    """The clock of an application under test. It begins at the present, or at ``at`` (milliseconds since the epoch)."""

    __slots__ = ("_now",)

    def __init__(self, at: Millis | None = None) -> None:
        self._now = SystemClock().now() if at is None else at

    def now(self) -> Millis:
        """The instant it stands at, in milliseconds since the Unix epoch, UTC."""
        return self._now

    def advance(self, by: Duration) -> Millis:
        """Let time pass: ``clock.advance("6m")``. Raises ``ValueError`` for less than a millisecond: it never runs back."""
        self._now += milliseconds(by)
        return self._now
