"""The one way in: evidence becomes a session, and a browser learns of it by cookies; and the way out.

Whatever the framework, a sign-in is this: conclude what the evidence comes to; start the session and
write the audit row in one transaction; tell the browser. An adapter only carries cookies.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from ostiary.features.sessions.end import SessionActions
from ostiary.features.sessions.http import session_id
from ostiary.features.sessions.present import SESSION_COOKIE, SessionReader
from ostiary.features.sessions.start import InheritedSessionEnded
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.events import CredentialRejected
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.outcome import Refused, SignedIn
from ostiary.kernel.principal import Principal
from ostiary.kernel.rotating_token import ReplayedWithinGrace, ReuseDetected
from ostiary.kernel.secret import TokenParts
from ostiary.runtime.runtime import Runtime
from ostiary.runtime.sign_in_answer import PENDING_COOKIE
from ostiary.runtime.sign_in_steps import Entered, Loan, Resumed, SignInSteps, Wishes
from ostiary.storage.database import Database
from ostiary.web.cookies import CookieToSet
from ostiary.web.credential_reader import Presented

if TYPE_CHECKING:
    from ostiary.features.remember_me import RememberMeActions
    from ostiary.features.remember_me.exchange import RememberedSignIn
    from ostiary.features.remember_me.present import Recognised
    from ostiary.features.remember_me.store import Series
    from ostiary.features.tokens.actions import TokenActions
    from ostiary.features.tokens.families import RefreshFamilies

# Whoever is overtaken reads again, and mostly finds what the other made. More often than this is no accident.
_TRIES: Final = 4


class WayIn(SignInSteps):
    """Signs people in and out of one application with sessions."""

    __slots__ = ("_database", "_families", "_remembered", "_sessions")

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._sessions = runtime.action("sessions", SessionActions)
        self._database = runtime.resources[Database]
        # Not by its class, which is not imported unless the feature is on.
        actions = cast("RememberMeActions | None", runtime.actions.get("remember_me"))
        self._remembered: RememberedSignIn | None = actions.sign_in if actions is not None else None
        tokens = cast("TokenActions | None", runtime.actions.get("tokens"))
        self._families: RefreshFamilies | None = tokens.families if tokens is not None else None

    def enter(
        self,
        evidence: Evidence,
        *,
        present: Principal,
        pending: str | None,
        remember: bool = False,
        remembered: str | None = None,
        binding: str | None = None,  # noqa: ARG002 - as every way in
    ) -> Entered:
        """Sign somebody in.

        ``present`` is who the request is now: the same subject adds a factor, another one is signed out
        first. ``pending`` is the pending sign-in's handle, unverified. ``remember`` has this browser
        remembered, and ``remembered`` is its cookie from an earlier time, unverified. Raises ``SignInIncomplete``
        when policy wants another factor, and ``SignInRefused``.
        """
        self.check_wish(remember=remember)
        kept = self.spend_pending(evidence, pending, for_tokens=False)
        wishes = Wishes(
            remember=remember or (kept is not None and kept.remember),
            # What she typed first: a second factor is tried for a subject, whose name the browser never sees.
            guessed=(kept.guessed if kept is not None else None) or evidence.guessed,
        )
        begun, epoch = (kept.factors, kept.epoch) if kept is not None else ((), None)
        brought = _Brought(pending=pending is not None, remembered=remembered)
        loan = self.loan(evidence, present)
        if loan is not None:
            # A sign-out of that session may come in between; then its proofs count no longer, and what is proven
            # without it has to be enough.
            with suppress(InheritedSessionEnded):
                oldest = loan.epoch if epoch is None else min(epoch, loan.epoch)
                return self._start_for(evidence, present, begun, oldest, wishes, brought, loan=loan)
        return self._start_for(evidence, present, begun, epoch, wishes, brought)

    def check_wish(self, *, remember: bool) -> None:
        """Whether browsers can be remembered here, if that is wished. Raises ``ConfigurationError`` with the cure."""
        if remember and self._remembered is None:
            what = "auth.sign_in(…, remember=True) is used, and RememberMe() is not on"
            raise misconfigured("feature_not_on", what, "add RememberMe()")

    def _start_for(
        self,
        evidence: Evidence,
        present: Principal,
        begun: tuple[Factor, ...],
        epoch: int | None,
        wishes: Wishes,
        brought: "_Brought",
        *,
        loan: Loan | None = None,
    ) -> Entered:
        lent = loan.factors if loan is not None else ()
        signed_in = self.conclude(evidence, lent=lent, begun=begun, first_epoch=epoch, wishes=wishes)
        ends_by = None
        if loan is not None and not self.suffices(evidence, begun):
            # ASVS 5.0 V7.3.2: what a session lends does not outlive it. A code once a month would otherwise keep a password
            # of long ago alive for ever.
            ends_by = loan.ends_at
        return self._start(signed_in, present, wishes, brought, inherits=loan is not None, ends_by=ends_by)

    def loan(self, evidence: Evidence, present: Principal) -> Loan | None:
        """What was proven in the present session, by the same subject and no other."""
        session = session_id(present)
        if not present or present.subject != evidence.subject or session is None or not present.factors:
            return None
        # The session's own epoch counts, not the present one: what was ended a moment ago must not lend its proofs to a
        # session that lives on.
        standing = self._sessions.standing_of(session, present.subject)
        if standing is None:
            return None
        return Loan(factors=present.factors, epoch=standing[0], ends_at=standing[1])

    def _start(
        self,
        signed_in: SignedIn,
        present: Principal,
        wishes: Wishes,
        brought: "_Brought",
        *,
        inherits: bool,
        ends_by: Millis | None,
    ) -> Entered:
        carried = self._carried(brought.remembered)
        replaces = session_id(present)
        further: tuple[CookieToSet, ...] = ()
        with self._database.write() as tx:
            session = self._sessions.start(tx, signed_in, replaces=replaces, inherits=inherits, ends_by=ends_by)
            if self._remembered is not None:
                further = self._remembered.after_sign_in(
                    tx,
                    signed_in,
                    session=session.id,
                    replaced=(present.subject, replaces) if replaces is not None else None,
                    carried=carried,
                    wish=wishes.remember,
                )
            if self._families is not None and replaces is not None:
                self._families.session_replaced(tx, signed_in.subject, was=replaces, session=session.id)
            self.succeeded(signed_in, tx, guessed=wishes.guessed)
        cookies: tuple[CookieToSet, ...] = (CookieToSet(stem=SESSION_COOKIE, value=session.cookie), *further)
        if brought.pending:
            cookies += (CookieToSet(stem=PENDING_COOKIE, value=None),)
        if wishes.guessed is not None:
            cookies += (self.device_cookie(wishes.guessed, signed_in),)
        return Entered(signed_in=signed_in, principal=session.principal, cookies=cookies)

    # --- remembered browsers ------------------------------------------------------------------------------

    def resume(self, cookie: str | None) -> Resumed:
        """Let a remembered browser in: exchange its token, unverified, for a session and the token's successor.

        Of any number of requests that bring one token at once, one starts a session; the others are answered as that
        session, with its cookies, so that the browser ends with the same two whichever answer comes last.
        """
        remembered = self._remembered
        if remembered is None:
            return Resumed()
        for _ in range(_TRIES):
            found = remembered.recognise(cookie)
            if found is None:
                # It has ended since the guard read it.
                return Resumed(cookies=(remembered.cleared,))
            if isinstance(found.rotation, ReuseDetected):
                if remembered.end_stolen(found.series):
                    return Resumed(cookies=(remembered.cleared,))
            elif isinstance(found.rotation, ReplayedWithinGrace):
                return self._join(remembered, found.series)
            else:
                resumed = self._exchange(remembered, found.series)
                if resumed is not None:
                    return resumed
        return Resumed()

    def _exchange(self, remembered: "RememberedSignIn", series: "Series") -> Resumed | None:
        """A new session for the newest token; None if another request was first."""
        from ostiary.features.remember_me.exchange import Overtaken  # only where the feature is on

        # Before the transaction: policy is the application's own code, and may ask its own database.
        outcome = self._sign_in.conclude_remembered(series.subject, epoch=series.epoch)
        if isinstance(outcome, Refused):
            return self._turn_away(remembered, series, outcome)
        with suppress(Overtaken), self._database.write() as tx:
            if not remembered.is_newest(tx, series):
                raise Overtaken
            # The session that this browser had before is of no more use to it; to a thief it might be.
            session = self._sessions.start(
                tx,
                outcome,
                replaces=series.session,
                secret_for=remembered.secret_for(series),
                ends_by=series.ends_at,
            )
            successor = remembered.advance(tx, series, session=session.id, now=outcome.at)
            self.succeeded(outcome, tx)
            return Resumed(
                principal=session.principal,
                cookies=(CookieToSet(stem=SESSION_COOKIE, value=session.cookie), successor),
            )
        return None

    def _join(self, remembered: "RememberedSignIn", series: "Series") -> Resumed:
        """The session that another request has just started with the same token, and the same successor."""
        successor = remembered.token(series, series.generation)
        reader, now = self._runtime.resources[SessionReader], self._runtime.clock.now()
        for secret in remembered.secrets_of(series):
            reading = reader.present(TokenParts(series.session, secret), now)
            if isinstance(reading, Presented):
                session = CookieToSet(stem=SESSION_COOKIE, value=f"{series.session}.{secret}")
                return Resumed(principal=reading.principal, cookies=(session, successor))
        # It has ended already, or was replaced by one that only its own browser knows. No theft, and nobody.
        return Resumed(cookies=(successor,))

    def _turn_away(self, remembered: "RememberedSignIn", series: "Series", refused: Refused) -> Resumed:
        """Policy lets nobody in by being remembered: the browser need not ask again."""
        rejected = CredentialRejected(
            at=self._runtime.clock.now(), subject=series.subject, kind="remember", reason=refused.code
        )
        self._runtime.bus.announce(rejected)
        remembered.forget(series.id, reason="refused")
        return Resumed(cookies=(remembered.cleared,))

    def _carried(self, cookie: str | None) -> "Recognised | None":
        """The series of this browser from an earlier time; a copy of its token ends it, also while somebody signs in."""
        if self._remembered is None:
            return None
        found = self._remembered.recognise(cookie)
        if found is not None and isinstance(found.rotation, ReuseDetected):
            self._remembered.end_stolen(found.series)
            return None
        return found

    # --- the way out --------------------------------------------------------------------------------------

    def leave(
        self,
        present: Principal,
        scope: str,
        *,
        pending: str | None = None,
        remembered: str | None = None,
        binding: str | None = None,  # noqa: ARG002 - as every way in
    ) -> tuple[CookieToSet, ...]:
        """Sign out ``"here"``, on all ``"others"``, or ``"everywhere"``; the answer is what the browser is told.

        ``pending`` is the handle of a half-finished sign-in and ``remembered`` the cookie of a remembered browser,
        both unverified; they end as well.
        """
        if present:
            self._sessions.leave(present.subject, session_id(present), scope)
        if scope == "others":
            return ()
        gone: tuple[CookieToSet, ...] = (CookieToSet(stem=SESSION_COOKIE, value=None),)
        if pending is not None:
            self.drop_pending(pending)
            gone += (CookieToSet(stem=PENDING_COOKIE, value=None),)
        if self._remembered is not None:
            carried = self._carried(remembered)
            if carried is not None:
                self._remembered.forget(carried.series.id, reason="signed_out")
            gone += (self._remembered.cleared,)
        return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """What the browser brought beside its proof: whether a pending sign-in, and the cookie of an earlier time."""

    pending: bool
    remembered: str | None
