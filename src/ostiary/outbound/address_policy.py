"""Which addresses a server may connect to on somebody else's word: public ones only (SSRF).

Law: ASVS 5.0 V1.3.6, V13.2.4; RFC 9728 §7. The rule looks at addresses after resolution, never at names: a name such as
``0x7f.1`` or ``localhost.``, or one whose owner points it inside, says nothing about where it leads.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

# RFC 6052 §2.1, RFC 8215: IPv6 addresses that a translator of the network turns into IPv4 ones. What such a
# translator can reach is not ours to know.
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def is_public(address: str, *, allow_loopback: bool = False) -> bool:
    """Whether an address, as text, is a public one; with ``allow_loopback`` also this machine itself, for tests."""
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
