"""Remembered browsers: signed in again without a proof, by a token that is rotated at each use and betrays its copy.

settings.py   how long
store.py      the table and its statements
present.py    the cookie of a request, recognised
exchange.py   a token for a session and its successor; what a sign-in means for a series; theft
stolen.py     the mail about it, where mail is sent and addresses are known; it asks for neither
end.py        the public actions, and what ends a series
browsers.py   the list a person sees
http.py       the addresses
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ostiary.features.remember_me.settings import RememberMeSettings
from ostiary.features.sign_in import SignInMethods
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import HOUR, Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.resources import Resources
from ostiary.kernel.rotating_token import RotatingTokens
from ostiary.web.contribution import Contribution
from ostiary.web.cookies import CookiePolicy
from ostiary.web.section import Section

if TYPE_CHECKING:
    from ostiary.features.remember_me.end import RememberMeActions

__all__ = ["RememberMe", "RememberMeActions"]

_PURPOSE: Final = "remember me"


def __getattr__(name: str) -> Any:  # a public name that brings SQLAlchemy
    if name == "RememberMeActions":
        from ostiary.features.remember_me.end import RememberMeActions

        return RememberMeActions
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class RememberMe(RememberMeSettings):
    """Browsers that stay signed in: ``auth.sign_in(…, remember=True)``."""

    name: ClassVar[str] = "remember_me"
    requires: ClassVar[tuple[str, ...]] = ("sessions", "sign_in")

    def stores(self) -> bool:
        """A browser that can be forgotten needs a row."""
        return True

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if milliseconds(self.grace) > HOUR:
            yield Problem(
                code="impossible_grace",
                what=f"RememberMe(grace={self.grace!r}) lets a copied token pass for that long",
                cure='at most an hour; "1m" is enough for an answer that was lost and for tabs that are restored',
            )

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:  # noqa: ARG002 - as every feature
        """The list, and forgetting one."""
        from ostiary.features.remember_me.http import ROUTES  # SQLAlchemy only where it is used

        return ROUTES

    def expiring(self) -> tuple[object, ...]:
        """Series past their end."""
        from ostiary.features.remember_me.store import remember_series  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=remember_series, column="ends_at"),)

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.remember_me``, the reader of the cookie behind that of sessions, and what ends a series."""
        from ostiary.features.remember_me.end import RememberMeActions, listeners  # SQLAlchemy only where it is used
        from ostiary.features.remember_me.exchange import RememberedSignIn
        from ostiary.features.remember_me.http import sleeping_browsers
        from ostiary.features.remember_me.present import REMEMBER_COOKIE, RememberedBrowsers, RememberReader
        from ostiary.features.remember_me.stolen import StolenMail
        from ostiary.features.sessions import SessionActions
        from ostiary.storage.database import Database
        from ostiary.storage.guard_reads import GuardReads

        clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
        database = resources[Database]
        tokens = RotatingTokens(resources[KeyRing], _PURPOSE)
        browsers = RememberedBrowsers(resources[GuardReads], tokens, grace=milliseconds(self.grace))
        sign_in = RememberedSignIn(
            browsers=browsers,
            tokens=tokens,
            lifetime=milliseconds(self.lifetime),
            sessions=resources[SessionActions],
            mail=StolenMail(resources),
            database=database,
            bus=resources[EventBus],
            clock=clock,
            client=resources[ClientSource],  # type: ignore[type-abstract]
        )
        actions = RememberMeActions(sign_in, database=database, clock=clock)
        reader = RememberReader(browsers, resources[CookiePolicy])
        resources[SignInMethods].is_remembered = lambda call: browsers.remembers(
            call.cookie(REMEMBER_COOKIE), call.principal.subject, clock.now()
        )
        section = Section(name="remembered", template="remember_me/section.html", place=15, facts=sleeping_browsers)
        return Contribution(actions=actions, readers=(reader,), listeners=listeners(), sections=(section,))
