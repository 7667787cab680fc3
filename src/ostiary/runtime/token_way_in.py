"""The way in for tokens: evidence becomes an access token and a refresh token; with sessions, beside one, or without any.

A program gets tokens in the answer, and its half-finished sign-in a handle. A browser of an application without
sessions gets them as cookies (``Tokens(cookies=True)``). Whichever it is, ``features/sign_in`` decides.
"""

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ostiary.features.tokens.actions import TokenActions
from ostiary.features.tokens.csrf_binding import family_of_binding
from ostiary.features.tokens.token_cookies import TokenCookies
from ostiary.features.tokens.token_wish import TokenWish, wish_of_json
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.factor import Evidence, Factor, merge_factors
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.runtime.runtime import Runtime
from ostiary.runtime.sign_in_answer import PENDING_COOKIE
from ostiary.runtime.sign_in_steps import Entered, Loan, Resumed, SignInSteps, Wishes
from ostiary.web.cookies import CookieToSet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ostiary.features.tokens.actions import Issue
    from ostiary.kernel.outcome import SignedIn
    from ostiary.storage.database import Transaction

    FindLoan = Callable[[Evidence, Principal], Loan | None]

SIGNED_OUT: Final = "signed_out"


class _LenderEnded(Exception):
    """The family whose proofs a sign-in builds on was ended meanwhile: they count no longer."""


class TokenWayIn(SignInSteps):
    """Signs programs in; and where there are no sessions, browsers in and out.

    ``find_loan`` is what the present session lends, where there are sessions.
    """

    __slots__ = ("_cookies", "_database", "_find_loan", "_tokens")

    def __init__(self, runtime: Runtime, *, find_loan: "FindLoan | None" = None) -> None:
        super().__init__(runtime)
        self._tokens = runtime.action("tokens", TokenActions)
        self._cookies = runtime.resources.find(TokenCookies)
        self._database = runtime.database
        self._find_loan = find_loan

    # --- programs -----------------------------------------------------------------------------------------

    def issue(
        self,
        evidence: Evidence,
        wish: TokenWish,
        *,
        present: Principal = ANONYMOUS,
        handle: str | None = None,
        further: tuple[Factor, ...] = (),
    ) -> "Issue":
        """Tokens for evidence.

        ``present`` is who the request is now: the session of the same subject lends its proofs, and ends what is issued
        beside it. ``handle`` is that of a sign-in that was begun, unverified; what was wished for then holds.
        ``further`` is what the application vouches for beside the evidence. Raises ``SignInIncomplete`` when policy wants another factor, and ``SignInRefused``.
        """
        kept = self.spend_pending(evidence, handle, for_tokens=True)
        if kept is not None and kept.tokens is not None:
            wish = wish_of_json(kept.tokens)
        elif present and present.subject == evidence.subject:
            # What is issued beside a session that acts at a place acts there as well: a credential never widens another.
            wish = replace(wish, tenant=present.tenant)
        wishes = Wishes(tokens=wish.as_json(), guessed=(kept.guessed if kept is not None else None) or evidence.guessed)
        begun, epoch = (kept.factors, kept.epoch) if kept is not None else ((), None)
        begun = merge_factors(begun, further)
        loan = self._find_loan(evidence, present) if self._find_loan is not None else None
        if loan is not None:
            epoch = loan.epoch if epoch is None else min(epoch, loan.epoch)
        lent = loan.factors if loan is not None else ()
        signed_in = self.conclude(evidence, lent=lent, begun=begun, first_epoch=epoch, wishes=wishes)
        credential = present.credential
        beside = loan is not None and credential is not None
        issue = self._tokens.prepare(
            signed_in,
            wish,
            session=credential.id if beside and credential is not None else None,
            ends_by=loan.ends_at if loan is not None else None,
        )
        with self._writing() as tx:
            issue = self._tokens.give_out(issue, tx)
            self.succeeded(signed_in, tx)
        return issue

    # --- browsers without sessions ------------------------------------------------------------------------

    def enter(
        self,
        evidence: Evidence,
        *,
        present: Principal,
        pending: str | None,
        remember: bool = False,
        remembered: str | None = None,  # noqa: ARG002 - as every way in
        binding: str | None = None,
    ) -> Entered:
        """Sign somebody in: token cookies, or tokens in the answer. As ``WayIn.enter``."""
        self.check_wish(remember=remember)
        kept = self.spend_pending(evidence, pending, for_tokens=False)
        wishes = Wishes(guessed=(kept.guessed if kept is not None else None) or evidence.guessed)
        begun, epoch = (kept.factors, kept.epoch) if kept is not None else ((), None)
        family = family_of_binding(binding) if present else None
        lends = family if family is not None and present.subject == evidence.subject else None
        loan = self._tokens.loan_of(lends) if lends is not None else None
        if loan is not None:
            its_epoch, its_end = loan
            oldest = its_epoch if epoch is None else min(epoch, its_epoch)
            signed_in = self.conclude(evidence, lent=present.factors, begun=begun, first_epoch=oldest, wishes=wishes)
            # As a session: what it lends does not outlive it (ASVS 5.0 V7.3.2).
            ends_by = None if self.suffices(evidence, begun) else its_end
            try:
                return self._start(signed_in, wishes, pending, replaces=family, inherits=True, ends_by=ends_by)
            except _LenderEnded:
                pass
        signed_in = self.conclude(evidence, begun=begun, first_epoch=epoch, wishes=wishes)
        return self._start(signed_in, wishes, pending, replaces=family)

    def _start(
        self,
        signed_in: "SignedIn",
        wishes: Wishes,
        pending: str | None,
        *,
        replaces: str | None,
        inherits: bool = False,
        ends_by: int | None = None,
    ) -> Entered:
        issue = self._tokens.prepare(signed_in, TokenWish(), ends_by=ends_by)
        with self._writing() as tx:
            if replaces is not None and tx is not None:
                ended = self._tokens.replace(tx, replaces)
                if inherits and not ended:
                    raise _LenderEnded
            issue = self._tokens.give_out(issue, tx)
            self.succeeded(signed_in, tx, guessed=wishes.guessed)
        cookies: tuple[CookieToSet, ...] = ()
        if self._cookies is not None:
            cookies = self._cookies.of(issue, self._runtime.clock.now())
        if pending is not None:
            cookies += (CookieToSet(stem=PENDING_COOKIE, value=None),)
        if wishes.guessed is not None:
            cookies += (self.device_cookie(wishes.guessed, signed_in),)
        return Entered(
            signed_in=signed_in,
            principal=issue.principal,
            cookies=cookies,
            tokens=None if self._cookies is not None else issue.tokens,
            binding=issue.binding,
        )

    def check_wish(self, *, remember: bool) -> None:
        """Browsers without sessions are not remembered: their refresh tokens do that. Raises ``ConfigurationError``."""
        if remember:
            what = "auth.sign_in(…, remember=True) is used, and RememberMe() is not on"
            raise misconfigured("feature_not_on", what, "add Sessions() and RememberMe()")

    def resume(self, cookie: str | None) -> Resumed:  # noqa: ARG002 - as every way in
        """Nobody: there are no remembered browsers without sessions."""
        return Resumed()

    # --- the way out --------------------------------------------------------------------------------------

    def leave(
        self,
        present: Principal,
        scope: str,
        *,
        pending: str | None = None,
        remembered: str | None = None,  # noqa: ARG002 - as every way in
        binding: str | None = None,
    ) -> tuple[CookieToSet, ...]:
        """Sign out ``"here"``, on all ``"others"``, or ``"everywhere"``; the answer is what the browser is told.

        ``binding`` names the family of the token that was presented.
        """
        family = family_of_binding(binding)
        cookies: tuple[CookieToSet, ...] = ()
        if present:
            renewed = self._tokens.leave(present, family, scope)
            if renewed is not None and self._cookies is not None:
                cookies = self._cookies.of(renewed, self._runtime.clock.now())
        if scope == "others":
            return cookies
        if pending is not None:
            self.drop_pending(pending)
            cookies += (CookieToSet(stem=PENDING_COOKIE, value=None),)
        return cookies + (self._cookies.cleared() if self._cookies is not None else ())

    @contextmanager
    def _writing(self) -> "Generator[Transaction | None]":
        """One transaction for everything, or none where nothing is stored."""
        if self._database is None:
            yield None
            return
        with self._database.write() as tx:
            yield tx
