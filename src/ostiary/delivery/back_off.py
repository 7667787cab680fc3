"""Back-off: when a mail that did not leave is tried again, as a rule over the attempts so far."""

from typing import Final

from ostiary.kernel.clock import MINUTE, SECOND, Millis

# Somebody waits for this mail, and a busy server is often well again in seconds.
_FIRST: Final[Millis] = 15 * SECOND
# RFC 5321 §4.5.4.1 asks for half an hour between attempts once the first ones failed.
_LONGEST: Final[Millis] = 30 * MINUTE
_ENOUGH_DOUBLINGS: Final = 10


def next_attempt(*, attempts: int, now: Millis, expires_at: Millis, jitter: float) -> Millis:
    """When to try again after ``attempts`` of them: each time twice as late, and never after it expires.

    ``jitter`` (0 ≤ jitter < 1) spreads what failed together over half of the delay, so that a server
    that comes back is not met by everybody at once.
    """
    delay = min(_FIRST << min(attempts - 1, _ENOUGH_DOUBLINGS), _LONGEST)
    return min(now + delay // 2 + int(delay / 2 * jitter), expires_at)
