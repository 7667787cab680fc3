"""Key sets (RFC 7517 §5): several keys of one owner, unmixed, each with a name of its own."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, cast

from ostiary.standards.jose.algorithms import ALGORITHMS
from ostiary.standards.jose.keys import SignatureKey, parse_jwk
from ostiary.standards.jose.refusals import KeyRefused
from ostiary.standards.strict_json import JsonObject

MOST_KEYS: Final = 100
"""More keys than any owner has at once; each costs a check."""

# What a set may hold beside what is wanted: keys for encryption, of other types and curves (RFC 7517 §5).
_PASSED_OVER: Final = frozenset({"wrong_use", "unknown_key_type", "wrong_curve", "algorithm_not_said", "not_wanted"})


class KeySet:
    """Keys by their name. Raises ``KeyRefused`` where two share one, or a shared secret stands beside public keys."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[SignatureKey]) -> None:
        found: dict[str, SignatureKey] = {}
        for key in keys:
            if key.kid in found:
                # Which of the two a token means would be anybody's guess.
                raise KeyRefused("duplicate_kid", "two keys have the same name (kid)")
            found[key.kid] = key
        if len({key.algorithm.symmetric for key in found.values()}) > 1:
            # RFC 8725 §2.1: where both are tried, a public key is soon taken for a secret.
            raise KeyRefused("mixed_keys", "a shared secret and public keys stand in one set")
        self._keys: Mapping[str, SignatureKey] = MappingProxyType(found)

    def find(self, kid: str) -> SignatureKey | None:
        """The key of this name."""
        return self._keys.get(kid)

    def only(self) -> SignatureKey | None:
        """The key, if there is only one: for tokens that name none."""
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def __iter__(self) -> Iterator[SignatureKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, kid: object) -> bool:
        return kid in self._keys

    def document(self) -> JsonObject:
        """The public halves as a JWK set, to be published. Of shared secrets it shows nothing."""
        return {"keys": [key.public_members() for key in self if not key.algorithm.symmetric]}


def parse_key_set(document: Mapping[str, object], *, algorithms: Collection[str]) -> KeySet:
    """The keys of somebody's published set that are for one of these algorithms; every other is passed over.

    A key that names no algorithm is bound to the one of ``algorithms`` that fits it, if only one does. Raises
    ``KeyRefused`` for a set that is none, is too long, publishes a secret, holds a weak key or two of one name.
    """
    unknown = [name for name in algorithms if name not in ALGORITHMS or ALGORITHMS[name].symmetric]
    if unknown or not algorithms:
        raise KeyRefused("wrong_algorithm", "name the algorithms of published keys that are wanted: ES256, RS256, …")
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise KeyRefused("unreadable_key", 'a JWK set is an object with a list "keys"')
    entries = cast("list[object]", listed)
    if len(entries) > MOST_KEYS:
        raise KeyRefused("too_many_keys", f"the JWK set has {len(entries)} keys, and {MOST_KEYS} are read")
    return KeySet(key for entry in entries if (key := _wanted(entry, algorithms)) is not None)


def _wanted(entry: object, algorithms: Collection[str]) -> SignatureKey | None:
    if not isinstance(entry, dict):
        raise KeyRefused("unreadable_key", "an entry of the JWK set is no object")
    members = cast("JsonObject", entry)
    if members.get("kty") == "oct" or "d" in members:
        # RFC 7517 §9.2, §9.3: what is secret is not published; whoever does so has lost that key to everybody.
        raise KeyRefused("published_secret", "the JWK set shows a private key or a shared secret")
    try:
        return parse_jwk(members, algorithm=_algorithm_for(members, algorithms))
    except KeyRefused as refusal:
        if refusal.reason in _PASSED_OVER:
            return None
        raise


def _algorithm_for(members: Mapping[str, object], algorithms: Collection[str]) -> str | None:
    said = members.get("alg")
    if said is not None:
        if said not in algorithms:
            raise KeyRefused("not_wanted", "the key is for an algorithm that is not wanted")
        return None
    fitting = [
        name
        for name in algorithms
        if ALGORITHMS[name].key_type == members.get("kty") and ALGORITHMS[name].curve == members.get("crv")
    ]
    return fitting[0] if len(fitting) == 1 else None
