"""``Auth``: one object between a Flask application and everything it switches on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Literal, cast

from flask import Flask, request
from markupsafe import Markup
from typing_extensions import TypeVar

from ostiary.flask.actions import Actions
from ostiary.flask.current import csrf_binding, current_caller
from ostiary.flask.guards import Guards
from ostiary.flask.mount import mount
from ostiary.flask.pages import csp_nonce, time_element
from ostiary.flask.serving import watch_first_request, watch_run
from ostiary.flask.sign_in import (
    SignInAnswer,
    after_sign_in,
    evidence_of,
    next_address,
    refused_user,
    sign_in,
    sign_out,
)
from ostiary.flask.state import EXTENSION, AppState, runs_as_script, runs_our_command
from ostiary.flask.tokens import TokenVerbs
from ostiary.flask.users import UserLoader
from ostiary.kernel.errors import AuthError, ConfigurationError, NotAuthenticated, misconfigured
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.extra_claims import ExtraClaims
from ostiary.kernel.factor import Evidence
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function
from ostiary.kernel.principal import Principal
from ostiary.web.credentials import Credentials, read_credentials
from ostiary.web.csrf import FIELD

if TYPE_CHECKING:
    from ostiary.features.accounts import Account

U = TypeVar("U", default="Account")
E_ = TypeVar("E_", bound=Event)
F = TypeVar("F", bound=Callable[..., Any])


class Auth(Guards, Actions, Generic[U]):
    """Authentication and authorization for a Flask application.

    ``features``     what is switched on: ``[Sessions(), Passwords(lookup=…)]``
    ``database``     a URL, a SQLAlchemy engine or a Flask-SQLAlchemy object; None for a file of its own
    ``url_prefix``   where our own addresses live
    ``closed``       every view must say who may call it, or that everybody may
    ``user_loader``  subject → the application's own user, or None when she is gone

    One object serves several applications. Raises ``ConfigurationError`` with every problem and its cure.
    """

    def __init__(
        self,
        app: Flask | None = None,
        features: Sequence[object] = (),
        *,
        database: object = None,
        url_prefix: str = "/auth",
        closed: bool = False,
        user_loader: Callable[[str], U | None] | None = None,
    ) -> None:
        super().__init__(closed=closed, user_loader=user_loader)
        self._features = tuple(features)
        self._database = database
        self._url_prefix = url_prefix
        self._listeners = Listeners()
        self._extra_claims = ExtraClaims()
        if app is not None:
            self.init_app(app)

    # --- the application ----------------------------------------------------------------------------------

    def init_app(self, app: Flask) -> None:
        """Serve an application. Does no I/O: no connection, no file, no thread; those come with the first use."""
        if EXTENSION in app.extensions:
            what = f"the application {app.name!r} has an Auth already"
            raise misconfigured("second_auth", what, "make one Auth with all the features")
        try:
            state = self._state_for(app)
        except ConfigurationError as error:
            if not runs_our_command():
                raise
            from ostiary.cli.check import StartRefused  # Click's exception, only where a shell runs

            raise StartRefused(error.problems) from error
        app.extensions[EXTENSION] = state
        mount(app, state, lambda error: self._refuse(state, error))
        app.register_error_handler(AuthError, lambda error: self._answer(state, error))
        templates: dict[str, Any] = app.jinja_env.globals
        templates["auth"] = self
        app.jinja_env.filters["ostiary_time"] = time_element
        watch_first_request(app, lambda: self.prepare(state))
        if runs_as_script(app):
            watch_run(app, lambda: self.prepare(state))
        from ostiary.flask.commands import ostiary_group  # Click's group, only where a shell runs

        app.cli.add_command(ostiary_group(self.prepare))

    def _state_for(self, app: Flask) -> AppState:
        """The application's part of this object. Raises ``ConfigurationError`` with everything that is wrong."""
        state = AppState(
            app,
            self._features,
            listeners=self._listeners,
            database=self._database,
            url_prefix=self._url_prefix,
            extra_claims=self._extra_claims,
            policies=self._policies,
            acting=self._acting,
        )
        problems = self._users.problems()
        later = runs_as_script(app) or runs_our_command() or state.awaits_its_test
        if not state.development and not later:
            problems += state.deployment_problems()
        if problems:
            raise ConfigurationError(problems)
        return state

    def prepare(self, state: AppState) -> None:
        """Before the first view runs: the deployment, the guards, the blueprints."""
        problems = self._users.problems() + self._protection.apply(state.app, state.assembly)
        problems += self._policy_problems(state)
        if problems:
            raise ConfigurationError(problems)
        csrf_protect = state.app.extensions.get("csrf")
        if csrf_protect is not None and hasattr(csrf_protect, "exempt"):
            # Flask-WTF would ask our own addresses for its token; they answer for themselves.
            csrf_protect.exempt(state.app.blueprints["ostiary"])
        _ = state.runtime

    # --- the present request ------------------------------------------------------------------------------

    @property
    def user(self) -> U:
        """The application's own user, or with Accounts the account. Raises 401 when nobody is signed in, or the user is gone."""
        user = self.find_user()
        if user is None:
            raise self._refuse(self._state(), NotAuthenticated(detail="there is no user"))
        return user

    def find_user(self) -> U | None:
        """The application's own user, or with Accounts the account; None when there is none."""
        return cast("U | None", self._users.find(self.principal, accounts=self._find_account()))

    async def get_user(self) -> U:
        """The application's own user, for async views. Raises 401 when nobody is signed in, or the user is gone."""
        user = await self._users.get(self.principal, accounts=self._find_account())
        if user is None:
            raise self._refuse(self._state(), NotAuthenticated(detail="there is no user"))
        return cast("U", user)

    def _find_account(self) -> UserLoader | None:
        """How a subject becomes an account of ours, where accounts are on."""
        if "accounts" not in self._state().assembly:
            return None
        accounts = self.accounts
        return lambda subject: accounts.find(id=subject)

    def user_loader(self, fn: UserLoader) -> UserLoader:
        """Say how a subject becomes the application's own user; None when she is gone. A decorator."""
        self._users.loader = fn
        return fn

    # --- signing in and out -------------------------------------------------------------------------------

    def credentials(self) -> Credentials:
        """(identifier, password) from JSON, a form or Basic. Raises 400 if the request cannot be read."""
        return read_credentials(request)

    def sign_in(self, who: "str | Account | Evidence", *, proof: str = "app", remember: bool = False) -> SignInAnswer:
        """Sign somebody in: a subject or an account the application vouches for, or the evidence of a ``verify``.

        ``remember`` has this browser sign her in again by itself later (``RememberMe()``). The cookies travel with
        whatever the view returns. Raises ``SignInRefused`` (401), ``SignInIncomplete`` when policy wants another factor,
        and ``CsrfRefused``; all of them answer themselves.
        """
        state = self._state()
        evidence = evidence_of(state, who, proof)
        self._refuse_user(state, evidence.subject)
        return sign_in(state, evidence, default_next=after_sign_in(state), remember=remember)

    @property
    def tokens(self) -> TokenVerbs:
        """Issue, verify, refresh and revoke tokens; ``@auth.tokens.claims`` adds to them."""
        return TokenVerbs(self._state, self._extra_claims, self._refuse_user)

    def _refuse_user(self, state: AppState, subject: str) -> None:
        """Refuse a subject whom the application's own loader does not know."""
        if self._users.loader is None or "accounts" in state.assembly:
            return
        if self._users.find(Principal(subject)) is None:
            raise refused_user()

    def sign_out(self, scope: Literal["here", "others", "everywhere"] = "here") -> None:
        """Sign the caller out: here, on all other devices, or everywhere at once. Refuses GET, as ``sign_in`` does."""
        sign_out(self._state(), scope)

    def next_url(self, default: str | None = None) -> str:
        """Where the caller wanted to go (``?next=``), if that is a page of ours; else the default. Always safe."""
        state = self._state()
        fallback = default if default is not None else after_sign_in(state)
        return next_address(state, fallback)

    # --- forms --------------------------------------------------------------------------------------------

    def csrf_token(self) -> str:
        """A token for a form or a header ``X-Ostiary-CSRF`` of this caller."""
        state = self._state()
        current_caller(state)
        binding = csrf_binding(state, make=True)
        return state.runtime.csrf.token(cast("str", binding))

    def csrf_field(self) -> Markup:
        """The token as a hidden field, for templates: ``{{ auth.csrf_field() }}``."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, self.csrf_token())

    @property
    def site_name(self) -> str:
        """What our pages call this site: ``OSTIARY_SITE_NAME``, else the host of its public URL or the application's name."""
        state = self._state()
        deployment = state.runtime.deployment
        host = deployment.public_url.host if deployment.public_url is not None else state.app.name
        return deployment.site_name or host

    @staticmethod
    def csp_nonce() -> str:
        """The nonce of this answer's Content-Security-Policy, for ``<script>`` and ``<style>`` of a layout around our pages."""
        return csp_nonce()

    # --- listeners ----------------------------------------------------------------------------------------

    def during(self, event: type[E_]) -> Callable[[F], F]:
        """Listen inside the action's transaction: ``fn(event, tx)``; raising aborts the action. A decorator."""

        def listen(fn: F) -> F:
            _refuse_async_listener(fn, event)
            self._listeners.during(event, fn)
            return fn

        return listen

    def on(self, event: type[E_]) -> Callable[[F], F]:
        """Listen after the commit: ``fn(event)``; failures are logged, never shown. A decorator."""

        def listen(fn: F) -> F:
            _refuse_async_listener(fn, event)
            self._listeners.on(event, fn)
            return fn

        return listen

    def joining(self, session: Any) -> AbstractContextManager[None]:
        """Let our verbs join a transaction that the application has open: ``with auth.joining(db.session): …``."""
        database = self._state().runtime.database
        if database is None:
            raise misconfigured("no_database", "auth.joining needs a database", "add a feature that stores something")
        return database.joining(session)


def _refuse_async_listener(fn: Callable[..., Any], event: type[Event]) -> None:
    """A listener that refuses by raising must run: what only begins later consents to everything."""
    if not is_plain_function(fn):
        what = f"a listener to {event.__name__} is {NOT_PLAIN}, and would never run"
        raise misconfigured("async_listener", what, "make it a plain function")
