"""The client's address: whom a per-network limit counts, and what the audit log writes down.

``X-Forwarded-For`` is written by whoever sends the request, so it counts only as far as proxies are stated
(ASVS V4.1.3, V15.3.4; RFC 9700 §4.13). A network is what one customer is given: a /64 in IPv6, one address in IPv4.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final, TypeAlias

from ostiary.kernel.dataclass import dataclass
from ostiary.web.host import PROXY_FIX_RAN

_Address: TypeAlias = IPv4Address | IPv6Address

# Where proxies live: RFC 1918, loopback, link-local, the shared space of RFC 6598, and their like in IPv6.
# Python's is_private would also call the documentation ranges private.
_PRIVATE: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)

# Some proxies append the port: 192.0.2.1:4711, [2001:db8::1]:4711.
_WITH_PORT: Final = re.compile(
    r"\[([0-9a-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}", re.ASCII | re.IGNORECASE
)
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """Where a request comes from.

    ``ip`` is None where it cannot be known (a Unix socket). ``network`` is what a limit counts: ``2001:db8::/64``,
    ``192.0.2.1/32``; with None and no unknown proxy, a limit counts all such requests together.
    ``forwarded_by_unknown_proxy`` says that everybody would share the address of a proxy nobody stated: then
    no limit is counted on it, and the developer is told.
    """

    ip: str | None
    network: str | None
    forwarded_by_unknown_proxy: bool = False


def client_address(environ: Mapping[str, Any], *, trusted_proxies: int = 0) -> ClientAddress:
    """Where the request comes from, with ``trusted_proxies`` proxies of ours in front. Never raises.

    Where Werkzeug's ProxyFix ran, its answer is taken and ``trusted_proxies`` ignored. A forwarded address that
    is missing or no address gives the peer: the nearest proxy.
    """
    peer = _parse(environ.get("REMOTE_ADDR"))
    original: Mapping[str, Any] | None = environ.get(PROXY_FIX_RAN)
    if original is not None:
        return _known(peer or _parse(original.get("REMOTE_ADDR")))
    forwarded: str | None = environ.get("HTTP_X_FORWARDED_FOR")
    if trusted_proxies > 0:
        return _known(_nth_from_the_right(forwarded, trusted_proxies) or peer)
    if forwarded and (peer is None or _is_private(peer)):
        return ClientAddress(ip=None if peer is None else str(peer), network=None, forwarded_by_unknown_proxy=True)
    return _known(peer)


def _nth_from_the_right(forwarded: str | None, count: int) -> _Address | None:
    # Each proxy appends the address it was called from, so the n-th from the right was written by the
    # outermost trusted one. Everything to its left is the client's own invention.
    values = (forwarded or "").rsplit(",", count)[-count:]
    return _parse(values[0]) if len(values) == count else None


def _parse(text: str | None) -> _Address | None:
    written = (text or "").strip(" \t")
    if not written or len(written) > _LONGEST:
        return None
    match = _WITH_PORT.fullmatch(written)
    if match is not None:
        written = match[1] or match[2]
    try:
        # The zone of a link-local address ("fe80::1%eth0") names an interface of this machine.
        address = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    # A dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1; they must not share one /64.
    return mapped or address


def _is_private(address: _Address) -> bool:
    return any(address in network for network in _PRIVATE)


def _known(address: _Address | None) -> ClientAddress:
    if address is None:
        return ClientAddress(ip=None, network=None)
    if isinstance(address, IPv4Address):
        return ClientAddress(ip=str(address), network=f"{address}/32")
    # RFC 6177: a site gets at least a /64, so one person has 2**64 addresses to rotate through.
    return ClientAddress(ip=str(address), network=str(IPv6Network((int(address), 64), strict=False)))
