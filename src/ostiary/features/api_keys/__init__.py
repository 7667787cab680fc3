"""API keys: long-lived credentials of programs, made by their owner, narrowed, expiring, rotated and revoked.

settings.py   prefix, header, limit, how long, how many
key_text.py   ``ost_live_<id>.<secret><checksum>``, and what a secret scanner looks for
store.py      the table and its statements
present.py    the key of a request, checked
api_key.py    a key as its owner sees it, and what can be wrong
wish.py       what a new key is to be, checked
actions.py    create, list, find, rotate, revoke
events.py     what is told of them
http.py       the addresses: a signed-in browser's, never a key's
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.api_keys.events import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated
from ostiary.features.api_keys.key_text import Environment
from ostiary.features.api_keys.settings import ApiKeysSettings
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.declared_policies import DeclaredPolicies
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.limit import Limiter
from ostiary.kernel.own_marks import OwnMarks
from ostiary.kernel.requirement import Rights
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.web.contribution import Contribution
from ostiary.web.cookies import CookiePolicy
from ostiary.web.credential_reader import CredentialReader
from ostiary.web.section import Section

if TYPE_CHECKING:
    from ostiary.features.api_keys.actions import ApiKeyActions
    from ostiary.features.api_keys.api_key import ApiKey, NewApiKey

__all__ = ["ApiKey", "ApiKeyActions", "ApiKeyCreated", "ApiKeyRevoked", "ApiKeyRotated", "ApiKeys", "NewApiKey"]


def __getattr__(name: str) -> Any:  # a public name that brings SQLAlchemy
    if name == "ApiKeyActions":
        from ostiary.features.api_keys.actions import ApiKeyActions

        return ApiKeyActions
    if name in ("ApiKey", "NewApiKey"):
        from ostiary.features.api_keys import api_key

        return getattr(api_key, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class ApiKeys(ApiKeysSettings):
    """Keys for programs: ``Authorization: Bearer ost_live_…`` or ``X-API-Key``."""

    name: ClassVar[str] = "api_keys"
    requires: ClassVar[tuple[str, ...]] = ("rate_limits", "audit_log")

    def stores(self) -> bool:
        """A key that can be revoked needs a row."""
        return True

    def credential_kinds(self) -> frozenset[str]:
        """The key."""
        return frozenset({"api_key"})

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        yield from self.setting_problems()

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """A person's pages of her keys, where persons are signed in: only a browser's session reaches them."""
        if "sessions" not in on:
            return ()
        from ostiary.features.api_keys.http import ROUTES  # SQLAlchemy only where it is used

        return ROUTES

    def expiring(self) -> tuple[object, ...]:
        """Keys past their end."""
        from ostiary.features.api_keys.store import api_keys  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=api_keys, column="expires_at"),)

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.api_keys``, the readers of both header fields, and the section of the account page."""
        from ostiary.features.api_keys.actions import ApiKeyActions  # SQLAlchemy only where it is used
        from ostiary.features.api_keys.http import key_facts
        from ostiary.features.api_keys.present import BearerKeyReader, HeaderKeyReader, PresentedKeys
        from ostiary.storage.database import Database
        from ostiary.storage.guard_reads import GuardReads

        environment: Environment = "test" if resources[CookiePolicy].development else "live"
        actions = ApiKeyActions(
            self,
            environment=environment,
            database=resources[Database],
            bus=resources[EventBus],
            clock=resources[Clock],  # type: ignore[type-abstract] # found by the protocol it fulfils
            # Asked for when they are used: accounts and roles may be built after this, or not be on.
            gate=lambda: resources.find(SubjectGate),  # type: ignore[type-abstract]
            rights=lambda: resources.find(Rights),  # type: ignore[type-abstract]
            narrowing=resources[DeclaredPolicies].permissions,
        )
        keys = PresentedKeys(
            resources[GuardReads],
            prefix=self.prefix,
            environment=environment,
            limit=self.limit,
            limiter=resources[Limiter],  # type: ignore[type-abstract]
            client=resources[ClientSource],  # type: ignore[type-abstract]
        )
        resources.add(OwnMarks(f"{self.prefix}_", (f"{self.prefix}_live_", f"{self.prefix}_test_")))
        readers: tuple[CredentialReader, ...] = (BearerKeyReader(keys),)
        if self.header is not None:
            readers += (HeaderKeyReader(keys, self.header),)
        section = Section(name="api_keys", template="api_keys/section.html", place=40, facts=key_facts)
        return Contribution(actions=actions, readers=readers, sections=(section,))
