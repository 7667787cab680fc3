"""What every way in shares: vouching, the sign-in that is pending, what evidence comes to, and what is told of it.

Where a sign-in leads, to a session (``way_in.py``) or to tokens (``token_way_in.py``), is decided after this.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ostiary.features.sign_in import SignInActions
from ostiary.features.sign_in.pending import PendingSignIn
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import SignInRefused
from ostiary.kernel.events import Event, SignInIncompleteYet, SignInSucceeded
from ostiary.kernel.factor import Evidence, Factor, merge_factors
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded, Refused, SignedIn
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.runtime.runtime import Runtime
from ostiary.runtime.sign_in_answer import PENDING_COOKIE, SignInIncomplete
from ostiary.web.cookies import CookieToSet
from ostiary.web.token_response import IssuedTokens

if TYPE_CHECKING:
    from ostiary.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a sign-in came with beside its proof.

    ``remember`` has the browser remembered. ``tokens`` is what tokens are wished for with, ready for JSON; None: the sign-in
    is a browser's. ``guessed`` is what the guess was counted against.
    """

    remember: bool = False
    tokens: Mapping[str, Any] | None = None
    guessed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Somebody is signed in: the principal of the rest of this request, and what the browser is told.

    ``tokens`` is what the answer carries where neither a session nor cookies do.
    """

    signed_in: SignedIn
    principal: Principal
    cookies: tuple[CookieToSet, ...]
    tokens: IssuedTokens | None = None
    binding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a remembered browser comes to: its principal, anonymous if it is not let in, and what it is told."""

    principal: Principal = ANONYMOUS
    cookies: tuple[CookieToSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """What the present session lends to a sign-in: its proofs, under its epoch, until its end."""

    factors: tuple[Factor, ...]
    epoch: int
    ends_at: Millis


class SignInSteps:
    """The steps of one application's sign-ins."""

    __slots__ = ("_client", "_runtime", "_sign_in")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sign_in = runtime.action("sign_in", SignInActions)
        self._client = runtime.resources[ClientSource]  # type: ignore[type-abstract] # found by its protocol

    def vouch(self, subject: str, proof: str, *, at: Millis | None = None) -> Evidence:
        """Evidence that the application vouches for; ``at`` is when it was given, now unless it says so."""
        return Evidence(subject, Factor(proof, at=self._runtime.clock.now() if at is None else at))

    def spend_pending(self, evidence: Evidence, handle: str | None, *, for_tokens: bool) -> PendingSignIn | None:
        """What was proven in a sign-in that was begun, by the same subject and no other, and in the same manner. Spends it."""
        kept = self._sign_in.pending.spend(handle, now=self._runtime.clock.now()) if handle else None
        if kept is None or kept.subject != evidence.subject or (kept.tokens is not None) is not for_tokens:
            return None
        return kept

    def drop_pending(self, handle: str) -> None:
        """Forget a sign-in that was begun, so that a copy of its handle finishes nothing."""
        self._sign_in.pending.spend(handle, now=self._runtime.clock.now())

    def conclude(
        self,
        evidence: Evidence,
        *,
        lent: tuple[Factor, ...] = (),
        begun: tuple[Factor, ...] = (),
        first_epoch: int | None,
        wishes: Wishes,
    ) -> SignedIn:
        """What the evidence comes to; ``lent`` by the present session, ``begun`` in the pending sign-in.

        Raises ``SignInRefused``, and ``SignInIncomplete`` when policy wants another factor.
        """
        outcome = self._sign_in.conclude(evidence, earlier=merge_factors(lent, begun), first_epoch=first_epoch)
        if isinstance(outcome, Refused):
            # As for a wrong proof, to the letter: whoever guessed right must not learn that there is such an account.
            raise SignInRefused(detail=outcome.detail)
        if isinstance(outcome, FactorNeeded | EnrolmentNeeded):
            # What the present session lends is not kept: it counts as long as the session is there, and no longer.
            proven = tuple(factor for factor in outcome.factors if factor in {*begun, evidence.factor})
            raise self._incomplete(outcome, proven, wishes)
        return outcome

    def suffices(self, evidence: Evidence, begun: tuple[Factor, ...]) -> bool:
        """Whether this sign-in is enough without what the present session lends."""
        return isinstance(self._sign_in.conclude(evidence, earlier=begun), SignedIn)

    def _incomplete(
        self, outcome: FactorNeeded | EnrolmentNeeded, proven: tuple[Factor, ...], wishes: Wishes
    ) -> SignInIncomplete:
        now = self._runtime.clock.now()
        pending = PendingSignIn(
            subject=outcome.subject,
            factors=proven,
            epoch=outcome.epoch,
            remember=wishes.remember,
            guessed=wishes.guessed,
            tokens=wishes.tokens,
        )
        handle = self._sign_in.pending.keep(pending, now=now)
        # A row, not only a line: a password that is right and a second factor that never comes is how a stolen one looks.
        self.tell(
            SignInIncompleteYet(
                at=now,
                subject=outcome.subject,
                network=self._client().network,
                methods=tuple(factor.kind for factor in outcome.factors),
            )
        )
        if wishes.tokens is not None:
            return SignInIncomplete(outcome, handle=handle)
        return SignInIncomplete(outcome, cookies=(CookieToSet(stem=PENDING_COOKIE, value=handle),))

    def succeeded(self, signed_in: SignedIn, tx: "Transaction | None", *, guessed: str | None = None) -> None:
        """Somebody is signed in: told in her transaction, or without a database as a line."""
        client = self._client()
        event = SignInSucceeded(
            at=signed_in.at,
            subject=signed_in.subject,
            network=client.network,
            methods=tuple(factor.kind for factor in signed_in.factors),
            device=client.device,
            new_device=self._is_new_device(guessed, signed_in),
        )
        if tx is None:
            self._runtime.bus.announce(event)
        else:
            self._runtime.bus.emit(event, tx)

    def tell(self, event: Event) -> None:
        """Put an event on record: as a row of its own, or without a database as a line."""
        database = self._runtime.database
        if database is None:
            self._runtime.bus.announce(event)
            return
        with database.write() as tx:
            self._runtime.bus.emit(event, tx)

    def device_cookie(self, guessed: str, signed_in: SignedIn) -> CookieToSet:
        """The cookie of a browser on which somebody has just signed in under this name."""
        return self._sign_in.known_devices.cookie(guessed, subject=signed_in.subject, epoch=signed_in.epoch)

    def _is_new_device(self, guessed: str | None, signed_in: SignedIn) -> bool:
        """Whether she never signed in under this name on this browser, or not since everything of hers was ended.

        False where nobody guessed, and so nobody knows.
        """
        if guessed is None:
            return False
        found = self._sign_in.known_devices.recognise(self._client().known_device, guessed)
        if found is None or found.by_link:
            return True
        return (found.subject, found.epoch) != (signed_in.subject, signed_in.epoch)
