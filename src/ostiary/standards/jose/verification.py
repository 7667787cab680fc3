"""Signature verification (RFC 7518 §3, RFC 8037 §3.1): one function a key, on the way of every token that is new.

The arithmetic is that of ``cryptography`` and ``hmac``; here is only what JWS says about the bytes. Keys and signing are
joserfc's, whose own verification takes a twelfth of a bare request longer for ES256.
"""

import hmac
from collections.abc import Callable
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Verifier: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether a signature (the second) of these bytes (the first) is the key's. Its length was looked at before."""

_SHA256: Final = SHA256()
_ECDSA: Final = ECDSA(_SHA256)
_PKCS1: Final = PKCS1v15()
# RFC 7518 §3.5: the salt is as long as the hash.
_PSS: Final = PSS(mgf=MGF1(_SHA256), salt_length=_SHA256.digest_size)


def hmac_verifier(secret: bytes) -> Verifier:
    """HS256 (RFC 7518 §3.2)."""

    def verifies(signing_input: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, signing_input, "sha256"), signature)

    return verifies


def rsa_verifier(key: RSAPublicKey, *, pss: bool) -> Verifier:
    """RS256 (RFC 7518 §3.3) or, with ``pss``, PS256 (§3.5)."""
    padding = _PSS if pss else _PKCS1

    def verifies(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input, padding, _SHA256)
        except InvalidSignature:
            return False
        return True

    return verifies


def ecdsa_verifier(key: EllipticCurvePublicKey) -> Verifier:
    """ES256 (RFC 7518 §3.4): r and s one behind the other, each as long as the curve's numbers, never ASN.1."""

    def verifies(signing_input: bytes, signature: bytes) -> bool:
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        try:
            key.verify(encode_dss_signature(r, s), signing_input, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return verifies


def ed25519_verifier(key: Ed25519PublicKey) -> Verifier:
    """Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2)."""

    def verifies(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return verifies
