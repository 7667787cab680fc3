"""Connecting: a name is resolved once, its addresses are judged, and the one judged is the one connected to.

So a name that answers differently the second time (DNS rebinding) leads nowhere else. One deadline covers
connecting, the TLS handshake, sending and every read: a server that sends a byte a second is not waited for.
Resolving itself is bounded by the system's resolver.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import httpcore
import httpx

from ostiary.kernel.clock import Clock, Millis
from ostiary.outbound.address_policy import Network, is_reachable

Resolve: TypeAlias = Callable[[str, int], list[str]]
"""(name, port) → addresses."""


class AddressRefused(Exception):
    """The name leads to an address that may not be reached."""


def resolve(name: str, port: int) -> list[str]:
    """The addresses of a name, as the system resolves it. Raises ``OSError``."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def context_of(ca_file: str) -> ssl.SSLContext:
    """TLS with the authorities of a file, and no others. Raises ``OSError`` (``ssl.SSLError`` among them) if it has none."""
    return ssl.create_default_context(cafile=ca_file)


class Deadline:
    """How much time is left until an instant, for each step on the way. ``stopwatch`` is a clock that nobody sets."""

    __slots__ = ("_ends_at", "_stopwatch")

    def __init__(self, stopwatch: Clock, allowed: Millis) -> None:
        self._stopwatch = stopwatch
        self._ends_at = stopwatch.now() + allowed

    def seconds_left(self, wanted: float | None) -> float:
        """The seconds a step may take; raises ``httpcore.ReadTimeout`` when there are none."""
        left = (self._ends_at - self._stopwatch.now()) / 1000
        if left <= 0:
            message = "the time for this request is over"
            raise httpcore.ReadTimeout(message)
        return left if wanted is None else min(left, wanted)


class JudgedBackend(httpcore.NetworkBackend):
    """Connects to public addresses and to ``networks``, within a deadline."""

    def __init__(
        self, deadline: Deadline, *, resolve: Resolve, allow_loopback: bool, networks: Sequence[Network] = ()
    ) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._networks = networks
        self._allow_loopback = allow_loopback
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the name, if all of them may be reached."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        # One that may not be reached among several is no accident.
        if not addresses or not all(self._may_reach(one) for one in addresses):
            message = f"{host} does not lead to public addresses only"
            raise AddressRefused(message)
        stream = self._inner.connect_tcp(
            addresses[0],
            port,
            timeout=self._deadline.seconds_left(timeout),
            local_address=local_address,
            socket_options=socket_options,
        )
        return _TimedStream(stream, self._deadline)

    def _may_reach(self, address: str) -> bool:
        return is_reachable(address, networks=self._networks, allow_loopback=self._allow_loopback)


class _TimedStream(httpcore.NetworkStream):
    """A connection of which every step ends by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.seconds_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.seconds_left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # The certificate is checked against the name, whatever address it led to.
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.seconds_left(timeout))
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # httpcore's own signature
        return self._inner.get_extra_info(info)


class JudgedTransport(httpx.BaseTransport):
    """httpx's requests over such connections; one connection a request, since requests out are rare."""

    def __init__(self, backend: JudgedBackend, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=backend, max_connections=1, retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpcore's errors and ``AddressRefused``."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=request.read())
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_AnswerStream(answer))

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Any:  # an iterator over bytes
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
