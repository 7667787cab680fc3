"""Which addresses a server may connect to on somebody else's word: public ones, and networks that were named (SSRF).

Law: ASVS 5.0 V1.3.6, V13.2.4; RFC 9728 §7. The rule looks at addresses after resolution, never at names: a name such as
``0x7f.1`` or ``localhost.``, or one whose owner points it inside, says nothing about where it leads.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

# RFC 6052 §2.1, RFC 8215: IPv6 addresses that a translator of the network turns into IPv4 ones. What such a
# translator can reach is not ours to know.
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


# RFC 1918, RFC 6598, RFC 4193, and this machine. Link-local addresses are in none of them, and can be named by nobody:
# that is where a cloud's machines are told their credentials (169.254.169.254).
_PRIVATE: Final = tuple(
    ip_network(one)
    for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
_METADATA: Final = (
    IPv6Network("fd00:ec2::254/128"),
    IPv6Network("fd20:ce::254/128"),
    IPv4Network("100.100.100.200/32"),
)


def parse_private_network(text: str) -> Network:
    """A private network, ``"10.1.0.0/16"``, that a server may be told to reach. Raises ``ValueError`` for any other."""
    network = ip_network(text)
    if not any(_is_within(network, private) for private in _PRIVATE):
        message = f"{text} is no private network"
        raise ValueError(message)
    return network


def _is_within(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def is_reachable(address: str, *, networks: Iterable[Network] = (), allow_loopback: bool = False) -> bool:
    """Whether an address, as text, is a public one or in one of ``networks``; with ``allow_loopback`` also this machine itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        # With a zone ("fe80::1%eth0") it is link-local; anything else is no address.
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif _embeds_ipv4(parsed):
            return False
    if any(parsed in network for network in networks):
        # Some clouds do so within a private range, and whoever names the range does not mean that.
        return not any(parsed in network for network in _METADATA)
    if parsed.is_loopback:
        return allow_loopback
    return _is_global(parsed)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    # `is_global` follows IANA's registries of special addresses; multicast has a registry of its own.
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _embeds_ipv4(address: IPv6Address) -> bool:
    # 6to4 (RFC 3056) and Teredo (RFC 4380) carry an IPv4 address inside, and are used by nobody any more.
    embedded = address.sixtofour is not None or address.teredo is not None
    return embedded or any(address in network for network in _TRANSLATED)
