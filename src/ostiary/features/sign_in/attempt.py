"""One guess, of any method: counted before it is verified, the same for an account that exists and one that does not.

Every proof passes through ``SignInActions.attempt``. The counting is one atomic step in the store, so
N guesses at once are N guesses. An attacker is slowed by three limits (his network, the account, both
together); the owner of the account has a fourth of her own on every browser she has signed in with.

An account may have several names. Before it is looked up only the name is known, and what is used up is told
(429); afterwards the account is counted once more, whatever it was called. That count is silent: said aloud, it would
say which names are one account, and so that there is one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from ostiary.features.sign_in.consecutive_failures import ConsecutiveFailures
from ostiary.features.sign_in.decide import decide, decide_remembered
from ostiary.features.sign_in.known_device import KnownDevice, KnownDevices
from ostiary.features.sign_in.pending import PendingSignIns
from ostiary.features.sign_in.sealed_pending import SealedPendingSignIns
from ostiary.features.sign_in.settings import SignInSettings
from ostiary.kernel.client import Client, ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.cross_site_check import CrossSiteCheck
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import SignInRefused, TooManyAttempts, Unavailable
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import Event, GuessesForgiven, SignInFailed
from ostiary.kernel.factor import Evidence, Factor, ProvableKinds, merge_factors
from ostiary.kernel.limit import Limit, Limiter, parse_limit
from ostiary.kernel.outcome import Outcome, Refused, SignedIn
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.web.cookies import CookieToSet

if TYPE_CHECKING:
    from ostiary.storage.database import Database


# Longer than any name; normalising a megabyte is work that a stranger should not get for nothing.
_LONGEST_COUNTED = 1_024
# Accents, and what is written around a letter (Unicode §4.5).
_MARKS = frozenset({"Mn", "Me"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Somebody says she is ``identifier``, and will prove it by ``method``."""

    method: str
    identifier: str

    @property
    def counted_name(self) -> str:
        """What guesses are counted against: the identifier without the ways of writing it differently.

        Case, Unicode form, accents, blanks and a ``+tag`` would otherwise give an attacker a fresh allowance each: a
        directory, or a table that is collated as people sort, finds "ada" by "Ádá". It is made from the
        identifier alone, so that it says nothing about which accounts exist.
        """
        # A lone surrogate has no bytes to count under; a stranger can send one, so it becomes a question mark.
        text = self.identifier[:_LONGEST_COUNTED].encode("utf-8", "replace").decode()
        letters = [one for one in normalize("NFKD", text) if category(one) not in _MARKS and not one.isspace()]
        name = "".join(letters).casefold()
        local, at, domain = name.rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" if at else name


@dataclass(frozen=True, slots=True)
class WrongProof:
    """The proof is wrong. ``subject`` is whose account it was, for the log; None when there is no such account."""

    subject: str | None = None


def limit_of_subject(limit: Limit) -> Limit:
    """The limit of guesses at a name as that of an account: as fast, and with one more at once.

    It is counted after the proof was verified, a little later than the name. Whoever uses one name meets the limit of
    the name first, is told how long to wait, and must not be refused after she waited.
    """
    return replace(limit, name="sign_in.subject", count=limit.count + 1, period=limit.period + limit.cost)


class SignInActions:
    """``auth.sign_in``'s machinery: attempts, outcomes, pending sign-ins."""

    __slots__ = (
        "_bus",
        "_client",
        "_clock",
        "_cross_site_check",
        "_database",
        "_failures",
        "_gate",
        "_limiter",
        "_limits",
        "_of_subject",
        "_provable",
        "_settings",
        "known_devices",
        "pending",
    )

    def __init__(
        self,
        *,
        settings: SignInSettings,
        provable: ProvableKinds,
        database: "Database | None",
        pending: PendingSignIns | SealedPendingSignIns,
        known_devices: KnownDevices,
        limiter: Limiter,
        failures: ConsecutiveFailures,
        client: ClientSource,
        cross_site_check: CrossSiteCheck,
        bus: EventBus,
        clock: Clock,
        gate: Callable[[], SubjectGate | None],
    ) -> None:
        self._settings = settings
        self._provable = provable
        self._database = database
        self.pending = pending
        self.known_devices = known_devices
        self._limiter = limiter
        self._failures = failures
        self._client = client
        self._cross_site_check = cross_site_check
        self._bus = bus
        self._clock = clock
        self._gate = gate
        self._limits = {
            name: parse_limit(f"sign_in.{name}", getattr(settings, f"{name}_limit"))
            for name in ("network", "account", "nearby", "device")
        }
        self._of_subject = limit_of_subject(self._limits["account"])

    def epoch(self, subject: str) -> int:
        """The subject's epoch now. Read before the first proof, compared at every request after it."""
        if self._database is None:
            return 0
        from ostiary.storage.subjects import read_epoch  # only with a database

        with self._database.read() as connection:
            return read_epoch(connection, subject)

    def attempt(self, guess: Guess, prove: Callable[[], Evidence | WrongProof]) -> Evidence:
        """Count the guess, then verify it.

        Raises ``CsrfRefused`` before it is counted where a page of another site had it made: it would use up the guesses of
        whoever looks at that page. Raises ``TooManyAttempts`` before any work is done, ``SignInRefused`` for a wrong proof, and what the proof
        raises; a guess that could not be verified (``Unavailable``) is given back.
        """
        self._cross_site_check()
        client = self._client()
        device = self._known_device(client, guess)
        charges = self._charges(guess, client.network, device)
        for limit, key in charges:
            self._limiter.charge(limit, key)
        try:
            proven = prove()
        except Unavailable:
            # Nothing was verified: that a database or a directory is away counts against nobody.
            for limit, key in charges:
                self._limiter.give_back(limit, key)
            raise
        if device is not None and proven.subject not in (None, device.subject):
            # The name is somebody else's by now, and to her this browser is a stranger's.
            device = None
        device_id = None if device is None else device.id
        within = self._within(guess, proven.subject, device_id)
        # A directory does not say whose password is wrong; the cookie says whose browser it is.
        whose = proven.subject if device is None else device.subject
        allowed = self._failures.allow(whose, guess.method, device=device_id, now=self._clock.now())
        if proven.subject is None:
            # Whatever the counter of all that belong to nobody says: whoever reads the log looks for names that are tried.
            self._failed(guess, client, None, reason="unknown_identifier")
        elif not within:
            self._failed(guess, client, proven.subject, reason="too_many_guesses")
        elif not allowed:
            self._failed(guess, client, proven.subject, reason="too_many_failures")
        elif isinstance(proven, WrongProof):
            self._failed(guess, client, proven.subject, reason="wrong_proof")
        else:
            self._failures.forgive(proven.subject, guess.method, device=device_id)
            return replace(proven, guessed=guess.identifier)
        raise SignInRefused(detail=f"wrong {guess.method}")

    def _known_device(self, client: Client, guess: Guess) -> KnownDevice | None:
        """The browser, if its owner has signed in on it under that name, and nothing has ended everything of hers since."""
        found = self.known_devices.recognise(client.known_device, guess.identifier)
        # Only a cookie of ours is asked about, so that this read tells a stranger nothing.
        return found if found is not None and found.epoch == self.epoch(found.subject) else None

    def _charges(self, guess: Guess, network: str | None, device: KnownDevice | None) -> list[tuple[Limit, str]]:
        """The limits a guess is counted against, each with its key."""
        name = guess.counted_name
        if device is not None:
            # Neither her account's allowance nor her network's: whoever shares a network with her could use that up.
            # A browser is known to the accounts that signed in on it, so it is no way to try many.
            return [(self._limits["device"], f"{device.id}|{name}")]
        charges = [(self._limits["account"], name)]
        if network is not None:
            charges[:0] = [(self._limits["network"], network), (self._limits["nearby"], f"{network}|{name}")]
        return charges

    def _within(self, guess: Guess, subject: str | None, device: str | None) -> bool:
        """Count a proof that was just verified against the account it was for, under whatever name; False: one too many.

        In one step and before it is believed, as failures in a row are. A name of nobody is counted in the same
        manner, so that it takes the same work. A browser that is known has its own allowance, and each of its cookies one name.
        """
        if device is not None:
            return True
        try:
            self._limiter.charge(
                self._of_subject, f"name|{guess.counted_name}" if subject is None else f"subject|{subject}"
            )
        except TooManyAttempts:
            return False
        return True

    def _failed(self, guess: Guess, client: Client, subject: str | None, *, reason: str) -> None:
        self._tell(
            SignInFailed(
                at=self._clock.now(), network=client.network, method=guess.method, reason=reason, subject=subject
            )
        )

    def _tell(self, event: Event) -> None:
        """Put an event on record: as a row of its own, or without a database as a line."""
        if self._database is None:
            self._bus.announce(event)
            return
        with self._database.write() as tx:
            self._bus.emit(event, tx)

    def conclude(
        self, evidence: Evidence, *, earlier: tuple[Factor, ...] = (), first_epoch: int | None = None
    ) -> Outcome:
        """What this evidence comes to, together with what was proven before it.

        ``earlier`` is what a pending sign-in or the present session of the same subject has; ``first_epoch``
        the epoch that was read before its first proof.
        """
        epoch = evidence.epoch if evidence.epoch is not None else self.epoch(evidence.subject)
        if first_epoch is not None and evidence.epoch is not None and first_epoch < evidence.epoch:
            # What was proven before everything of hers was ended counts no longer. This proof began afterwards, and
            # stands alone: she has changed her password, and signs in with it.
            earlier = ()
        elif first_epoch is not None:
            # The oldest reading counts: what was ended since the first proof stays ended.
            epoch = min(epoch, first_epoch)
        # After the epoch: a suspension that this does not see yet raises it, and what is started here is dead.
        shut = self._shut(evidence.subject, evidence.factor.kind)
        if shut is not None:
            return shut
        return decide(
            evidence.subject,
            merge_factors(earlier, (evidence.factor,)),
            epoch=epoch,
            wanted=self._wanted(evidence.subject),
            # A step she can be sent to has a name; "app" is what the application did not name.
            provable=self._provable.kinds - {"app"},
            now=self._clock.now(),
        )

    def conclude_remembered(self, subject: str, *, epoch: int) -> SignedIn | Refused:
        """What a remembered browser comes to; ``epoch`` is the one its series was begun under."""
        shut = self._shut(subject, "remember")
        if shut is not None:
            return shut
        return decide_remembered(subject, epoch=epoch, wanted=self._wanted(subject), now=self._clock.now())

    @property
    def factors_of_everybody(self) -> int:
        """How many factors are asked of everybody, whoever it is: 1 where a function decides for each."""
        policy = self._settings.policy
        return policy if isinstance(policy, int) else 1

    def known_by_link(self, identifier: str, *, subject: str, epoch: int) -> CookieToSet | None:
        """What makes a browser known on which a mailed link sets a password; None where a password alone signs nobody in.

        ``epoch`` is the one that the new password raises. Whoever has her mailbox and no more is to have no guesses of his
        own at what else she must prove.
        """
        if self._wanted(subject) > 1:
            return None
        return self.known_devices.cookie(identifier, subject=subject, epoch=epoch, by_link=True)

    def _shut(self, subject: str, method: str) -> Refused | None:
        """The refusal of a subject that may not sign in, put on record; None when she may."""
        gate = self._gate()
        reason = None if gate is None else gate.why_not(subject)
        if reason is None:
            return None
        now, network = self._clock.now(), self._client().network
        self._tell(SignInFailed(at=now, network=network, method=method, reason=reason, subject=subject))
        return Refused(code=reason, detail=f"the account may not sign in: {reason}")

    def _wanted(self, subject: str) -> int:
        policy = self._settings.policy
        if policy is None:
            return 1
        return policy if isinstance(policy, int) else max(1, policy(subject))

    def forgive(self, subject: str, *, method: str = "password") -> None:
        """Give a subject her guesses back: somebody else has used them up, or she was given a new authenticator.

        Those that were counted silently, that is: she could not know why she is refused. What is used up under a name
        is told, with how long to wait.
        """
        self._failures.forgive(subject, method)
        self._limiter.forget(self._of_subject, f"subject|{subject}")
        self._tell(GuessesForgiven(at=self._clock.now(), subject=subject, method=method))
