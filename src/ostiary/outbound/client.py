"""The only HTTP client: https, no redirects, no cookies, no proxies of the environment, a bounded answer in bounded time.

Law: ASVS 5.0 V13.2.4, V15.3.2. It is made for addresses that somebody else may have chosen: it connects to
public addresses only, unless networks are named, and says of a failure what kind it was, never what the other side sent.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from ostiary.kernel.clock import Clock, Millis, MonotonicClock
from ostiary.kernel.dataclass import dataclass

if TYPE_CHECKING:
    import ssl

    import httpx

    from ostiary.outbound.address_policy import Network
    from ostiary.outbound.connection import Resolve

_USER_AGENT: Final = "ostiary"
# A name in ASCII, or an address; httpx would escape anything else, and pass it to the resolver.
_HOST: Final = re.compile(rb"[A-Za-z0-9._:-]{1,253}")


class OutboundRefused(Exception):
    """The address may not be called: not https, with a password in it, or not public."""


class OutboundFailed(Exception):
    """The other side cannot be reached, takes too long, or says too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundAnswer:
    """What came back: the status, the header fields in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundClient:
    """Sends single requests.

    ``timeout`` is for everything together, in milliseconds; ``largest`` the most bytes of an answer's body,
    after decompression, and ``stopwatch`` what the time is taken by: a clock that is set back or forward must not make a
    request endless, or fail. ``networks`` are private ones that may be reached besides, and ``ca_file`` has the authorities, as
    PEM, that a server's certificate is checked against instead of the public ones; it is read at each request, so that it can
    be renewed. ``allow_loopback`` lets tests call a server on this machine, also without TLS.
    """

    __slots__ = ("_allow_loopback", "_ca_file", "_largest", "_networks", "_resolve", "_stopwatch", "_timeout", "_tls")

    def __init__(
        self,
        *,
        timeout: Millis = 2_000,
        largest: int = 262_144,
        allow_loopback: bool = False,
        networks: "Sequence[Network]" = (),
        ca_file: str | None = None,
        stopwatch: Clock | None = None,
        tls: "ssl.SSLContext | None" = None,
        resolve: "Resolve | None" = None,
    ) -> None:
        self._timeout = timeout
        self._largest = largest
        self._allow_loopback = allow_loopback
        self._networks = tuple(networks)
        self._ca_file = ca_file
        self._stopwatch = stopwatch or MonotonicClock()
        self._tls = tls
        self._resolve = resolve

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> OutboundAnswer:
        """Get one address. A redirect is an answer like any other. Raises ``OutboundRefused`` and ``OutboundFailed``."""
        return self._send("GET", url, headers or {})

    def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> OutboundAnswer:
        """Post a form. The fields travel in the body, never in the URL. Raises as ``get`` does."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, {**form, **(headers or {})}, urlencode(fields).encode())

    def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> OutboundAnswer:
        # httpx and its TLS take a while to import: only where something is sent.
        import httpcore
        import httpx

        from ostiary.outbound.connection import AddressRefused

        try:
            target = self._judged(httpx.URL(url))
            with self._client() as client:
                request = client.build_request(
                    method, target, headers={"User-Agent": _USER_AGENT, **headers}, content=content
                )
                answer = client.send(request, stream=True)
                try:
                    return self._read(answer)
                finally:
                    answer.close()
        except AddressRefused as error:
            raise OutboundRefused(str(error)) from None
        except (httpx.InvalidURL, ValueError) as error:
            message = f"not a URL that can be called ({type(error).__name__})"
            raise OutboundRefused(message) from None
        except (
            httpx.HTTPError,
            httpcore.ProtocolError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            # The kind alone: what a stranger's server said belongs into no log.
            raise OutboundFailed(type(error).__name__) from None

    def _judged(self, url: "httpx.URL") -> "httpx.URL":
        if url.scheme != "https" and not (self._allow_loopback and url.scheme == "http"):
            message = f"{url.scheme or 'no scheme'} is not https"
            raise OutboundRefused(message)
        # A name before the @ makes a URL look like another site's (RFC 3986 §7.6).
        if url.userinfo or _HOST.fullmatch(url.raw_host) is None or not 0 < (url.port or 443) <= 65_535:
            message = "a URL has a host, perhaps a port, and no user"
            raise OutboundRefused(message)
        return url

    def _client(self) -> "httpx.Client":
        import httpx

        from ostiary.outbound.connection import Deadline, JudgedBackend, JudgedTransport, context_of, resolve

        backend = JudgedBackend(
            Deadline(self._stopwatch, self._timeout),
            resolve=self._resolve or resolve,
            allow_loopback=self._allow_loopback,
            networks=self._networks,
        )
        tls = self._tls or (
            httpx.create_ssl_context(trust_env=False) if self._ca_file is None else context_of(self._ca_file)
        )
        # No timeout of httpx's own, which would be one for each step: the deadline is over all of them.
        return httpx.Client(
            transport=JudgedTransport(backend, tls),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - see above
        )

    def _read(self, answer: "httpx.Response") -> OutboundAnswer:
        body = bytearray()
        for piece in answer.iter_bytes(16_384):
            body += piece
            if len(body) > self._largest:
                message = "the answer is too long"
                raise OutboundFailed(message)
        return OutboundAnswer(status=answer.status_code, headers=dict(answer.headers), body=bytes(body))
