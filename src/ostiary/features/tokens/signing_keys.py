"""Signing keys: what signs access tokens and what verifies them, wherever they come from.

``SigningKeys`` is what issuing and verifying see. Keys that were configured never change while a process lives; those
in the database do (``stored_keys.py``).
"""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import misconfigured
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.keys import SignatureKey, key_of_secret, parse_jwk, parse_pem
from ostiary.standards.jose.refusals import KeyRefused
from ostiary.standards.strict_json import JsonObject, NotStrictJson, decode_json_object

# NIST SP 800-57 part 1, table 2: 128 bits of security, as the curves have.
_RSA_BITS = 3_072
_RSA_EXPONENT = 65_537
# A JWK set of a few RSA keys.
_MOST_BYTES = 65_536


class SigningKeys(Protocol):
    """The keys of this application."""

    def signer(self, now: Millis) -> SignatureKey:
        """The key that signs now. Made if there is none; raises ``Unavailable`` where that cannot be known."""
        ...

    def verifying(self, now: Millis, *, kid: str | None) -> KeySet:
        """The keys whose tokens are believed now; ``kid`` is the one that is looked for."""
        ...

    def published(self, now: Millis) -> KeySet:
        """The keys that others verify with; of shared secrets none is shown."""
        ...

    def version(self, now: Millis) -> int:
        """Changes whenever a key is believed no longer: what was verified before is then verified again."""
        ...


class ConfiguredKeys:
    """Keys that were given by settings; the first signs. ``find`` is asked once, at first use."""

    __slots__ = ("_find", "_keys")

    def __init__(self, find: Callable[[], Sequence[SignatureKey]]) -> None:
        self._find = find
        self._keys: tuple[SignatureKey, KeySet] | None = None

    def signer(self, now: Millis) -> SignatureKey:  # noqa: ARG002 - they do not change
        """The first key."""
        return self._found()[0]

    def verifying(self, now: Millis, *, kid: str | None) -> KeySet:  # noqa: ARG002
        """All of them."""
        return self._found()[1]

    def published(self, now: Millis) -> KeySet:  # noqa: ARG002
        """All of them."""
        return self._found()[1]

    def version(self, now: Millis) -> int:  # noqa: ARG002
        """Always the same."""
        return 0

    def _found(self) -> tuple[SignatureKey, KeySet]:
        # Two threads that come here first find the same: whatever makes keys agrees on one.
        if self._keys is None:
            keys = tuple(self._find())
            self._keys = (keys[0], KeySet(keys))
        return self._keys


def generate_key(algorithm: str) -> SignatureKey:
    """A new key for an algorithm whose verifying half can be published."""
    if algorithm == "ES256":
        made: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey = ec.generate_private_key(
            ec.SECP256R1()
        )
    elif algorithm == "Ed25519":
        made = ed25519.Ed25519PrivateKey.generate()
    else:
        made = rsa.generate_private_key(public_exponent=_RSA_EXPONENT, key_size=_RSA_BITS)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return parse_pem(pem.decode(), algorithm=algorithm)


def read_keys(text: str, *, algorithm: str | None, own_name: bool = True) -> tuple[SignatureKey, ...]:
    """The keys of a PEM document, a JWK or a JWK set, in their order. Raises ``KeyRefused``.

    ``own_name`` names each by its thumbprint, whatever it is called where it comes from.
    """
    stripped = text.strip()
    if not stripped.startswith("{"):
        return (parse_pem(stripped, algorithm=algorithm),)
    try:
        document = decode_json_object(stripped.encode("utf-8", "surrogatepass"), max_bytes=_MOST_BYTES)
    except NotStrictJson as error:
        raise KeyRefused("unreadable_key", f"the JWK cannot be read: {error}") from None
    listed: object = document.get("keys", [document])
    members = cast("list[JsonObject]", listed) if isinstance(listed, list) else []
    if not members or not all(isinstance(cast("object", one), dict) for one in members):
        raise KeyRefused("unreadable_key", 'a JWK set is an object with a list "keys" of objects')
    found = tuple(parse_jwk(_unnamed(one) if own_name else one, algorithm=algorithm) for one in members)
    KeySet(found)
    return found


def _unnamed(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if name != "kid"}


def keys_of_secrets(secret: str, fallbacks: Sequence[str]) -> tuple[SignatureKey, ...]:
    """The keys of a secret and those of before. Raises ``KeyRefused``."""
    found = tuple(key_of_secret(one.encode("utf-8", "surrogatepass")) for one in (secret, *fallbacks))
    KeySet(found)
    return found


def signing_keys_of(text: str, *, algorithm: str | None) -> tuple[SignatureKey, ...]:
    """The keys of ``private_key=``: the first can sign. Raises ``KeyRefused``."""
    found = read_keys(text, algorithm=algorithm)
    if not found[0].can_sign:
        raise KeyRefused("public_key", "the first key is a public one, and signs nothing")
    return found


def refused_key(setting: str, refusal: KeyRefused) -> Exception:
    """The problem of a key that is not taken, with its cure."""
    return misconfigured(refusal.reason, f"Tokens({setting}=…): {refusal}", KEY_CURE)


KEY_CURE = (
    "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256; "
    "a secret with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
)
