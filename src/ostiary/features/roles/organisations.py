"""Organisations: where somebody belongs, and at which of them her session acts.

A session that acts at a place is bound to it, as a key or a token may be: guards elsewhere refuse it, and what she
holds everywhere she holds there. So changing the place never adds a right; it says which of hers are meant.
"""

from collections.abc import Callable

from ostiary.features.roles import store
from ostiary.features.roles.change import Changes
from ostiary.features.roles.events import OrganisationSwitched
from ostiary.features.roles.holder import places_of
from ostiary.kernel.errors import AuthError, NotAuthenticated, misconfigured
from ostiary.kernel.principal import On, Principal, encode_place
from ostiary.kernel.session_places import SessionPlaces


class NotAMember(AuthError):
    """She belongs to no such organisation; or there is none, which looks the same."""

    code = "not_a_member"
    status = 404
    public_message = "There is no such organisation, or you do not belong to it."


class NoSession(AuthError):
    """What was presented is no session: what a key or a token is bound to was said when it was made."""

    code = "no_session"
    status = 409
    public_message = "Only a browser that is signed in changes where it acts."


class Organisations:
    """Where subjects belong."""

    __slots__ = ("_changes", "_sessions")

    def __init__(self, changes: Changes, sessions: Callable[[], SessionPlaces | None]) -> None:
        self._changes = changes
        self._sessions = sessions

    def of(self, subject: str) -> tuple[On, ...]:
        """The places a subject belongs to: organisations she is a member of, and places where she was given a role."""
        with self._changes.database.read() as connection:
            found = store.read_lookup(store.read_rows(connection, subject))
        now = self._changes.clock.now()
        given = (one.place for one in found.holdings if one.ends_at is None or one.ends_at > now)
        return tuple(sorted({place for place in given if place is not None} | set(places_of(found.groups))))

    def switch(self, principal: Principal | None, on: On | None) -> None:
        """Let the session of a principal act at a place from its next request on; None is at none in particular."""
        sessions = self._sessions()
        if sessions is None:
            what = "auth.roles.switch is used, and nothing here keeps sessions"
            raise misconfigured("feature_not_on", what, "add Sessions() to the features")
        if not principal:
            raise NotAuthenticated
        credential = principal.credential
        if credential is None or credential.kind != "session":
            raise NoSession
        if on is not None and on not in self.of(principal.subject):
            raise NotAMember(detail=encode_place(on))
        with self._changes.database.write() as tx:
            if not sessions.bind(tx, credential.id, subject=principal.subject, on=on):
                raise NotAuthenticated(detail="the session has ended")
            self._changes.bus.emit(
                OrganisationSwitched(
                    at=self._changes.clock.now(),
                    subject=principal.subject,
                    session=credential.id,
                    on=encode_place(on),
                ),
                tx,
            )
