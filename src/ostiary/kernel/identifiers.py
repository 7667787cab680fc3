"""Time-ordered identifiers: UUIDv7 (RFC 9562 §5.7) written in 26 characters.

The text sorts as the bytes do, in both databases (``COLLATE "C"`` on PostgreSQL), so that rows made
together lie together. An identifier is a name, never a secret.
"""

from ostiary.kernel.clock import Millis

# Crockford's alphabet: digits, then capitals without I, L, O, U. In byte order, so text order is time order.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 26
_SYMBOLS = frozenset(ALPHABET)


def new_id(now: Millis, random: bytes) -> str:
    """An identifier for something that happens ``now``; ``random`` is ten bytes from the system's generator."""
    if len(random) != 10:
        message = "new_id needs exactly ten random bytes"
        raise ValueError(message)
    # RFC 9562 §5.7: 48 bits of Unix milliseconds, version 7, 12 random bits, variant 0b10, 62 random bits.
    noise = int.from_bytes(random, "big")
    value = (now & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (noise >> 62 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= noise & ((1 << 62) - 1)
    return "".join([ALPHABET[value >> shift & 31] for shift in range(125, -1, -5)])


def is_id(text: str) -> bool:
    """Whether the text has the shape of an identifier. Says nothing about whether it exists."""
    return len(text) == ID_LENGTH and text[0] <= "7" and _SYMBOLS.issuperset(text)


def id_time(identifier: str) -> Millis:
    """The instant an identifier was made, in milliseconds since the Unix epoch."""
    if not is_id(identifier):
        message = "not an identifier"
        raise ValueError(message)
    value = 0
    for symbol in identifier:
        value = value << 5 | ALPHABET.index(symbol)
    return value >> 80


def first_id_at(now: Millis) -> str:
    """The smallest text that sorts no later than any identifier made at ``now``: a bound for range queries."""
    value = (now & ((1 << 48) - 1)) << 80
    return "".join([ALPHABET[value >> shift & 31] for shift in range(125, -1, -5)])
