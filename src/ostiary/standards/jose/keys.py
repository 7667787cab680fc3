"""Signature keys: a key with its one algorithm (RFC 8725 §3.1), from a JWK, from PEM, or from a shared secret.

Whatever a JWK says of itself is checked and then written anew from the numbers, so that what is published, what the
thumbprint covers and what signs are one key. Law: RFC 7517, RFC 7518 §6, RFC 7638, RFC 8037.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ostiary.standards.jose.algorithms import ALGORITHMS, Algorithm
from ostiary.standards.jose.base64url import NotBase64url, decode_base64url, encode_base64url
from ostiary.standards.jose.key_strength import check_rsa_numbers, check_shared_secret
from ostiary.standards.jose.refusals import KeyRefused
from ostiary.standards.jose.verification import (
    Verifier,
    ecdsa_verifier,
    ed25519_verifier,
    hmac_verifier,
    rsa_verifier,
)
from ostiary.standards.strict_json import JsonObject

JoseKey: TypeAlias = ECKey | OKPKey | RSAKey | OctKey

LONGEST_KID: Final = 256
"""A name that is longer is no name: it is looked up, compared and logged."""

_CLASSES: Final[Mapping[str, type[ECKey] | type[OKPKey] | type[RSAKey]]] = MappingProxyType(
    {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
)
# RFC 7518 §6.2 and §6.3, RFC 8037 §2. Primes beyond two ("oth") are not read.
_PUBLIC: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}
)
_PRIVATE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"EC": ("d",), "OKP": ("d",), "RSA": ("d", "p", "q", "dp", "dq", "qi")}
)


@dataclass(frozen=True, slots=True, eq=False)
class SignatureKey:
    """A key, its name, and the one algorithm it is used with.

    ``kid``               how tokens name it; by default the thumbprint of RFC 7638
    ``algorithm``         an entry of the allow-list
    ``can_sign``          whether it is more than the public half
    ``signature_length``  how many bytes every signature of this key has
    """

    kid: str
    algorithm: Algorithm
    can_sign: bool
    _key: JoseKey = field(repr=False)
    signature_length: int = field(init=False, repr=False)
    # The algorithm as joserfc has it, for signing; its registry is told the one name that may be asked for.
    _model: JWSAlgModel = field(init=False, repr=False)
    _verifies: Verifier = field(init=False, repr=False)

    def __post_init__(self) -> None:
        length = self.algorithm.signature_length
        if length is None:
            # RFC 8017 §8.1.2, §8.2.2: as long as the modulus.
            length = (cast("RSAKey", self._key).public_key.key_size + 7) // 8
        object.__setattr__(self, "signature_length", length)
        object.__setattr__(self, "_verifies", _verifier_of(self._key, self.algorithm))
        model = JWSRegistry(algorithms=[self.algorithm.name]).get_alg(self.algorithm.name)
        object.__setattr__(self, "_model", model)

    def sign(self, signing_input: bytes) -> bytes:
        """The signature of these bytes. Raises ``KeyRefused`` for a public key."""
        if not self.can_sign:
            raise KeyRefused("public_key", "only the private half of a key can sign")
        return self._model.sign(signing_input, self._key)

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's. Its length is looked at before anything is computed with it."""
        if len(signature) != self.signature_length:
            return False
        return self._verifies(signing_input, signature)

    def public_members(self) -> JsonObject:
        """The public half as a JWK, with its name, use and algorithm. Raises ``KeyRefused`` for a shared secret."""
        if self.algorithm.symmetric:
            # RFC 7517 §9.2: a symmetric key is never published.
            raise KeyRefused("shared_secret", "a shared secret has no public half")
        members: JsonObject = dict(self._key.as_dict(private=False))
        return {**members, "kid": self.kid, "use": "sig", "alg": self.algorithm.name}

    def private_members(self) -> JsonObject:
        """The whole key as a JWK: a secret. Raises ``KeyRefused`` where there is only the public half."""
        if not self.can_sign:
            raise KeyRefused("public_key", "this is the public half of a key")
        members: JsonObject = dict(self._key.as_dict(private=True))
        return {**members, "kid": self.kid, "use": "sig", "alg": self.algorithm.name}


def _verifier_of(key: JoseKey, algorithm: Algorithm) -> Verifier:
    if isinstance(key, OctKey):
        return hmac_verifier(key.raw_value)
    public: object = key.public_key
    if isinstance(public, RSAPublicKey):
        return rsa_verifier(public, pss=algorithm.name == "PS256")
    if isinstance(public, EllipticCurvePublicKey):
        return ecdsa_verifier(public)
    if isinstance(public, Ed25519PublicKey):
        return ed25519_verifier(public)
    # Every entry of the allow-list is one of these.
    message = f"nothing verifies {algorithm.name}"
    raise LookupError(message)


def key_of_secret(secret: bytes) -> SignatureKey:
    """The key for HS256 of a shared secret. Raises ``KeyRefused`` for a weak one."""
    check_shared_secret(secret)
    # RFC 7638 §7: a thumbprint of a secret is a hash to guess against. This name can be made only by who knows it, and
    # says no more than any token that it signs.
    kid = encode_base64url(hmac.digest(secret, b"ostiary/1/kid", "sha256")[:12])
    try:
        key = OctKey.import_key(_oct_members(secret))
    except ValueError:
        # joserfc finds public keys and certificates in DER as well.
        raise KeyRefused("key_as_secret", "the secret is a public key or a certificate, which others know") from None
    return SignatureKey(kid, ALGORITHMS["HS256"], can_sign=True, _key=key)


def _oct_members(secret: bytes) -> dict[str, str | list[str]]:
    return {"kty": "oct", "k": encode_base64url(secret)}


def parse_jwk(members: Mapping[str, object], *, algorithm: str | None = None, kid: str | None = None) -> SignatureKey:
    """The key of a JWK, public or private.

    ``algorithm`` binds a key that does not say which is its own; where the key says one, both are the same. ``kid``
    names it; without one its own name counts, and where it has none its thumbprint. Raises ``KeyRefused``.
    """
    key_type = members.get("kty")
    if key_type == "oct":
        # A set that could bring one would turn whoever publishes it into somebody who signs in our name.
        raise KeyRefused("shared_secret", "a shared secret is given as secret=, never as a JWK")
    if not isinstance(key_type, str) or key_type not in _CLASSES:
        raise KeyRefused("unknown_key_type", "the JWK is of no type that is known here: EC, OKP and RSA are")
    _check_purpose(members)
    said = members.get("alg")
    if said is not None and algorithm is not None and said != algorithm:
        raise KeyRefused("wrong_algorithm", f"the JWK is for another algorithm than {algorithm}")
    named = _kid_of(members) if kid is None else kid
    private = "d" in members
    numbers = _numbers(members, key_type, private=private)
    if key_type == "RSA":
        # Before anything is computed with them.
        check_rsa_numbers(modulus=_integer(numbers["n"]), exponent=_integer(numbers["e"]))
    key = _import(_CLASSES[key_type], numbers)
    return _bound(key, algorithm=algorithm or said, kid=named, private=private)


def parse_pem(text: str, *, algorithm: str | None = None) -> SignatureKey:
    """The key of a PEM document: a private one (PKCS #8, SEC 1, PKCS #1), or a public one.

    ``algorithm`` must be named for RSA, which serves two. Raises ``KeyRefused``.
    """
    document = text.strip().encode("utf-8", "replace")
    private = b"PRIVATE KEY-----" in document
    try:
        found = load_pem_private_key(document, password=None) if private else load_pem_public_key(document)
    except TypeError:
        raise KeyRefused(
            "encrypted_key", "the PEM key has a password: give it without one, in a file of its own"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("unreadable_key", "the PEM document holds no key that can be read") from None
    native: object = found
    if isinstance(native, RSAPrivateKey | RSAPublicKey):
        key: JoseKey = RSAKey(native, native)
    elif isinstance(native, EllipticCurvePrivateKey | EllipticCurvePublicKey):
        key = ECKey(native, native)
    elif isinstance(native, Ed25519PrivateKey | Ed25519PublicKey):
        key = OKPKey(native, native)
    else:
        raise KeyRefused("unknown_key_type", "the PEM key is of no type that is known here: P-256, Ed25519, RSA")
    return _bound(key, algorithm=algorithm, kid=None, private=private)


def _bound(key: JoseKey, *, algorithm: object, kid: str | None, private: bool) -> SignatureKey:
    """The key with its one algorithm, once it was found strong enough."""
    bound = _algorithm_of(key, algorithm)
    if isinstance(key, RSAKey):
        numbers = key.public_key.public_numbers()
        check_rsa_numbers(modulus=numbers.n, exponent=numbers.e)
    return SignatureKey(kid or key.thumbprint(), bound, can_sign=private, _key=key)


def _algorithm_of(key: JoseKey, named: object) -> Algorithm:
    curve = getattr(key, "curve_name", None)
    fitting = [one for one in ALGORITHMS.values() if one.key_type == key.key_type and one.curve == curve]
    if not fitting:
        raise KeyRefused("wrong_curve", "the key is on a curve that no algorithm here uses: P-256 and Ed25519 are")
    if named is None:
        if len(fitting) > 1:
            names = " or ".join(one.name for one in fitting)
            raise KeyRefused("algorithm_not_said", f"the key does not say its algorithm: name one, {names}")
        return fitting[0]
    for one in fitting:
        if one.name == named:
            return one
    names = ", ".join(one.name for one in fitting)
    raise KeyRefused("wrong_algorithm", f"this key is not for the algorithm that was named; it could be for {names}")


def _check_purpose(members: Mapping[str, object]) -> None:
    # RFC 7517 §4.2 and §4.3: a key for encryption signs nothing.
    if members.get("use", "sig") != "sig":
        raise KeyRefused("wrong_use", 'the JWK is not for signatures: its "use" is not "sig"')
    operations = members.get("key_ops", ["verify"])
    if not isinstance(operations, list) or not {"sign", "verify"} & set(map(str, cast("list[object]", operations))):
        raise KeyRefused("wrong_use", 'the JWK is not for signatures: its "key_ops" name neither sign nor verify')


def _kid_of(members: Mapping[str, object]) -> str | None:
    kid = members.get("kid")
    if kid is None:
        return None
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise KeyRefused("unreadable_key", f'the "kid" of the JWK is not text of at most {LONGEST_KID} characters')
    return kid


def _numbers(members: Mapping[str, object], key_type: str, *, private: bool) -> dict[str, str | list[str]]:
    """The members that make the key, each checked; nothing else of a JWK is believed."""
    wanted = _PUBLIC[key_type] + (_PRIVATE[key_type] if private else ())
    found: dict[str, str | list[str]] = {"kty": key_type}
    for name in wanted:
        value = members.get(name)
        if not isinstance(value, str):
            raise KeyRefused("unreadable_key", f'the JWK has no text "{name}"')
        if name != "crv":
            try:
                decode_base64url(value)
            except NotBase64url:
                raise KeyRefused("unreadable_key", f'"{name}" of the JWK is not base64url') from None
        found[name] = value
    return found


def _integer(text: str | list[str]) -> int:
    return int.from_bytes(decode_base64url(cast("str", text)), "big")


def _import(kind: type[ECKey] | type[OKPKey] | type[RSAKey], numbers: dict[str, str | list[str]]) -> JoseKey:
    try:
        key = kind.import_key(numbers)
        # Points off the curve and halves that do not belong together are found here (RFC 8725 §3.4); and what is
        # published afterwards comes from the numbers, not from what the JWK said.
        raw = key.raw_value
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
        raise KeyRefused("unreadable_key", "the numbers of the JWK are no key") from None
    native: Any = raw  # the native key of this very class
    rewritten = kind(native, native)
    for name in _PUBLIC[kind.key_type]:
        # RFC 7518 §6: one text for each number. A private half with the public half of another key differs here.
        if rewritten.dict_value.get(name) != numbers[name]:
            raise KeyRefused("unreadable_key", f'"{name}" of the JWK does not belong to the rest of it')
    return rewritten
