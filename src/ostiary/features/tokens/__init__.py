"""Tokens: access tokens that carry who is calling, refresh tokens that renew them, and the keys that sign.

settings.py          how long, by which key, for whom
access_token.py      issuing and verifying access tokens (RFC 9068)
verified_token.py    what a good one says
present.py           ``Authorization: Bearer``
signing_keys.py      what signs and what verifies
signing_key_life.py  next, current, retired
stored_keys.py       keys in the database, rotated on a schedule
development_key.py   the key that a developer's machine makes
jwks.py              the public halves, for others
token_wish.py        scope, audience, claims and lifetime that one issue asks for
issuing.py, actions.py  ``auth.tokens``
families.py, refresh_token_rotation.py, grant_errors.py  refresh tokens
family_list.py       who holds one
token_cookies.py, csrf_binding.py       tokens in cookies
trusted_issuer.py, foreign_tokens.py, foreign_claims.py, introspection.py  other issuers' tokens
store.py             the tables and their statements
http.py              the addresses
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ostiary.features.tokens.settings import TokensSettings
from ostiary.kernel.clock import SECOND, Millis
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.key_folder import KeyFolder
from ostiary.kernel.key_ring import KeyRing, check_secret_key
from ostiary.kernel.resources import Resources
from ostiary.kernel.secret import Secret
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.web.contribution import Contribution
from ostiary.web.section import Section
from ostiary.web.url_policy import UrlPolicy

if TYPE_CHECKING:
    from ostiary.features.tokens.actions import TokenActions
    from ostiary.features.tokens.events import EverybodysTokensRevoked, SigningKeyMade, SigningKeyRetired
    from ostiary.features.tokens.present import ForeignTokens, RevocationCheck
    from ostiary.features.tokens.signing_keys import SigningKeys
    from ostiary.features.tokens.trusted_issuer import Introspection, Issuer
    from ostiary.standards.jose.keys import SignatureKey

__all__ = [
    "EverybodysTokensRevoked",
    "Introspection",
    "Issuer",
    "SigningKeyMade",
    "SigningKeyRetired",
    "TokenActions",
    "Tokens",
]

_DEFAULT_ALGORITHM = "ES256"
# Development has no public address; two applications there have different keys.
_NAME_IN_DEVELOPMENT = "http://localhost"


def __getattr__(name: str) -> Any:  # public names that bring more than a list of features needs
    if name == "TokenActions":
        from ostiary.features.tokens.actions import TokenActions

        return TokenActions
    if name in ("Issuer", "Introspection"):
        from ostiary.features.tokens import trusted_issuer

        return getattr(trusted_issuer, name)
    if name in ("EverybodysTokensRevoked", "SigningKeyMade", "SigningKeyRetired"):
        from ostiary.features.tokens import events

        return getattr(events, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class Tokens(TokensSettings):
    """Access tokens for programs, with refresh tokens and revocation unless ``stateless``."""

    name: ClassVar[str] = "tokens"

    def required(self) -> tuple[str, ...]:
        """The way in; and what ends a token early, where something is stored."""
        return ("sign_in",) if self.stateless else ("revocation", "sign_in")

    def stores(self) -> bool:
        """Families of refresh tokens, revocations, and keys."""
        return not self.stateless

    def credential_kinds(self) -> frozenset[str]:
        """The access token."""
        return frozenset({"bearer"})

    def proofs(self) -> frozenset[str]:
        """What the tokens of other issuers may prove."""
        return frozenset[str]().union(*(issuer.proofs() for issuer in self.trust if hasattr(issuer, "proofs")))

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        yield from self._key_problems()
        access = milliseconds(self.access)
        if not SECOND <= access <= LONGEST_ACCESS_TOKEN:
            yield Problem(
                code="access_lifetime",
                what=f"Tokens(access={self.access!r}) is not between a second and a day",
                cure='"15m" is the default; who needs longer takes refresh tokens, which can be ended',
            )
        if access > milliseconds(self.refresh):
            what = f"Tokens(access={self.access!r}) is longer than refresh={self.refresh!r}"
            yield Problem(code="access_longer_than_refresh", what=what, cure="make access the shorter of the two")
        if self.trust:
            from ostiary.features.tokens.trusted_issuer import trust_problems  # only where others are trusted

            yield from trust_problems(self.trust, own_issuer=self.issuer)

    def _key_problems(self) -> Iterable[Problem]:
        from ostiary.features.tokens.signing_keys import KEY_CURE  # joserfc only where tokens are on
        from ostiary.standards.jose.algorithms import ALGORITHMS, PUBLIC_KEY_ALGORITHMS
        from ostiary.standards.jose.refusals import KeyRefused

        if self.algorithm is not None and self.algorithm not in ALGORITHMS:
            hint = "its name is Ed25519 now (RFC 9864); " if self.algorithm == "EdDSA" else ""
            names = ", ".join(sorted(PUBLIC_KEY_ALGORITHMS))
            what = f"Tokens(algorithm={self.algorithm!r}) is no algorithm that is used here"
            yield Problem(code="unknown_algorithm", what=what, cure=f"{hint}there are {names}, and HS256 with secret=")
            return
        if self.secret is not None and self.private_key is not None:
            what = "Tokens has both a secret and a private key, and one of them signs"
            yield Problem(code="two_signing_keys", what=what, cure="keep one: secret= for HS256, private_key= else")
            return
        if (self.algorithm == "HS256") != (self.secret is not None) and (self.secret is None or self.algorithm):
            what = f"Tokens(algorithm={self.algorithm!r}) {'with' if self.secret is not None else 'without'} secret="
            cure = "HS256 and a secret belong together; leave algorithm= out beside secret="
            yield Problem(code="algorithm_and_secret", what=what, cure=cure)
            return
        if self.secret_fallbacks and self.secret is None:
            what = "Tokens(secret_fallbacks=…) without secret="
            yield Problem(code="algorithm_and_secret", what=what, cure="give the present one as secret=")
        setting = "secret" if self.secret is not None else "private_key"
        try:
            if self.secret is not None or self.private_key is not None:
                self._configured_keys()
        except KeyRefused as refusal:
            yield Problem(code=refusal.reason, what=f"Tokens({setting}=…): {refusal}", cure=KEY_CURE)
            return
        for secret in () if self.secret is None else (_reveal(self.secret), *self.secret_fallbacks):
            # RFC 8725 §3.5: what a manual shows as an example can be guessed, however long it is.
            weak = check_secret_key(Secret(secret))
            if weak is not None:
                yield Problem(code="weak_key", what=f"Tokens(secret=…): {weak.what}", cure=KEY_CURE)

    def deployment_problems(self) -> Iterable[Problem]:
        """Production without a database is given its key: nowhere could one be kept that all processes share."""
        if self.stateless and self.secret is None and self.private_key is None:
            from ostiary.features.tokens.development_key import no_signing_key  # joserfc only where tokens are on

            yield no_signing_key()

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """The public keys; refreshing and revoking; signing out of token cookies."""
        found: tuple[object, ...] = ()
        if self.secret is None:
            from ostiary.features.tokens.jwks import ROUTES  # joserfc only where tokens are on

            found = ROUTES
        cookies_alone = self.cookies and "sessions" not in on
        if not self.stateless or cookies_alone:
            from ostiary.features.tokens.http import REFRESH_ROUTES, SIGN_OUT_ROUTES  # SQLAlchemy only where it is used

            found += () if self.stateless else REFRESH_ROUTES
            found += SIGN_OUT_ROUTES if cookies_alone else ()
        return found

    def expiring(self) -> tuple[object, ...]:
        """Families that have ended, and keys whose last token has."""
        if self.stateless:
            return ()
        from ostiary.features.tokens.store import refresh_families, signing_keys  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (
            Expiring(table=refresh_families, column="ends_at"),
            # What was retired is told for a while: an operator looks for it.
            Expiring(table=signing_keys, column="verifies_until", keep=30 * LONGEST_ACCESS_TOKEN),
        )

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.tokens``, the keys, and the readers of ``Authorization`` and of token cookies."""
        from ostiary.features.tokens.access_token import AccessTokens  # joserfc only where tokens are on
        from ostiary.features.tokens.issuing import add_issuing
        from ostiary.features.tokens.present import BearerReader
        from ostiary.features.tokens.signing_keys import SigningKeys

        keys = self._signing_keys(resources)
        resources.add(keys, as_type=SigningKeys)
        issuer = self.issuer or self._own_name(resources[UrlPolicy])
        access = AccessTokens(
            keys,
            issuer=issuer,
            audience=self.audience or issuer,
            lifetime=milliseconds(self.access),
            tracks_rights=not self.stateless,
        )
        resources.add(access)
        revocations = self._revocations(resources)
        reader = BearerReader(access, revocations=revocations, foreign=self._foreign(resources, revocations))
        actions, further, listeners = add_issuing(resources, self, access=access, reader=reader)
        return Contribution(actions=actions, readers=(reader, *further), listeners=listeners, sections=self._sections())

    def _sections(self) -> tuple[Section, ...]:
        if self.stateless:
            return ()
        from ostiary.features.tokens.http import family_facts

        return (Section(name="tokens", template="tokens/families.html", place=15, facts=family_facts),)

    @staticmethod
    def _own_name(urls: UrlPolicy) -> str:
        return _NAME_IN_DEVELOPMENT if urls.public_url is None else str(urls.public_url)

    def _revocations(self, resources: Resources) -> "RevocationCheck | None":
        if self.stateless:
            return None
        from ostiary.features.revocation import Revocations  # SQLAlchemy only where it is used

        return resources[Revocations]

    def _foreign(self, resources: Resources, revocations: "RevocationCheck | None") -> "ForeignTokens | None":
        if not self.trust:
            return None
        from ostiary.features.tokens.foreign_tokens import trust  # the HTTP client only where others are trusted

        development = resources[KeyFolder].may_make
        if revocations is None:
            return trust(tuple(self.trust), resources, development=development)
        log = revocations

        def newest(subject: str, now: Millis) -> int:
            return log.known(now).rights_of(subject)

        return trust(tuple(self.trust), resources, development=development, rights=newest)

    # --- keys ---------------------------------------------------------------------------------------------

    def _signing_keys(self, resources: Resources) -> "SigningKeys":
        from ostiary.features.tokens.signing_keys import ConfiguredKeys

        if self.secret is not None or self.private_key is not None:
            return ConfiguredKeys(self._configured_keys)
        algorithm = self.algorithm or _DEFAULT_ALGORITHM
        if self.stateless:
            return ConfiguredKeys(_developer(resources[KeyFolder], algorithm))
        from ostiary.features.tokens.stored_keys import StoredKeys  # SQLAlchemy only where it is used
        from ostiary.storage.database import Database

        return StoredKeys(
            resources[Database],
            resources[KeyRing],
            algorithm=algorithm,
            lifetime=milliseconds(self.key_lifetime),
            bus=resources[EventBus],
        )

    def _configured_keys(self) -> "Sequence[SignatureKey]":
        from ostiary.features.tokens.signing_keys import keys_of_secrets, signing_keys_of

        if self.secret is not None:
            return keys_of_secrets(_reveal(self.secret), self.secret_fallbacks)
        return signing_keys_of(_reveal(cast("Secret | str", self.private_key)), algorithm=self.algorithm)


def _developer(folder: KeyFolder, algorithm: str) -> "Callable[[], Sequence[SignatureKey]]":
    def find() -> "Sequence[SignatureKey]":
        from ostiary.features.tokens.development_key import development_key  # at first use: it reads a file

        return development_key(folder, algorithm=algorithm)

    return find


def _reveal(secret: Secret | str) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret
