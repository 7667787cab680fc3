"""Issuing, wired for one application: the actions, the families where something is stored, the cookies where they are wanted."""

from typing import TYPE_CHECKING, Any, Final

from ostiary.features.tokens.actions import TokenActions
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.extra_claims import ExtraClaims
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.rotating_token import RotatingTokens
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.web.addresses import Addresses
from ostiary.web.cookies import CookiePolicy

if TYPE_CHECKING:
    from ostiary.features.tokens.access_token import AccessTokens
    from ostiary.features.tokens.present import BearerReader
    from ostiary.features.tokens.settings import TokensSettings
    from ostiary.kernel.resources import Resources
    from ostiary.web.credential_reader import CredentialReader

_PURPOSE: Final = "refresh tokens"


def add_issuing(
    resources: "Resources", settings: "TokensSettings", *, access: "AccessTokens", reader: "BearerReader"
) -> "tuple[TokenActions, tuple[CredentialReader, ...], Listeners]":
    """``auth.tokens``, the reader of token cookies, and what ends families."""
    database: Any = None
    families: Any = None
    listeners = Listeners()
    clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
    if not settings.stateless:
        from ostiary.features.revocation import Revocations  # SQLAlchemy only where it is used
        from ostiary.features.tokens.families import RefreshFamilies
        from ostiary.storage.database import Database

        database = resources[Database]
        families = RefreshFamilies(
            tokens=RotatingTokens(resources[KeyRing], _PURPOSE),
            lifetime=milliseconds(settings.refresh),
            idle=milliseconds(settings.refresh_idle),
            grace=milliseconds(settings.grace),
            longest_access=LONGEST_ACCESS_TOKEN,
            revocations=resources[Revocations],
            database=database,
            bus=resources[EventBus],
            clock=clock,
            client=resources[ClientSource],  # type: ignore[type-abstract]
        )
        listeners = families.listeners()
    actions = TokenActions(
        access=access,
        reader=reader,
        extra=resources[ExtraClaims],
        families=families,
        database=database,
        clock=clock,
    )
    if not settings.cookies:
        return actions, (), listeners
    from ostiary.features.tokens.token_cookies import TokenCookieReader, TokenCookies  # only where they are wanted

    resources.add(TokenCookies(resources[Addresses]))  # type: ignore[type-abstract]
    return actions, (TokenCookieReader(reader, access, resources[CookiePolicy]),), listeners
