"""Signature algorithms: the allow-list (RFC 8725 §3.1, §3.2), and what a key and a signature of each look like.

There is no ``none``, nothing with SHA-1, and no ``EdDSA``: that name said too little, and RFC 9864 put
``Ed25519`` in its place. Encryption has no names here at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

KeyType: TypeAlias = Literal["EC", "OKP", "RSA", "oct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One algorithm. ``signature_length`` is in bytes; None is as long as the modulus of the key."""

    name: str
    key_type: KeyType
    curve: str | None = None
    signature_length: int | None = None

    @property
    def symmetric(self) -> bool:
        """Whether who verifies could sign as well."""
        return self.key_type == "oct"


ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {
        one.name: one
        for one in (
            # RFC 7518 §3.4: r and s of 32 bytes each, never ASN.1.
            Algorithm(name="ES256", key_type="EC", curve="P-256", signature_length=64),
            # RFC 9864 §2.2, RFC 8032 §5.1.
            Algorithm(name="Ed25519", key_type="OKP", curve="Ed25519", signature_length=64),
            # RFC 7518 §3.3 and §3.5.
            Algorithm(name="RS256", key_type="RSA"),
            Algorithm(name="PS256", key_type="RSA"),
            # RFC 7518 §3.2.
            Algorithm(name="HS256", key_type="oct", signature_length=32),
        )
    }
)
"""Every algorithm there is here, by its name, which is compared letter by letter."""

PUBLIC_KEY_ALGORITHMS: Final = frozenset(name for name, one in ALGORITHMS.items() if not one.symmetric)
"""Those whose verifying half may be published."""
