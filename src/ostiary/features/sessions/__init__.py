"""Sessions: a browser that is signed in, kept on the server and ended whenever somebody says so.

settings.py   how long
store.py      the table and its statements
start.py      a new session for a sign-in
present.py    the cookie of a request, checked
remembered_sessions.py  what was read of it, kept for a while if the settings say so
end.py        here, elsewhere, everywhere
devices.py    the list a person sees
http.py       the addresses
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.sessions.settings import SessionsSettings
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import MINUTE, Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.resources import Resources
from ostiary.kernel.session_places import SessionPlaces
from ostiary.web.contribution import Contribution
from ostiary.web.cookies import CookiePolicy
from ostiary.web.section import Section

if TYPE_CHECKING:
    from ostiary.features.sessions.end import SessionActions
    from ostiary.features.sessions.http import session_id
    from ostiary.features.sessions.remembered_sessions import RememberedSessions

__all__ = ["SessionActions", "Sessions", "session_id"]


def __getattr__(name: str) -> Any:  # a public name that brings SQLAlchemy
    if name == "SessionActions":
        from ostiary.features.sessions.end import SessionActions

        return SessionActions
    if name == "session_id":
        from ostiary.features.sessions.http import session_id

        return session_id
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class Sessions(SessionsSettings):
    """Browser sessions: a cookie that means nothing by itself, and a row that can be ended."""

    name: ClassVar[str] = "sessions"
    requires: ClassVar[tuple[str, ...]] = ("sign_in",)

    def stores(self) -> bool:
        """A session that can be ended needs a row."""
        return True

    def credential_kinds(self) -> frozenset[str]:
        """The session cookie."""
        return frozenset({"session"})

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if milliseconds(self.idle) > milliseconds(self.absolute):
            yield Problem(
                code="idle_longer_than_absolute",
                what=f"Sessions(idle={self.idle!r}) is longer than absolute={self.absolute!r}, so it never applies",
                cure="make idle the shorter of the two",
            )
        try:
            CookiePolicy(development=False, domain=self.cookie_domain)
        except ValueError as error:
            cure = 'cookie_domain is a host name such as "shop.example", without scheme, port or leading dot'
            yield Problem(code="not_a_domain", what=str(error), cure=cure)
        if self.cache is not None and milliseconds(self.cache) > MINUTE:
            yield Problem(
                code="session_cache_too_old",
                what=f"Sessions(cache={self.cache!r}) lets a session that was ended elsewhere go on for that long",
                cure='at most a minute; "5s" saves nearly all the reads there are',
            )
        if self.at_most is not None and self.at_most < 1:
            yield Problem(
                code="no_sessions_allowed",
                what=f"Sessions(at_most={self.at_most}) lets nobody sign in",
                cure="at_most is at least 1, or None for no limit",
            )

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:  # noqa: ARG002 - as every feature
        """The device list, ending one, signing out."""
        from ostiary.features.sessions.http import ROUTES  # SQLAlchemy only where it is used

        return ROUTES

    def expiring(self) -> tuple[object, ...]:
        """Sessions past their absolute end."""
        from ostiary.features.sessions.store import sessions  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=sessions, column="ends_at"),)

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.sessions`` and the reader of the cookie."""
        from ostiary.features.sessions.end import SessionActions  # SQLAlchemy only where it is used
        from ostiary.features.sessions.http import session_facts
        from ostiary.features.sessions.present import SessionReader
        from ostiary.features.sessions.start import SessionStarter
        from ostiary.storage.database import Database
        from ostiary.storage.guard_reads import GuardReads

        clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
        database, bus = resources[Database], resources[EventBus]
        cookies = resources[CookiePolicy]
        starter = SessionStarter(
            idle=milliseconds(self.idle),
            absolute=milliseconds(self.absolute),
            at_most=self.at_most,
            bus=bus,
        )
        actions = SessionActions(
            database=database,
            bus=bus,
            clock=clock,
            client=resources[ClientSource],  # type: ignore[type-abstract]
            starter=starter,
        )
        reader = SessionReader(resources[GuardReads], cookies, remembered=self._remembered(resources))
        resources.add(reader)
        resources.add(actions, as_type=SessionPlaces)
        section = Section(name="devices", template="sessions/devices.html", place=10, facts=session_facts)
        return Contribution(actions=actions, readers=(reader,), sections=(section,))

    def _remembered(self, resources: Resources) -> "RememberedSessions | None":
        if self.cache is None:
            return None
        from ostiary.features.sessions.remembered_sessions import BoundedMemory, ExactMemory  # only where it is wanted
        from ostiary.storage.database import Database
        from ostiary.storage.file_changes import FileChanges
        from ostiary.storage.guard_reads import GuardReads

        database = resources[Database]
        if database.dialect == "sqlite":
            return ExactMemory(FileChanges(resources[GuardReads]))
        memory = BoundedMemory(milliseconds(self.cache))
        database.followers.add(memory)
        return memory
