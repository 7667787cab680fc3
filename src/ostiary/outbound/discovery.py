"""Discovery: what an issuer says of itself (OpenID Connect Discovery 1.0 §4, RFC 8414 §3), and whether it is its own.

A document counts only for the issuer it was asked for, compared byte for byte: otherwise one server could speak
for another (mix-up by metadata).
"""

from typing import Final
from urllib.parse import urlsplit

from ostiary.kernel.clock import Clock
from ostiary.kernel.dataclass import dataclass
from ostiary.outbound.client import OutboundClient
from ostiary.outbound.json_cache import JsonCache
from ostiary.standards.strict_json import JsonObject, decode_json_object

_OPENID: Final = "/.well-known/openid-configuration"
_OAUTH: Final = "/.well-known/oauth-authorization-server"
_LONGEST_URL: Final = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerMetadata:
    """What we read of an issuer's document: nothing else of it is trusted, its lists of algorithms least of all."""

    issuer: str
    jwks_uri: str


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where the document of an issuer may be: as OpenID Connect puts it, then as RFC 8414 does."""
    parts = urlsplit(issuer)
    # OpenID Connect Discovery §4: appended, without the slash the issuer may end in.
    appended = f"{issuer.rstrip('/')}{_OPENID}"
    # RFC 8414 §3.1: between the host and the path.
    inserted = f"{parts.scheme}://{parts.netloc}{_OAUTH}{parts.path.rstrip('/')}"
    return (appended, inserted)


def read_metadata(document: JsonObject, issuer: str) -> IssuerMetadata:
    """The document of an issuer. Raises ``ValueError`` if it is another's, or says not where the keys are."""
    # RFC 8414 §3.3, §4: identical, code point by code point, or the document must not be used.
    if document.get("issuer") != issuer:
        message = "it is the document of another issuer; the URL in Issuer(…) has to be the issuer's own, byte for byte"
        raise ValueError(message)
    jwks_uri = document.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not 0 < len(jwks_uri) <= _LONGEST_URL:
        message = "it has no jwks_uri"
        raise ValueError(message)
    return IssuerMetadata(issuer=issuer, jwks_uri=jwks_uri)


class Discovery:
    """The document of one issuer, cached."""

    __slots__ = ("_cache",)

    def __init__(self, issuer: str, *, client: OutboundClient, clock: Clock) -> None:
        urls = metadata_urls(issuer)
        self._cache: JsonCache[IssuerMetadata] = JsonCache(
            f"the metadata of {issuer}",
            lambda: urls,
            lambda body: read_metadata(decode_json_object(body), issuer),
            client=client,
            clock=clock,
        )

    def get(self) -> IssuerMetadata:
        """What the issuer says of itself. Raises ``DocumentUnavailable``."""
        return self._cache.get().value
