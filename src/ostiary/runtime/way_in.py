"""The one way in: evidence becomes a session, and a browser learns of it by cookies; and the way out.

Whatever the framework, a sign-in is this: conclude what the evidence comes to; start the session and
write the audit row in one transaction; tell the browser. An adapter only carries cookies.
"""

from contextlib import suppress
from dataclasses import dataclass

from ostiary.features.sessions.end import SessionActions
from ostiary.features.sessions.http import session_id
from ostiary.features.sessions.present import SESSION_COOKIE
from ostiary.features.sessions.start import InheritedSessionEnded
from ostiary.features.sign_in import SignInActions
from ostiary.features.sign_in.known_device import LIFETIME as DEVICE_LIFETIME
from ostiary.kernel.client import ClientSource
from ostiary.kernel.errors import SignInRefused
from ostiary.kernel.events import SignInIncompleteYet, SignInSucceeded
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded, Refused, SignedIn
from ostiary.kernel.principal import Principal
from ostiary.runtime.runtime import Runtime
from ostiary.runtime.sign_in_answer import DEVICE_COOKIE, PENDING_COOKIE, CookieToSet, SignInIncomplete


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Somebody is signed in: the principal of the rest of this request, and what the browser is told."""

    signed_in: SignedIn
    principal: Principal
    cookies: tuple[CookieToSet, ...]


class WayIn:
    """Signs people in and out of one application."""

    __slots__ = ("_client", "_runtime", "_sessions", "_sign_in")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sign_in = runtime.action("sign_in", SignInActions)
        self._sessions = runtime.action("sessions", SessionActions)
        self._client = runtime.resources[ClientSource]  # type: ignore[type-abstract] # found by its protocol

    def vouch(self, subject: str, proof: str) -> Evidence:
        """Evidence that the application vouches for."""
        return Evidence(subject, Factor(proof, at=self._runtime.clock.now()))

    def enter(self, evidence: Evidence, *, present: Principal, pending: str | None) -> Entered:
        """Sign somebody in.

        ``present`` is who the request is now: the same subject adds a factor, another one is signed out
        first. ``pending`` is the pending sign-in's handle, unverified. Raises ``SignInIncomplete`` when
        policy wants another factor, and ``SignInRefused``.
        """
        was_pending = pending is not None
        earlier, epoch = self._from_pending(evidence, pending)
        if earlier:
            return self._conclude(evidence, present, earlier, epoch, was_pending=was_pending)
        earlier, epoch = self._from_session(evidence, present)
        if earlier:
            # A sign-out of that session may come in between; then its proofs count no longer, and what is proven now
            # has to be enough.
            with suppress(InheritedSessionEnded):
                return self._conclude(evidence, present, earlier, epoch, was_pending=was_pending, inherits=True)
        return self._conclude(evidence, present, (), None, was_pending=was_pending)

    def _conclude(
        self,
        evidence: Evidence,
        present: Principal,
        earlier: tuple[Factor, ...],
        epoch: int | None,
        *,
        was_pending: bool,
        inherits: bool = False,
    ) -> Entered:
        outcome = self._sign_in.conclude(evidence, earlier=earlier, first_epoch=epoch)
        if isinstance(outcome, Refused):
            raise SignInRefused(code="sign_in_refused", detail=outcome.detail)
        if isinstance(outcome, FactorNeeded | EnrolmentNeeded):
            raise self._incomplete(outcome)
        return self._start(outcome, evidence, present, was_pending=was_pending, inherits=inherits)

    def _from_pending(self, evidence: Evidence, pending: str | None) -> tuple[tuple[Factor, ...], int | None]:
        """What was proven in a sign-in that was begun, by the same subject and no other. Spends it."""
        kept = self._sign_in.pending.spend(pending, now=self._runtime.clock.now()) if pending else None
        if kept is not None and kept.subject == evidence.subject:
            return kept.factors, kept.epoch
        return (), None

    def _from_session(self, evidence: Evidence, present: Principal) -> tuple[tuple[Factor, ...], int | None]:
        """What was proven in the present session, by the same subject and no other."""
        session = session_id(present)
        if present and present.subject == evidence.subject and session is not None:
            # The session's own epoch counts, not the present one: what was ended a moment ago must not lend its proofs
            # to a session that lives on.
            epoch = self._sessions.epoch_of(session, present.subject)
            return (present.factors, epoch) if epoch is not None else ((), None)
        return (), None

    def _incomplete(self, outcome: FactorNeeded | EnrolmentNeeded) -> SignInIncomplete:
        handle = self._sign_in.keep(outcome.subject, outcome.factors, outcome.epoch)
        self._runtime.bus.announce(
            SignInIncompleteYet(
                at=self._runtime.clock.now(),
                subject=outcome.subject,
                network=self._client().network,
                methods=tuple(factor.kind for factor in outcome.factors),
            )
        )
        return SignInIncomplete(outcome, cookies=(CookieToSet(stem=PENDING_COOKIE, value=handle),))

    def _start(
        self, signed_in: SignedIn, evidence: Evidence, present: Principal, *, was_pending: bool, inherits: bool
    ) -> Entered:
        client = self._client()
        database = self._runtime.database
        assert database is not None  # noqa: S101 - sessions are on, and they need one
        with database.write() as tx:
            session = self._sessions.start(tx, signed_in, replaces=session_id(present), inherits=inherits)
            self._runtime.bus.emit(
                SignInSucceeded(
                    at=signed_in.at,
                    subject=signed_in.subject,
                    network=client.network,
                    methods=tuple(factor.kind for factor in signed_in.factors),
                    device=client.device,
                ),
                tx,
            )
        cookies: tuple[CookieToSet, ...] = (CookieToSet(stem=SESSION_COOKIE, value=session.cookie),)
        if was_pending:
            cookies += (CookieToSet(stem=PENDING_COOKIE, value=None),)
        if evidence.guessed is not None:
            device = self._sign_in.known_devices.issue(evidence.guessed)
            cookies += (CookieToSet(stem=DEVICE_COOKIE, value=device, max_age=DEVICE_LIFETIME // 1000),)
        return Entered(signed_in=signed_in, principal=session.principal, cookies=cookies)

    def leave(self, present: Principal, scope: str, *, pending: str | None = None) -> tuple[CookieToSet, ...]:
        """Sign out ``"here"``, on all ``"others"``, or ``"everywhere"``; the answer is what the browser is told.

        ``pending`` is the handle of a half-finished sign-in, which ends as well.
        """
        if present:
            self._sessions.leave(present.subject, session_id(present), scope)
        if scope == "others":
            return ()
        self.abandon(pending)
        gone: tuple[CookieToSet, ...] = (CookieToSet(stem=SESSION_COOKIE, value=None),)
        return gone if pending is None else (*gone, CookieToSet(stem=PENDING_COOKIE, value=None))

    def abandon(self, pending: str | None) -> None:
        """Forget a sign-in that was begun, so that a copy of its handle finishes nothing."""
        if pending is not None:
            self._sign_in.pending.spend(pending, now=self._runtime.clock.now())
