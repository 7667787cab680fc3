"""The guard: who is calling, and may she go on; the one place where every credential becomes a principal.

The rules, in this order. Explicit credentials (``Authorization``, API key) are read first, and a bad
one is 401 everywhere. Two good ones are refused: subjects are never merged, nor guessed. Only without
an explicit one are cookies read; a bad cookie is cleared and counts as none. CSRF is asked of the
credential that won, never of a header that happens to be there.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError, CsrfRefused, InvalidCredential, NotAllowed, NotAuthenticated, StepUpNeeded
from ostiary.kernel.events import AccessDenied, CredentialRejected, CsrfFailed, Event
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.kernel.requirement import SIGNED_IN, Place, Requirement, Rights, check_requirement
from ostiary.web.bearer_challenge import BEARER, bearer_challenge, scope_challenge, step_up_challenge
from ostiary.web.credential_reader import CredentialReader, Exchangeable, Presented, Reading, Rejected
from ostiary.web.csrf import SAFE_METHODS, CsrfPolicy, CsrfReason

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Request

    from ostiary.kernel.decision import Decision

# The codes of a decision that the caller can mend by proving more, rather than by being somebody else.
_STEP_UP: Final = "step_up_needed"
# A narrowed credential, used for what it was not given.
_SCOPE: Final = "insufficient_scope"
_SESSION: Final = "session"
# Of persons where they belong. A key says so itself: whoever made it may have bound it to where its owner is not at home.
_OF_PERSONS: Final = frozenset({_SESSION, BEARER})
# In the place of the caller while the credentials are read, and for good if reading them failed.
_UNREAD: Final = object()


@dataclass(slots=True)
class Caller:
    """What is known of the caller of one request. Lives in ``environ``, under a key of its runtime.

    ``stale_cookies`` are the names of cookies to clear; ``csrf_checked`` whether the request has shown
    that it comes from our own pages. ``exchangeable``: the principal is nobody until the adapter has exchanged
    what the reader found for a session. ``environ_id`` tells the environ it was read of from copies. ``renewable``:
    nobody, by a token cookie whose time is over; the browser can have it renewed.
    """

    principal: Principal
    csrf_binding: str | None = None
    reader: CredentialReader | None = None
    stale_cookies: tuple[str, ...] = ()
    csrf_checked: bool = False
    exchangeable: bool = False
    renewable: Rejected | None = None
    environ_id: int = 0

    @property
    def ambient(self) -> bool:
        """Whether a cookie said who is calling."""
        return self.reader is not None and self.reader.ambient

    @property
    def header(self) -> str:
        """The field of the request that said who is calling. Whoever signs in during a request gets a cookie."""
        return "Cookie" if self.reader is None else self.reader.header

    @property
    def explicit(self) -> bool:
        """Whether a program presented a credential of its own, and a good one."""
        return bool(self.principal) and self.reader is not None and not self.reader.ambient


class RequestGuard:
    """Runs the credential readers of one application and checks requirements against what they find."""

    __slots__ = (
        "_ambient",
        "_announce",
        "_clock",
        "_csrf",
        "_explicit",
        "_key",
        "_reads_bearer",
        "_rights",
        "ambient_cookies",
        "challenges",
        "credential_fields",
    )

    def __init__(
        self,
        readers: Iterable[CredentialReader],
        *,
        csrf: CsrfPolicy,
        clock: Clock,
        announce: Callable[[Event], None],
        rights: Rights | None = None,
    ) -> None:
        readers = tuple(readers)
        self._explicit = tuple(reader for reader in readers if not reader.ambient)
        self._ambient = tuple(reader for reader in readers if reader.ambient)
        self._reads_bearer = any(_asks_for_bearer(reader) for reader in self._explicit)
        # What an answer to nobody depends on. Authorization need not be named (RFC 9110 §12.5.5).
        fields = ("Cookie", *(reader.header for reader in self._explicit if reader.header != "Authorization"))
        self.credential_fields = tuple(dict.fromkeys(fields))
        self.ambient_cookies = tuple(name for reader in self._ambient for name in reader.cookies)
        self._csrf = csrf
        self._clock = clock
        self._announce = announce
        self._rights = rights
        # Several applications may share an environ (one mounted in another); each keeps its own caller.
        self._key = f"ostiary.caller.{id(self)}"
        self.challenges = tuple(dict.fromkeys(reader.challenge for reader in readers if reader.challenge))

    def caller(self, environ: "WSGIEnvironment") -> Caller:
        """Who is calling. Read once a request, remembered in ``environ``.

        Raises ``InvalidCredential`` when the program presented a credential that is not valid.
        """
        key = self._key
        known: Caller | None = environ.get(key)
        if known is None or (known is not _UNREAD and known.environ_id != id(environ)):
            # Whatever goes wrong below, the rest of the request is nobody's: an error page that asks who is calling gets an
            # answer instead of a second error.
            environ[key] = _UNREAD
            caller = (self._explicit_caller(environ) if self._explicit else None) or self._ambient_caller(environ)
            return self._keep(environ, caller)
        if known is _UNREAD:
            known = self._keep(environ, Caller(ANONYMOUS))
        return known

    def _keep(self, environ: "WSGIEnvironment", caller: Caller) -> Caller:
        # A copy is another request, with other headers perhaps: what was found in this one is not believed there.
        caller.environ_id = id(environ)
        environ[self._key] = caller
        return caller

    def become(
        self,
        environ: "WSGIEnvironment",
        principal: Principal,
        csrf_binding: str | None,
        reader: CredentialReader | None = None,
    ) -> None:
        """From here on the request is somebody else's: after a sign-in or a sign-out inside the view.

        ``reader`` is the one whose credential was exchanged, if nobody signed in or out.
        """
        self._keep(environ, Caller(principal, csrf_binding, reader, csrf_checked=True))

    def forget(self, environ: "WSGIEnvironment") -> None:
        """Read the credentials again at the next question."""
        environ.pop(self._key, None)

    def _explicit_caller(self, environ: "WSGIEnvironment") -> Caller | None:
        found: Caller | None = None
        now = self._clock.now()
        for reader in self._explicit:
            reading = self._read(reader, environ, now)
            if reading is None:
                continue
            if isinstance(reading, Rejected):
                self._announce(
                    CredentialRejected(at=now, subject=reading.subject, kind=reader.kind, reason=reading.reason)
                )
                challenge = reading.challenge or reader.challenge
                raise InvalidCredential(
                    detail=reading.reason, code=reading.code, headers={"WWW-Authenticate": challenge}
                )
            if found is not None:
                # RFC 6750 §2: a client uses one way to present a token in each request.
                raise InvalidCredential(detail="two credentials in one request", code="two_credentials", status=400)
            found = self._caller_of(reader, reading)
        if found is None and self._reads_bearer and _presents_bearer(environ):
            # Every reader left it to the others: it is nobody's, and a bad explicit credential is refused everywhere.
            self._announce(CredentialRejected(at=now, kind=BEARER, reason="unknown"))
            challenge = bearer_challenge("invalid_token", "The token is not known here")
            raise InvalidCredential(detail="unknown", code="invalid_token", headers={"WWW-Authenticate": challenge})
        return found

    def _ambient_caller(self, environ: "WSGIEnvironment") -> Caller:
        if not environ.get("HTTP_COOKIE"):
            return Caller(ANONYMOUS)
        now = self._clock.now()
        stale: tuple[str, ...] = ()
        renewable: Rejected | None = None
        for reader in self._ambient:
            reading = self._read(reader, environ, now)
            if reading is None:
                continue
            if isinstance(reading, Rejected):
                self._announce(
                    CredentialRejected(at=now, subject=reading.subject, kind=reader.kind, reason=reading.reason)
                )
                if reading.csrf_binding is None:
                    stale += reader.cookies
                else:
                    renewable = reading
                continue
            caller = self._caller_of(reader, reading)
            caller.stale_cookies = stale
            return caller
        binding = renewable.csrf_binding if renewable is not None else None
        return Caller(ANONYMOUS, binding, stale_cookies=stale, renewable=renewable)

    def _read(self, reader: CredentialReader, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """What a reader finds; somebody who has left the place that her credential is bound to is there no more."""
        reading, rights = reader.read(environ, now), self._rights
        if rights is None or not isinstance(reading, Presented) or (place := reading.principal.tenant) is None:
            return reading
        ends_with_leaving = reading.of_member or reader.kind in _OF_PERSONS
        if not ends_with_leaving or rights.belongs(reading.principal, place):
            return reading
        if reader.kind == _SESSION:
            # She could have left it by herself, and acts nowhere in particular.
            return replace(reading, principal=replace(reading.principal, tenant=None))
        return Rejected("left_its_place", reading.principal.subject)

    @staticmethod
    def _caller_of(reader: CredentialReader, reading: Presented | Exchangeable) -> Caller:
        if isinstance(reading, Exchangeable):
            return Caller(ANONYMOUS, reading.csrf_binding, reader, exchangeable=True)
        if reading.used is not None:
            reading.used()
        return Caller(reading.principal, reading.csrf_binding, reader)

    def authenticate(self, request: "Request") -> Caller:
        """Who is calling, with CSRF asked of a request that changes something and came with a cookie.

        Raises ``CsrfRefused``, which ends the request: a page that only reads is never affected.
        """
        caller = self.caller(request.environ)
        if not caller.csrf_checked:
            self.check_origin(request, caller)
        return caller

    def check_origin(self, request: "Request", caller: Caller) -> None:
        """Ask for CSRF where ``caller`` came with a cookie and the request changes something. Raises ``CsrfRefused``."""
        if request.method not in SAFE_METHODS and caller.ambient:
            # Refused, the rest of the request is nobody's, also for a view that catches the refusal.
            self._keep(request.environ, Caller(ANONYMOUS, stale_cookies=caller.stale_cookies))
            self.check_csrf(request, caller.csrf_binding)
            self._keep(request.environ, caller)
        caller.csrf_checked = True

    def check_csrf(self, request: "Request", binding: str | None) -> None:
        """Refuse a request that does not show it comes from our own pages."""
        self._refuse_forged(request, self._csrf.check(request, binding))

    def check_cross_site(self, request: "Request") -> None:
        """Refuse a request that a page of another site had sent; not one whose program presents a credential by itself."""
        reason = self._csrf.check_cross_site(request)
        if reason is not None and not self.caller(request.environ).explicit:
            self._refuse_forged(request, reason)

    def _refuse_forged(self, request: "Request", reason: CsrfReason | None) -> None:
        if reason is not None:
            self._announce(CsrfFailed(at=self._clock.now(), reason=reason.code, endpoint=endpoint_of(request)))
            members = {"hint": reason.hint} if reason.hint else None
            raise CsrfRefused(reason.message, detail=reason.code, members=members)

    def decide(self, requirement: Requirement, principal: Principal, on: Place = None) -> "Decision":
        """Whether the principal meets the requirement now."""
        return check_requirement(requirement, principal, now=self._clock.now(), rights=self._rights, on=on)

    def require(
        self, request: "Request", requirement: Requirement, *, on: Place = None, hidden: bool = False
    ) -> Caller:
        """The whole guard: authenticate, check CSRF, check the requirement. Raises the ``AuthError`` of a refusal."""
        caller = self.authenticate(request)
        self.admit(request, caller, requirement, on=on, hidden=hidden)
        return caller

    def admit(
        self, request: "Request", caller: Caller, requirement: Requirement, *, on: Place = None, hidden: bool = False
    ) -> None:
        """Check the requirement against a caller who was authenticated. Raises the ``AuthError`` of a refusal."""
        if requirement is SIGNED_IN and on is None and caller.principal.scope is None and caller.principal:
            # What `check_requirement` would say as well, on the way of nearly every request.
            return
        decision = self.decide(requirement, caller.principal, on)
        if not decision.allowed:
            raise self.refusal(caller, decision, requirement, endpoint=endpoint_of(request), hidden=hidden)

    def failed(self, request: "Request") -> None:
        """Announce that what decides about a request (a function of the application's) raised: nobody passes."""
        known = request.environ.get(self._key)
        subject = known.principal.subject or None if isinstance(known, Caller) else None
        self._announce(
            AccessDenied(at=self._clock.now(), subject=subject, code="guard_failed", endpoint=endpoint_of(request))
        )

    def challenge(self, error: AuthError) -> None:
        """Have a refusal say what would be accepted. RFC 9110 §15.5.2: every 401 does, also that of a wrong password."""
        if error.status == 401 and self.challenges and "WWW-Authenticate" not in error.headers:
            error.headers = {**error.headers, "WWW-Authenticate": ", ".join(self.challenges)}

    def refusal(
        self,
        caller: Caller,
        decision: "Decision",
        requirement: Requirement,
        *,
        endpoint: str,
        hidden: bool = False,
    ) -> AuthError:
        """The error that a refused decision answers with, announced as an event."""
        principal, code = caller.principal, decision.code
        detail = decision.because[0].text
        subject = principal.subject or None
        self._announce(AccessDenied(at=self._clock.now(), subject=subject, code=code, endpoint=endpoint))
        if not principal:
            told = caller.renewable.code if caller.renewable is not None else None
            refused = NotAuthenticated(detail=detail, code=told)
            self.challenge(refused)
            return refused
        if hidden:
            return NotAllowed("There is nothing here.", code="not_found", status=404, detail=detail)
        # A program is told in the header what its token lacks; a browser's own pages ask for the next proof.
        reader = None if caller.ambient else caller.reader
        if code == _STEP_UP:
            members = {"would_pass_if": [str(change) for change in decision.would_pass_if]}
            # A key proves nothing of a person: there is no other one to be had that would.
            if reader is None or reader.kind != BEARER:
                return StepUpNeeded(detail=detail, members=members)
            challenge = step_up_challenge(requirement)
            # RFC 9470 §3: 401, so that a client gets another token, and does not give up.
            return StepUpNeeded(detail=detail, status=401, members=members, headers={"WWW-Authenticate": challenge})
        if code == _SCOPE and reader is not None:
            # RFC 6750 §3.1: whatever came in Authorization: Bearer, an API key too.
            challenge = scope_challenge(requirement.permission)
            headers = {"WWW-Authenticate": challenge} if _asks_for_bearer(reader) else None
            return NotAllowed(detail=detail, code=code, headers=headers)
        return NotAllowed(detail=detail)


def _asks_for_bearer(reader: CredentialReader) -> bool:
    return reader.challenge.startswith("Bearer")


def _presents_bearer(environ: "WSGIEnvironment") -> bool:
    # RFC 9110 §11.1: the scheme in any case. Without a word after it, nothing is presented.
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    return header[:7].lower() == "bearer " and header[7:].strip(" ") != ""


def endpoint_of(request: "Request") -> str:
    """Where a request goes, for logs: the framework's name of the view if it has one, else the path."""
    endpoint: object = getattr(request, "endpoint", None)
    return str(endpoint) if endpoint else request.path
