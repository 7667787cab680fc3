"""The context of a decision: what a policy may look at besides the principal and the resource (ASVS 5.0 V8.1.3)."""

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyContext:
    """What is known of the moment. Read anew for every question; no decision is kept.

    ``at``        the time, in milliseconds since the Unix epoch, UTC
    ``network``   where the request comes from: an IPv4 address, or the /64 of an IPv6 one; None if it is not known
    ``device``    what the browser says it is; never to be trusted
    ``method``    the method of the request; None in a job or a command
    ``endpoint``  the view of the request; None in a job or a command
    """

    at: Millis
    network: str | None = None
    device: str | None = None
    method: str | None = None
    endpoint: str | None = None

    def __post_init__(self) -> None:
        texts = (self.network, self.device, self.method, self.endpoint)
        if type(self.at) is not int or not all(text is None or isinstance(text, str) for text in texts):
            message = "a context is a time in milliseconds, and texts"
            raise TypeError(message)
