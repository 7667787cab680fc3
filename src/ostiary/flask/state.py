"""What ``Auth`` keeps for one Flask application: its plan from the start, its runtime from first use."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from flask import Flask, has_request_context, request

from ostiary.flask.acting import Acting
from ostiary.flask.addresses import FlaskAddresses
from ostiary.flask.answers import own_page
from ostiary.flask.database import database_of
from ostiary.flask.signals import signalling
from ostiary.kernel.client import NO_CLIENT, Client
from ostiary.kernel.declared_policies import DeclaredPolicies
from ostiary.kernel.errors import ConfigurationError, Problem
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.extra_claims import ExtraClaims
from ostiary.kernel.settings import PREFIX, Sources, Unreadable, read_setting, unknown_setting
from ostiary.runtime.assembly import Assembly, all_feature_names, assemble
from ostiary.runtime.deployment import NAMES, Deployment, read_deployment
from ostiary.runtime.runtime import Runtime, Surroundings, build_runtime, own_database
from ostiary.web.client_address import client_address
from ostiary.web.cookies import DEVICE_COOKIE, DOUBLED, read_cookie
from ostiary.web.csrf import SAFE_METHODS, names_another_site

if TYPE_CHECKING:
    from ostiary.features.policies import PolicyActions
    from ostiary.kernel.clock import Clock
    from ostiary.kernel.principal import Principal
    from ostiary.kernel.rehearsal import Rehearsal
    from ostiary.runtime.token_way_in import TokenWayIn
    from ostiary.runtime.way_in import WayIn
    from ostiary.storage.database import Database

EXTENSION: Final = "ostiary"
_log: Final = logging.getLogger("ostiary")
_LONGEST_DEVICE: Final = 300
# Flask's own options that stand between `flask` and the command, and take the next word.
_OPTIONS_WITH_VALUE: Final = frozenset({"-A", "--app", "-e", "--env-file"})


class AppState:
    """One application's share of an ``Auth``."""

    def __init__(
        self,
        app: Flask,
        features: tuple[object, ...],
        *,
        listeners: Listeners,
        database: object,
        url_prefix: str,
        extra_claims: ExtraClaims | None = None,
        policies: DeclaredPolicies | None = None,
        acting: Acting | None = None,
    ) -> None:
        self.app = app
        self.url_prefix = url_prefix
        # The mark in the environ of a request whose answer is watched. Applications may share an environ.
        self.watched = f"ostiary.answer_watched.{id(self)}"
        self.clock: Clock | None = None
        self._rehearsal: Rehearsal | None = None
        self._spare_database: Database | None = None
        self._listeners = listeners
        self._database = database
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None
        self._way_in: WayIn | TokenWayIn | None = None
        self._token_way_in: TokenWayIn | None = None
        self._proxy_hinted = False
        self.extra_claims = extra_claims
        self.policies = policies if policies is not None else DeclaredPolicies()
        self._acting = acting if acting is not None else Acting()
        self._policy_actions: tuple[Runtime, PolicyActions] | None = None
        self.warnings: list[Problem] = []
        problems: list[Problem] = []
        self.assembly: Assembly = assemble(features, self.sources, problems)
        problems.extend(self._unknown_settings())
        if problems:
            raise ConfigurationError(problems)
        for warning in self.warnings:
            _log.warning("%s (%s)", warning.what, warning.cure)

    @property
    def sources(self) -> Sources:
        """Where settings stand. The testing package and the shell may change both until first use."""
        return Sources(config=self.app.config, environment=os.environ)

    @property
    def development(self) -> bool:
        """Whether this is a developer's machine: debug, testing, or ``OSTIARY_DEVELOPMENT=1``."""
        if self.app.debug or self.app.testing:
            return True
        try:
            found = self.sources.find("DEVELOPMENT")
            return found is not None and read_setting(found[1], bool) is True
        except Unreadable:
            # Told by read_deployment. What cannot be read makes nothing easier.
            return False

    @property
    def awaits_its_test(self) -> bool:
        """Whether pytest imports this application, which can say that it is a test (``app.testing``) only afterwards.

        If it never says so, its first use tells what is wrong. Who sets ``OSTIARY_DEVELOPMENT``, to 0 or to 1, means it.
        """
        return "PYTEST_VERSION" in os.environ and self.sources.find("DEVELOPMENT") is None

    @property
    def runtime(self) -> Runtime:
        """The runtime, built at first use: by then ``app.run(debug=True)`` has said what this is."""
        if self._runtime is None:
            with self._lock:
                if self._runtime is None:
                    self._runtime = self._build()
        return self._runtime

    @property
    def way_in(self) -> "WayIn | TokenWayIn":
        """Signs people in and out: by a session, or where there are none by tokens."""
        if self._way_in is None:
            if "sessions" not in self.assembly and "tokens" in self.assembly:
                self._way_in = self.token_way_in
            else:
                from ostiary.runtime.way_in import WayIn  # it knows sign-in and sessions, which may be off

                self._way_in = WayIn(self.runtime)
        return self._way_in

    @property
    def token_way_in(self) -> "TokenWayIn":
        """Signs programs in."""
        if self._token_way_in is None:
            from ostiary.runtime.token_way_in import TokenWayIn  # it knows sign-in and tokens, which may be off

            find_loan = None
            if "sessions" in self.assembly:
                from ostiary.runtime.way_in import WayIn  # it knows sessions, which may be off

                find_loan = WayIn(self.runtime).loan
            self._token_way_in = TokenWayIn(self.runtime, find_loan=find_loan)
        return self._token_way_in

    @property
    def policy_actions(self) -> "PolicyActions":
        """What asks the policies: of the feature as it is listed, else with its defaults, since it comes by being used."""
        from ostiary.features.policies import Policies  # only where a policy is asked

        runtime = self.runtime
        if self._policy_actions is None or self._policy_actions[0] is not runtime:
            found = runtime.actions.get("policies") or Policies().contribute(runtime.resources).actions
            self._policy_actions = (runtime, cast("PolicyActions", found))
        return self._policy_actions[1]

    def _build(self) -> Runtime:
        problems: list[Problem] = []
        deployment = self._deployment(problems, testing=bool(self.app.testing))
        if problems:
            raise ConfigurationError(problems)
        around = Surroundings(
            listeners=(self._listeners, signalling(self.app)),
            client=self.client,
            caller=self.caller,
            cross_site_check=self.check_cross_site,
            addresses=lambda urls: FlaskAddresses(self.app, urls, own_page=own_page(self)),
            database=self._given_database() or self._spare_database,
            clock=self.clock,
            rehearsal=self._rehearsal,
            extra_claims=self.extra_claims,
            policies=self.policies,
            templates=() if self.app.jinja_loader is None else (self.app.jinja_loader,),
        )
        return build_runtime(self.assembly, deployment, around)

    @contextmanager
    def rehearsing(
        self, rehearsal: "Rehearsal", *, clock: "Clock", find_database: "Callable[[Runtime | None], Database | None]"
    ) -> "Generator[None]":
        """For the test kit: be another runtime for a while, with its clock, and afterwards what this was before.

        ``find_database`` gives the database of an application that names none, when it is told what was built before.
        """
        before = (self.clock, self._rehearsal, self._spare_database, self._runtime)
        ways = (self._way_in, self._token_way_in)
        spare = find_database(self._runtime)
        with self._lock:
            self.clock, self._rehearsal, self._spare_database = clock, rehearsal, spare
            self._runtime = self._way_in = self._token_way_in = None
        try:
            yield
        finally:
            with self._lock:
                self.clock, self._rehearsal, self._spare_database, self._runtime = before
                self._way_in, self._token_way_in = ways

    @property
    def built(self) -> "Runtime | None":
        """The runtime if it has been used already."""
        return self._runtime

    def deployment_problems(self) -> list[Problem]:
        """What would be wrong if this were served now. Makes nothing, opens nothing."""
        problems: list[Problem] = []
        self._deployment(problems, testing=True)
        return problems

    def find_database(self) -> "Database | None":
        """The database, also while the deployment is not fit to serve: what mends it may be a migration."""
        if not self.deployment_problems():
            return self.runtime.database
        return self._given_database() or own_database(self._deployment([], testing=True))

    def _deployment(self, problems: list[Problem], *, testing: bool) -> Deployment:
        """The deployment as it is configured now; with ``testing``, a missing key is not kept in a file."""
        deployment = read_deployment(
            self.sources,
            problems,
            development=self.development,
            testing=testing,
            instance_path=Path(self.app.instance_path),
            sends_mail=bool(self.assembly.mails()),
        )
        if not deployment.development:
            problems.extend(self.assembly.deployment_problems())
        return deployment

    def _given_database(self) -> "Database | None":
        return database_of(self._database, self.app, development=self.development)

    def client(self) -> Client:
        """The client of the present request; the ``ClientSource`` of the features."""
        if not has_request_context():
            return NO_CLIENT
        environ = request.environ
        address = client_address(environ, trusted_proxies=self.runtime.deployment.trusted_proxies)
        if address.forwarded_by_unknown_proxy:
            self._hint_at_proxy()
            network = None
        else:
            network = (address.network or "unknown").removesuffix("/32")
        cookie = read_cookie(environ, self.runtime.cookies.name(DEVICE_COOKIE))
        if cookie is DOUBLED or (request.method in SAFE_METHODS and names_another_site(environ)):
            # A link to a page behind HTTP Basic is not refused; with a name and a password in it, it guesses as a stranger.
            cookie = None
        device = environ.get("HTTP_USER_AGENT")
        return Client(
            network=network,
            device=device[:_LONGEST_DEVICE] if device else None,
            known_device=cookie,
        )

    def check_cross_site(self) -> None:
        """Refuse the present request if a page of another site had it sent; the ``CrossSiteCheck`` of the features."""
        if has_request_context():
            self.runtime.guard.check_cross_site(request)

    def caller(self) -> "Principal | None":
        """Who acts, or makes the present request; None outside of one. The ``CallerSource`` of the features."""
        acting = self._acting.find()
        if acting is not None:
            return acting
        if not has_request_context():
            return None
        from ostiary.flask.current import current_caller  # it knows this module

        return current_caller(self).principal

    def _hint_at_proxy(self) -> None:
        """Say once that everybody seems to come from one address, and how to mend it."""
        if not self._proxy_hinted:
            self._proxy_hinted = True
            _log.warning(
                "requests come through a proxy that is not stated, so nothing is counted against their network: set "
                "OSTIARY_TRUSTED_PROXIES to the number of proxies in front of this application, or use ProxyFix"
            )

    def _unknown_settings(self) -> list[Problem]:
        """Names with our prefix that nothing reads: an error in ``app.config``, a warning in the environment."""
        known = NAMES | self.assembly.setting_names()
        features = all_feature_names()
        problems: list[Problem] = []
        for name, in_config in self.sources.names():
            if name.removesuffix("_FILE") in known or name.startswith("TEST_"):
                continue
            off = next((feature for feature in features if name.startswith(f"{feature.upper()}_")), None)
            problem = unknown_setting(name, known)
            if off is not None and off not in self.assembly:
                what = f"{PREFIX}{name} is set, and the feature {off} is not switched on"
                problem = Problem(code="setting_of_absent_feature", what=what, cure="switch it on, or remove the name")
            (problems if in_config else self.warnings).append(problem)
        return problems


def runs_as_script(app: Flask) -> bool:
    """Whether the application is being run as a script: then ``app.run`` has yet to say whether this is debug."""
    return app.import_name == "__main__"


def runs_our_command() -> bool:
    """Whether this process is ``flask ostiary …`` or ``ostiary …``, which must work while things are still wrong."""
    program = Path(sys.argv[0]).stem
    if program not in ("flask", "__main__"):
        return program == EXTENSION
    words = iter(sys.argv[1:])
    for word in words:
        if word in _OPTIONS_WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word == EXTENSION
    return False
