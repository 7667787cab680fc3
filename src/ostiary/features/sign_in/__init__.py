"""Sign-in: evidence in, outcome out; the one way from a proof to a session or a token.

settings.py               the application's own page, its policy
new_device.py             the owner is told of a browser that is new
methods.py                what our own sign-in page can offer
http.py                   that page
token_http.py             the same for programs, and who is signed in
attempt.py                one guess of any method: counted before it is verified
known_device.py           how a victim keeps signing in while an attacker guesses
consecutive_failures.py   when an account can be guessed at no further
decide.py                 evidence and policy to an outcome: a table
pending.py                a sign-in between its first proof and its last
sealed_pending.py         the same where processes share nothing
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from ostiary.features.sign_in.attempt import Guess, SignInActions, WrongProof
from ostiary.features.sign_in.consecutive_failures import ConsecutiveFailures
from ostiary.features.sign_in.known_device import KnownDevices
from ostiary.features.sign_in.methods import SignInMethod, SignInMethods, Way
from ostiary.features.sign_in.new_device import TEMPLATE, NewDeviceNotice
from ostiary.features.sign_in.pending import PendingSignIns
from ostiary.features.sign_in.sealed_pending import SealedPendingSignIns
from ostiary.features.sign_in.settings import SignInSettings
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.cross_site_check import CrossSiteCheck
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.events import SignInSucceeded
from ostiary.kernel.factor import CATEGORIES, ProvableKinds
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limiter
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.web.contribution import Contribution

__all__ = [
    "Guess",
    "SignIn",
    "SignInActions",
    "SignInMethod",
    "SignInMethods",
    "Way",
    "WrongProof",
    "sign_in_page",
]


def sign_in_page(on: Mapping[str, Feature]) -> tuple[object, ...]:
    """The routes of our sign-in page, for the methods that are forms; none where the application has a page of its own.

    Where there are tokens, the address that gives them to programs as well.
    """
    from ostiary.features.sign_in.http import ROUTES  # Werkzeug's body parsers only where a page is served
    from ostiary.features.sign_in.token_http import TOKEN_ROUTES

    page = () if getattr(on.get("sign_in"), "page", None) is not None else ROUTES
    return (*page, *TOKEN_ROUTES) if "tokens" in on else page


@feature
class SignIn(SignInSettings):
    """How proofs become a sign-in: the page of the application's own, and what is asked of everybody."""

    name: ClassVar[str] = "sign_in"
    requires: ClassVar[tuple[str, ...]] = ("rate_limits", "audit_log")

    def proofs(self) -> frozenset[str]:
        """What the application vouches for by itself."""
        return frozenset(self.vouches)

    def mails(self) -> frozenset[str]:
        """The notice of a new device, where it is wanted."""
        return frozenset({TEMPLATE}) if self.new_device_mail else frozenset()

    def required(self) -> tuple[str, ...]:
        """Accounts as well, where their owners are written to."""
        return (*self.requires, "accounts") if self.new_device_mail else self.requires

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

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """Who is signed in, for the application's own scripts."""
        if "sessions" not in on and "tokens" not in on:
            return ()
        from ostiary.features.sign_in.token_http import SESSION_ROUTES  # only where there are addresses

        return SESSION_ROUTES

    def contribute(self, resources: Resources) -> Contribution:
        """The pipeline that every method passes through."""
        from ostiary.storage.ephemeral.store import EphemeralStore
        from ostiary.storage.presence import find_database

        clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
        key_ring = resources[KeyRing]
        actions = SignInActions(
            settings=self,
            provable=resources[ProvableKinds],
            database=find_database(resources),
            pending=self._pending(resources),
            known_devices=KnownDevices(key_ring),
            limiter=resources[Limiter],  # type: ignore[type-abstract]
            failures=ConsecutiveFailures(
                resources[EphemeralStore],  # type: ignore[type-abstract]
                key_ring,
                most=self.failures,
            ),
            client=resources[ClientSource],  # type: ignore[type-abstract]
            cross_site_check=resources[CrossSiteCheck],  # type: ignore[type-abstract]
            bus=resources[EventBus],
            clock=clock,
            # Asked for when it is used: accounts may be built after this, or not be on.
            gate=lambda: resources.find(SubjectGate),  # type: ignore[type-abstract]
        )
        resources.add(SignInMethods())
        return Contribution(actions=actions, listeners=self._listeners(resources))

    def _pending(self, resources: Resources) -> PendingSignIns | SealedPendingSignIns:
        from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
        from ostiary.storage.ephemeral.store import EphemeralStore

        store, key_ring = resources[EphemeralStore], resources[KeyRing]  # type: ignore[type-abstract]
        # In memory, no other worker would find what this one keeps.
        kept_by = SealedPendingSignIns if isinstance(store, MemoryEphemeralStore) else PendingSignIns
        return kept_by(store, key_ring, lifetime=milliseconds(self.pending))

    def _listeners(self, resources: Resources) -> Listeners:
        listeners = Listeners()
        if self.new_device_mail:
            notice = NewDeviceNotice(resources)
            listeners.during(SignInSucceeded, notice.tell)
        return listeners
