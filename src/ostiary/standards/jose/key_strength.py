"""Weak keys: what makes a key too weak to sign or to believe, whoever made it (ASVS V11.2.3, V11.6.1)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ostiary.standards.jose.refusals import KeyRefused

LEAST_SECRET_BYTES: Final = 32
"""RFC 7518 §3.2: a key for HS256 is at least as long as its hash."""

LEAST_RSA_BITS: Final = 2_048
"""RFC 7518 §3.3: anything smaller must not be used."""

# Larger ones make verifying slow enough to be an attack, and buy nothing.
_MOST_RSA_BITS: Final = 8_192
# NIST FIPS 186-5 §5.1: 2^16 < e < 2^256, odd.
_LEAST_EXPONENT: Final = 65_537
_MOST_EXPONENT_BITS: Final = 256
# Eight different bytes among 32 are a pattern; random ones have about thirty.
_LEAST_DISTINCT: Final = 8

# Keys of a smart card library (CVE-2017-15361, "ROCA") are powers of 65537 modulo each of the first primes; among other
# keys one in two to the 28th is, by chance.
_ROCA_GENERATOR: Final = 65_537
_ROCA_PRIMES: Final = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89),
    *(97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)


def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(_ROCA_GENERATOR, exponent, prime) for exponent in range(prime))


_ROCA_RESIDUES: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {prime: _powers(prime) for prime in _ROCA_PRIMES}
)


def check_rsa_numbers(*, modulus: int, exponent: int) -> None:
    """Refuse an RSA key that is too small, too large, has a small exponent, or comes from the ROCA library."""
    bits = modulus.bit_length()
    if bits < LEAST_RSA_BITS:
        raise KeyRefused("weak_key", f"the RSA key has {bits} bits, and {LEAST_RSA_BITS} are the least")
    if bits > _MOST_RSA_BITS:
        raise KeyRefused("key_too_large", f"the RSA key has {bits} bits, and {_MOST_RSA_BITS} are the most")
    if exponent < _LEAST_EXPONENT or exponent % 2 == 0 or exponent.bit_length() > _MOST_EXPONENT_BITS:
        raise KeyRefused("weak_key", "the public exponent of the RSA key is no good; 65537 is the usual one")
    if all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES.items()):
        raise KeyRefused("weak_key", "the RSA key was made by a library whose keys can be factored (CVE-2017-15361)")


def check_shared_secret(secret: bytes) -> None:
    """Refuse a secret for HS256 that is short or repeats a few characters, and a public key by mistake."""
    if len(secret) < LEAST_SECRET_BYTES:
        message = f"the secret has {len(secret)} bytes, and {LEAST_SECRET_BYTES} are the least (RFC 7518 §3.2)"
        raise KeyRefused("weak_key", message)
    if len(set(secret)) < _LEAST_DISTINCT:
        raise KeyRefused("weak_key", "the secret repeats a few characters")
    start = secret.lstrip()
    # What was published is no secret, in whatever form: PEM, OpenSSH, a JWK, a certificate in DER.
    if (
        b"-----BEGIN" in secret
        or start.startswith((b"ssh-", b"ecdsa-sha2-"))
        or (start[:1] == b"{" and b'"kty"' in start)
    ):
        raise KeyRefused("key_as_secret", "the secret is a key in text form: give it as private_key=")
