"""Trusted issuers: whose tokens are taken beside our own, for which audience, and what of them is believed.

``Tokens(trust=[Issuer("https://login.example/realms/shop", audience="https://api.shop.example")])``. An issuer is
trusted for its own subjects only: what it calls somebody never names one of ours, unless the application maps it or
the account is linked. Law: RFC 9068 §4, RFC 8725 §3.8 and §3.9, RFC 8414 §2.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, field
from os import PathLike, fspath
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Problem
from ostiary.kernel.factor import CATEGORIES
from ostiary.kernel.secret import Secret
from ostiary.outbound.address_policy import Network, parse_private_network
from ostiary.standards.jose.algorithms import PUBLIC_KEY_ALGORITHMS
from ostiary.standards.jose.registered_claims import LONGEST_NAME

Claims: TypeAlias = Mapping[str, Any]
"""What a token claims, once its signature was found good. Nothing in it can be changed."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Printable ASCII. Whoever has another name writes it in punycode, as it stands in the tokens.
_VISIBLE: Final = re.compile(r"[!-~]+", re.ASCII)
_TYPES: Final = ("at+jwt", "JWT")
_NO_PROOFS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Where an issuer says whether a token that only it can read is good (RFC 7662), and who we are there.

    ``audience_required``  whether an answer without ``aud`` is refused; False where the issuer tells each client only
                           of tokens that are meant for it
    """

    url: str
    client_id: str
    client_secret: Secret | str = field(repr=False)
    audience_required: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.client_secret, Secret):
            object.__setattr__(self, "client_secret", Secret(self.client_secret))

    @property
    def secret(self) -> Secret:
        """The client's secret."""
        return cast("Secret", self.client_secret)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer whose access tokens are taken.

    ``url``            the issuer's own name, byte for byte as it stands in ``iss`` and in its metadata
    ``audience``       what its tokens must name in ``aud``: us
    ``algorithms``     those its keys may be for; a key that does not say is bound to the first that fits it
    ``subject``        the subject of ours that the claims stand for, None to refuse; without it, the linked account if
                       there is one, else ``<url>#<sub>``
    ``scope``          ``"claim"``: the token is narrowed to its ``scope``, without one to nothing; ``"ignored"``: the
                       issuer's scopes say nothing about our permissions; or a function of the claims
    ``factors``        which proofs its ``amr`` and ``acr`` values stand for: ``{"pwd": "password", "otp": "totp"}``;
                       without it a token proves who somebody is, and no factor
    ``jwks_uri``       where its keys are; without it, where its metadata says
    ``introspection``  how opaque tokens are asked about
    ``networks``       private networks this issuer may be reached in, ``("10.0.0.0/8",)``; without them, public addresses only
    ``ca_file``        a PEM file of the authorities its certificates are checked against, instead of the public ones
    ``token_type``     ``"JWT"`` besides ``"at+jwt"`` takes tokens that do not follow RFC 9068
    """

    url: str
    _: KW_ONLY
    audience: str = ""
    algorithms: tuple[str, ...] = ("ES256", "RS256", "PS256", "Ed25519")
    subject: Callable[[Claims], str | None] | None = None
    scope: Literal["claim", "ignored"] | Callable[[Claims], Iterable[str] | None] = "claim"
    factors: Mapping[str, str | tuple[str, ...]] = field(default_factory=lambda: _NO_PROOFS, hash=False)
    jwks_uri: str | None = None
    introspection: Introspection | None = None
    token_type: str | tuple[str, ...] = ("at+jwt",)
    networks: str | tuple[str, ...] = ()
    ca_file: str | PathLike[str] | None = None

    @property
    def types(self) -> frozenset[str | None]:
        """The types of token (``typ``) that are taken, as they are compared; None is a token that names no type."""
        named = (self.token_type,) if isinstance(self.token_type, str) else tuple(self.token_type)
        taken: set[str | None] = {name.lower() for name in named}
        # RFC 7519 §5.1: whoever sees nothing but JWTs need not say so.
        return frozenset(taken | {None} if "jwt" in taken else taken)

    def addresses(self) -> tuple[str, ...]:
        """Every address that is written down here."""
        endpoint = None if self.introspection is None else self.introspection.url
        return tuple(url for url in (self.url, self.jwks_uri, endpoint) if url is not None)

    def proofs(self) -> frozenset[str]:
        """The kinds of proof its tokens may carry."""
        return frozenset[str]().union(*(proofs_of(value) for value in self.factors.values()))

    def problems(self) -> Iterable[Problem]:
        """What is wrong with it, each with its cure."""
        yield from _address_problems(f"Issuer({self.url!r})", self.url, longest=LONGEST_NAME)
        if self.jwks_uri is not None:
            yield from _address_problems(f"jwks_uri={self.jwks_uri!r}", self.jwks_uri, query=True)
        if not isinstance(cast("object", self.audience), str) or not self.audience:
            yield Problem(
                code="issuer_without_audience",
                what=f"Issuer({self.url!r}) has no audience, so that any token of that issuer would be good here, also one "
                "that was made for another service",
                cure='name this service as the issuer\'s tokens do: Issuer(…, audience="https://api.example")',
            )
        yield from self._algorithm_problems()
        if not self.types or not self.types <= {None, *(name.lower() for name in _TYPES)}:
            yield Problem(
                code="unknown_token_type",
                what=f"Issuer({self.url!r}, token_type={self.token_type!r}) names no type of access token",
                cure='leave it out for RFC 9068, or token_type=("at+jwt", "JWT") for issuers that do not follow it',
            )
        unknown = sorted(self.proofs() - set(CATEGORIES))
        if unknown:
            yield Problem(
                code="unknown_proof",
                what=f"Issuer({self.url!r}, factors=…) names {unknown[0]!r}, which is no kind of proof",
                cure=f"the kinds are {', '.join(sorted(CATEGORIES))}",
            )
        if not callable(self.scope) and self.scope not in ("claim", "ignored"):
            yield Problem(
                code="unknown_scope_reading",
                what=f"Issuer({self.url!r}, scope={self.scope!r}) says not how scopes are read",
                cure='scope is "claim", "ignored" or a function of the claims',
            )
        yield from self._reach_problems()
        if self.introspection is not None:
            yield from _address_problems(
                f"Introspection(url={self.introspection.url!r})", self.introspection.url, query=True
            )

    def reachable(self) -> tuple[Network, ...]:
        """The private networks it may be reached in. Raises ``ValueError``."""
        return tuple(parse_private_network(one) for one in self._networks())

    def _networks(self) -> tuple[str, ...]:
        return (self.networks,) if isinstance(self.networks, str) else tuple(self.networks)

    def _reach_problems(self) -> Iterable[Problem]:
        for network in self._networks():
            try:
                parse_private_network(network)
            except ValueError:
                yield Problem(
                    code="no_private_network",
                    what=f"Issuer({self.url!r}, networks=…) names {network!r}, which is no private network",
                    cure='list the networks it is in, as small as they are: networks=("10.20.0.0/16",)',
                )
        if self.ca_file is not None:
            from ostiary.outbound.connection import context_of  # TLS and the HTTP client only where a file is given

            try:
                context_of(fspath(self.ca_file))
            except (OSError, TypeError) as error:
                yield Problem(
                    code="no_authorities",
                    what=f"Issuer({self.url!r}, ca_file=…): {str(self.ca_file)!r} cannot be read as certificates "
                    f"({type(error).__name__})",
                    cure="a PEM file with the certificates of the authorities that sign this issuer's",
                )

    def _algorithm_problems(self) -> Iterable[Problem]:
        names: object = self.algorithms
        listed = cast("Collection[object]", names) if isinstance(names, tuple | list) else None
        if listed is None or not set(listed) <= PUBLIC_KEY_ALGORITHMS or not (listed or self.introspection):
            yield Problem(
                code="algorithms_not_named",
                what=f"Issuer({self.url!r}, algorithms={names!r}) does not list algorithms of published keys",
                cure=f"list some of {', '.join(sorted(PUBLIC_KEY_ALGORITHMS))}; an empty list only beside introspection=",
            )


def trust_problems(trust: Collection[object], *, own_issuer: str | None) -> Iterable[Problem]:
    """What is wrong with ``Tokens(trust=…)``, each with its cure."""
    issuers = [one for one in trust if isinstance(one, Issuer)]
    if len(issuers) != len(trust):
        cure = 'write trust=[Issuer("https://login.example", audience="https://api.example")]'
        yield Problem(code="not_an_issuer", what=f"Tokens(trust={trust!r}) lists what is no Issuer", cure=cure)
    for issuer in issuers:
        yield from issuer.problems()
    urls = [issuer.url for issuer in issuers]
    for url in sorted({url for url in urls if urls.count(url) > 1}):
        what = f"Tokens(trust=…) lists the issuer {url!r} twice"
        yield Problem(code="issuer_twice", what=what, cure="list it once: one audience, one set of rules")
    if own_issuer in urls:
        yield Problem(
            code="trusts_itself",
            what=f"Tokens(trust=…) lists {own_issuer!r}, which is the issuer of this application's own tokens",
            cure="leave it out; its own tokens are always taken",
        )
    asked = [issuer.url for issuer in issuers if issuer.introspection is not None]
    if len(asked) > 1:
        yield Problem(
            code="several_introspections",
            what=f"{' and '.join(asked)} have an introspection endpoint each, and nothing in an opaque token says whose it "
            "is: each would be shown the other's tokens",
            cure="leave introspection= to one of them; the others issue JWTs",
        )


def is_plain_http(url: str) -> bool:
    """Whether an address is one on this machine without TLS, which development alone may use."""
    return urlsplit(url).scheme == "http"


def proofs_of(value: object) -> tuple[str, ...]:
    """The kinds of proof that an entry of ``factors`` names: one, or several."""
    return (value,) if isinstance(value, str) else tuple(cast("Iterable[str]", value))


def _address_problems(what: str, url: object, *, longest: int = 2_048, query: bool = False) -> Iterable[Problem]:
    reason = _why_no_address(url, longest=longest, query=query)
    if reason is not None:
        yield Problem(
            code="no_issuer_address",
            what=f"{what}: {reason}",
            cure='an address is as "https://login.example/realms/shop"; http only on this machine, in development',
        )


def _why_no_address(url: object, *, longest: int, query: bool) -> str | None:
    if not isinstance(url, str) or _VISIBLE.fullmatch(url) is None or len(url) > longest:
        return f"the address is not text of at most {longest} visible ASCII characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the address cannot be read"
    if not host or parts.username is not None or parts.password is not None:
        return "the address has no host, or a user before it"
    # RFC 8414 §2: an issuer has neither; so "#" can stand between it and the subject.
    if "#" in url or ("?" in url and not query):
        return "the address has a query or a fragment"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return "the address is not https"
    return None
