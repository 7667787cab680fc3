"""Sign-in: evidence in, outcome out; the one way from a proof to a session or a token.

settings.py               the application's own page, its policy
attempt.py                one guess of any method: counted before it is verified
known_device.py           how a victim keeps signing in while an attacker guesses
consecutive_failures.py   when an account can be guessed at no further
decide.py                 evidence and policy to an outcome: a table
pending.py                a sign-in between its first proof and its last
"""

from collections.abc import Iterable
from typing import ClassVar

from ostiary.features.sign_in.attempt import Guess, SignInActions, WrongProof
from ostiary.features.sign_in.consecutive_failures import ConsecutiveFailures
from ostiary.features.sign_in.known_device import KnownDevices
from ostiary.features.sign_in.pending import PendingSignIns
from ostiary.features.sign_in.settings import SignInSettings
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.factor import CATEGORIES, ProvableKinds
from ostiary.kernel.feature import feature
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limiter
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

__all__ = ["Guess", "SignIn", "SignInActions", "WrongProof"]


@feature
class SignIn(SignInSettings):
    """How proofs become a sign-in: the page of the application's own, and what is asked of everybody."""

    name: ClassVar[str] = "sign_in"
    requires: ClassVar[tuple[str, ...]] = ("rate_limits", "audit_log")

    def proofs(self) -> frozenset[str]:
        """What the application vouches for by itself."""
        return frozenset(self.vouches)

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        unknown = sorted(set(self.vouches) - CATEGORIES.keys())
        if unknown:
            yield Problem(
                code="unknown_proof",
                what=f"SignIn(vouches=…) names {', '.join(unknown)}, which is no kind of proof",
                cure=f"the kinds are {', '.join(sorted(CATEGORIES))}",
            )
        yield from self.limit_problems()

    def contribute(self, resources: Resources) -> Contribution:
        """The pipeline that every method passes through."""
        from ostiary.storage.database import Database  # storage only where something is stored
        from ostiary.storage.ephemeral.store import EphemeralStore

        clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
        key_ring = resources[KeyRing]
        actions = SignInActions(
            settings=self,
            provable=resources[ProvableKinds],
            database=resources.find(Database),
            pending=PendingSignIns(
                resources[EphemeralStore],  # type: ignore[type-abstract]
                lifetime=milliseconds(self.pending),
            ),
            known_devices=KnownDevices(key_ring),
            limiter=resources[Limiter],  # type: ignore[type-abstract]
            failures=ConsecutiveFailures(resources[EphemeralStore], most=self.failures),  # type: ignore[type-abstract]
            client=resources[ClientSource],  # type: ignore[type-abstract]
            bus=resources[EventBus],
            clock=clock,
        )
        return Contribution(actions=actions)
