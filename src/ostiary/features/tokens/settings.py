"""Settings of tokens: each with its unit, its reason and the source of its default."""

from collections.abc import Sequence
from typing import Any

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.secret import Secret


@feature
class TokensSettings(Feature):
    """``OSTIARY_TOKENS_…``"""

    secret: Secret | str | None = setting(
        default=None,
        secret=True,
        about="A secret for HS256, at least 32 random characters. Whoever verifies with it could issue as well, so it suits one "
        "application alone. None: a key pair.",
    )
    secret_fallbacks: tuple[str, ...] = setting(
        default=(),
        secret=True,
        about="Secrets of before. They verify, and never sign; a day after a change nothing needs them.",
    )
    private_key: Secret | str | None = setting(
        default=None,
        secret=True,
        about="A private key of your own, as PEM or JWK; or a JWK set, of which the first key signs and all verify. None: one is "
        "made and kept in the database; without one, in development, in the instance folder.",
    )
    stateless: bool = setting(
        default=False,
        about="No database: access tokens only, which nothing ends before they expire.",
    )
    access: Duration = setting(
        default="15m",
        about="How long an access token lives, at most a day. Short, since services elsewhere hear of no revocation.",
    )
    refresh: Duration = setting(
        default="30d",
        about="How long one sign-in can be refreshed, whatever happens. NIST SP 800-63B-4 §2.1.3: 30 days with one factor.",
    )
    refresh_idle: Duration = setting(
        default="14d",
        about="How long a refresh token lives without being used (RFC 9700 §4.14.2).",
    )
    grace: Duration = setting(
        default="1m",
        about="How long the refresh token of before is answered once more, with the same successor: answers get lost, and tabs "
        "refresh at once. After it that token is a copy, and ends its family.",
    )
    cookies: bool = setting(
        default=False,
        about="Tokens in cookies for a browser, with CSRF as for sessions. A site of one's own is better served by Sessions().",
    )
    algorithm: str | None = setting(
        default=None,
        about="ES256, Ed25519, RS256 or PS256 for a key that is made, and for an RSA key of your own, which serves two. None: "
        "ES256, which every library reads (RFC 7518 §3.1 recommends it); HS256 with secret=.",
    )
    key_lifetime: Duration = setting(
        default="90d",
        about="How long a key that is kept in the database signs before its successor does.",
    )
    issuer: str | None = setting(
        default=None,
        about="Our own name in tokens (iss). None: the public URL.",
    )
    audience: str | None = setting(
        default=None,
        about="Whom tokens are for (aud), and who we are when one is presented. None: the issuer.",
    )
    trust: Sequence[Any] = setting(
        default=(),
        about="Issuers whose tokens are taken as well: Issuer(url, audience=…).",
    )
