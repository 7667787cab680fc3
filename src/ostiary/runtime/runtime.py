"""The runtime of one application: everything wired, once, and never changed again. No I/O until something is asked."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from ostiary.kernel.caller import CallerSource, no_caller
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock, SystemClock
from ostiary.kernel.cross_site_check import CrossSiteCheck, no_request
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.declared_policies import DeclaredPolicies
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.extra_claims import ExtraClaims
from ostiary.kernel.factor import ProvableKinds
from ostiary.kernel.key_folder import KeyFolder
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.kernel.requirement import Rights
from ostiary.kernel.resources import Resources
from ostiary.runtime.assembly import Assembly, provable
from ostiary.runtime.deployment import Deployment
from ostiary.storage.presence import find_database
from ostiary.web.addresses import Addresses
from ostiary.web.contribution import Contribution
from ostiary.web.cookies import CookiePolicy
from ostiary.web.credential_reader import CredentialReader
from ostiary.web.csrf import CsrfPolicy
from ostiary.web.guard import RequestGuard
from ostiary.web.section import Sections
from ostiary.web.url_policy import UrlPolicy

if TYPE_CHECKING:
    from jinja2 import BaseLoader

    from ostiary.storage.database import Database
    from ostiary.storage.ephemeral.store import EphemeralStore

T = TypeVar("T")

EMBEDDED_FILE = "ostiary.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One application, ready to serve."""

    assembly: Assembly
    deployment: Deployment
    resources: Resources
    actions: Mapping[str, object]
    guard: RequestGuard
    bus: EventBus
    clock: Clock
    cookies: CookiePolicy
    csrf: CsrfPolicy
    rights: Rights | None

    def action(self, feature: str, kind: type[T]) -> T:
        """The actions of a feature that is on. Raises ``ConfigurationError`` with the cure if it is not."""
        found = self.actions.get(feature)
        if not isinstance(found, kind):
            name = "".join(part.capitalize() for part in feature.split("_"))
            raise misconfigured("feature_not_on", f"auth.{feature} is used, and {name}() is not on", f"add {name}()")
        return found

    @property
    def database(self) -> "Database | None":
        """The database, if a feature needs one."""
        return find_database(self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an adapter brings: the application's listeners, its request, and perhaps its own database and clock."""

    listeners: tuple[Listeners, ...]
    client: ClientSource
    caller: CallerSource = no_caller
    cross_site_check: CrossSiteCheck = no_request
    addresses: Callable[[UrlPolicy], Addresses] | None = None
    database: "Database | None" = None
    clock: Clock | None = None
    rehearsal: Rehearsal | None = None
    extra_claims: ExtraClaims | None = None
    policies: DeclaredPolicies | None = None
    templates: "tuple[BaseLoader, ...]" = ()
    """Where the application keeps its own templates, of mails too; asked before ours."""


def build_runtime(assembly: Assembly, deployment: Deployment, around: Surroundings) -> Runtime:
    """Wire everything. Opens nothing: connections are made at first use, in the process that uses them."""
    if around.rehearsal is not None:
        deployment = _rehearsed(deployment)
    clock = around.clock or SystemClock()
    feature_listeners = Listeners()
    bus = EventBus(feature_listeners, *around.listeners)
    resources = Resources()
    resources.add(clock, as_type=Clock)
    resources.add(deployment.key_ring)
    kept_in = deployment.instance_path if deployment.development and not deployment.testing else None
    resources.add(KeyFolder(path=kept_in, may_make=deployment.development))
    resources.add(bus)
    _add_present_request(resources, around)
    resources.add(deployment.urls)
    resources.add(around.extra_claims or ExtraClaims())
    resources.add(around.policies if around.policies is not None else DeclaredPolicies())
    if around.addresses is not None:
        resources.add(around.addresses(deployment.urls), as_type=Addresses)
    if around.rehearsal is not None:
        resources.add(around.rehearsal)
    cookies = _cookies(assembly, deployment)
    resources.add(cookies)
    resources.add(ProvableKinds(provable(assembly)))
    _add_storage(resources, assembly, deployment, around.database)
    if deployment.mail is not None:
        from ostiary.runtime.mail import add_mail  # only where mail is sent

        add_mail(
            resources,
            deployment.mail,
            templates=around.templates,
            site_name=deployment.site_name,
            development=deployment.development,
        )
    actions: dict[str, object] = {}
    readers: tuple[CredentialReader, ...] = ()
    rights: Rights | None = None
    sections = Sections()
    resources.add(sections)
    for feature in assembly.features:
        contribution = feature.contribute(resources)
        if not isinstance(contribution, Contribution):
            message = f"{feature.name} contributes no Contribution"
            raise TypeError(message)
        resources.add(contribution.actions)
        actions[feature.name] = contribution.actions
        readers += contribution.readers
        rights = contribution.rights or rights
        feature_listeners.extend(contribution.listeners)
        sections.sections.extend(contribution.sections)
    if rights is not None:
        resources.add(rights, as_type=Rights)
    if "accounts" in assembly and "roles" in assembly:
        from ostiary.runtime.roles_of_accounts import join_roles_and_accounts  # only where both are on

        join_roles_and_accounts(resources, feature_listeners)
    csrf = CsrfPolicy(deployment.key_ring, deployment.urls, mode=deployment.csrf, development=deployment.development)
    guard = RequestGuard(readers, csrf=csrf, clock=clock, announce=bus.announce, rights=rights)
    return Runtime(
        assembly=assembly,
        deployment=deployment,
        resources=resources,
        actions=MappingProxyType(actions),
        guard=guard,
        bus=bus,
        clock=clock,
        cookies=cookies,
        csrf=csrf,
        rights=rights,
    )


def _add_present_request(resources: Resources, around: Surroundings) -> None:
    """What features ask of the present request."""
    resources.add(around.client, as_type=ClientSource)
    resources.add(around.caller, as_type=CallerSource)
    resources.add(around.cross_site_check, as_type=CrossSiteCheck)


def _rehearsed(deployment: Deployment) -> Deployment:
    """The deployment under the test kit: mail stays in memory, whatever server the settings name."""
    if not deployment.testing:
        raise misconfigured(
            "rehearsal_outside_tests",
            "the test kit makes passwords cheap to guess and counts no guesses, and app.testing is false",
            "use AuthKit in tests only, and leave app.testing as it sets it",
        )
    mail = deployment.mail
    return deployment if mail is None else replace(deployment, mail=replace(mail, url="memory", worker="thread"))


def _cookies(assembly: Assembly, deployment: Deployment) -> CookiePolicy:
    sessions: Any = assembly.get("sessions")
    domain = sessions.cookie_domain if sessions is not None else None
    return CookiePolicy(development=deployment.development, domain=domain, application=deployment.cookie_prefix)


def _add_storage(resources: Resources, assembly: Assembly, deployment: Deployment, given: "Database | None") -> None:
    from ostiary.storage.ephemeral.store import EphemeralStore  # storage only where it is used

    database = given
    if database is None and assembly.stores():
        passing = deployment.testing and deployment.database_url is None
        database = _passing_database(resources) if passing else own_database(deployment)
    if database is not None:
        from ostiary.storage.guard_reads import GuardReads  # SQLAlchemy only with a database

        resources.add(database)
        resources.add(GuardReads(database))
    resources.add(_ephemeral(deployment, database), as_type=EphemeralStore)


def own_database(deployment: Deployment) -> "Database":
    """The database that the settings name, or the embedded file."""
    from ostiary.storage.database import Database  # SQLAlchemy only with a database

    if deployment.database_url is None:
        return Database.embedded(deployment.instance_path / EMBEDDED_FILE)
    url = deployment.database_url.reveal()
    return Database.from_url(url, migrates_itself=deployment.development and url.startswith("sqlite"))


def _passing_database(resources: Resources) -> "Database":
    """Tests never write into the developer's own data: a file that goes when the runtime does."""
    from ostiary.storage.database import Database  # SQLAlchemy only with a database

    folder = Path(tempfile.mkdtemp(prefix="ostiary-test-"))
    weakref.finalize(resources, shutil.rmtree, folder, ignore_errors=True)
    return Database.embedded(folder / EMBEDDED_FILE)


def _ephemeral(deployment: Deployment, database: "Database | None") -> "EphemeralStore":
    if deployment.redis_url is not None:
        from ostiary.storage.ephemeral.redis import RedisEphemeralStore  # an extra

        return RedisEphemeralStore.from_url(deployment.redis_url.reveal())
    if database is not None:
        from ostiary.storage.ephemeral.sql import SqlEphemeralStore  # SQLAlchemy only with a database

        return SqlEphemeralStore(database)
    from ostiary.storage.ephemeral.memory import MemoryEphemeralStore  # only without a database

    return MemoryEphemeralStore()
