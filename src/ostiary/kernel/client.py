"""The client of the present request: where it calls from, and what it says of itself.

Actions ask for it through ``ClientSource``, which the adapter provides; outside a request, in a
command or a job, it is the empty one.
"""

from typing import Final, Protocol

from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from.

    ``network``       the address to count against: an IPv4 address, or the /64 of an IPv6 one; None when it
                      cannot be known, and then nothing is counted against it
    ``device``        what the browser says it is, cut to a sane length; shown in the device list, never trusted
    ``known_device``  the content of the known-device cookie, unverified
    """

    network: str | None = None
    device: str | None = None
    known_device: str | None = None


NO_CLIENT: Final = Client()
"""Nobody's request: a command, a job."""


class ClientSource(Protocol):
    """Who knows the present request."""

    def __call__(self) -> Client:
        """The client of the present request, or ``NO_CLIENT``."""
        ...
