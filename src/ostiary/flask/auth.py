"""``Auth``: one object between a Flask application and everything it switches on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Literal, cast, overload

from flask import Blueprint, Flask, current_app, has_request_context, request
from markupsafe import Markup
from typing_extensions import TypeVar

from ostiary.flask.answers import ErrorHandler, refuse
from ostiary.flask.credentials import Credentials, read_credentials
from ostiary.flask.current import csrf_binding, current_caller
from ostiary.flask.demands import make_check
from ostiary.flask.entry import enter
from ostiary.flask.guard import PUBLIC, Check, Guard, ViewT, Where
from ostiary.flask.mount import mount
from ostiary.flask.protection import Protection
from ostiary.flask.serving import watch_first_request, watch_run
from ostiary.flask.sign_in import (
    SignInAnswer,
    evidence_of,
    next_address,
    refused_user,
    sign_in,
    sign_out,
)
from ostiary.flask.state import EXTENSION, AppState, runs_as_script, runs_our_command
from ostiary.flask.users import UserLoader, Users
from ostiary.kernel.decision import Decision
from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import AuthError, ConfigurationError, NotAuthenticated, misconfigured
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.factor import Evidence
from ostiary.kernel.principal import ANONYMOUS, On, Principal
from ostiary.kernel.requirement import SIGNED_IN, Names, Requirement
from ostiary.web.csrf import FIELD
from ostiary.web.problem import Refusal

if TYPE_CHECKING:
    from ostiary.features.audit_log import AuditEntries
    from ostiary.features.passwords import PasswordVerifier
    from ostiary.features.sessions.end import SessionActions

U = TypeVar("U", default=Any)
E_ = TypeVar("E_", bound=Event)
F = TypeVar("F", bound=Callable[..., Any])


class Auth(Generic[U]):
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
        self._features = tuple(features)
        self._database = database
        self._url_prefix = url_prefix
        self._users = Users(user_loader)
        self._tenant: Callable[[], On | None] | None = None
        self._protection = Protection(closed=closed)
        self._listeners = Listeners()
        self._error_handler: ErrorHandler | None = None
        if app is not None:
            self.init_app(app)

    # --- the application ----------------------------------------------------------------------------------

    def init_app(self, app: Flask) -> None:
        """Serve an application. Does no I/O: no connection, no file, no thread; those come with the first use."""
        if EXTENSION in app.extensions:
            what = f"the application {app.name!r} has an Auth already"
            raise misconfigured("second_auth", what, "make one Auth with all the features")
        state = AppState(
            app, self._features, listeners=self._listeners, database=self._database, url_prefix=self._url_prefix
        )
        problems = self._users.problems()
        if not state.development and not runs_as_script(app) and not runs_our_command():
            problems += state.deployment_problems()
        if problems:
            raise ConfigurationError(problems)
        app.extensions[EXTENSION] = state
        mount(app, state, lambda error: self._refuse(state, error))
        app.register_error_handler(AuthError, lambda error: self._answer(state, error))
        templates: dict[str, Any] = app.jinja_env.globals
        templates["auth"] = self
        watch_first_request(app, lambda: self.prepare(state))
        if runs_as_script(app):
            watch_run(app, lambda: self.prepare(state))
        from ostiary.flask.commands import ostiary_group  # Click's group, only where a shell runs

        app.cli.add_command(ostiary_group(self.prepare))

    def prepare(self, state: AppState) -> None:
        """Before the first view runs: the deployment, the guards, the blueprints."""
        problems = self._users.problems() + self._protection.apply(state.app, state.assembly)
        if problems:
            raise ConfigurationError(problems)
        csrf_protect = state.app.extensions.get("csrf")
        if csrf_protect is not None and hasattr(csrf_protect, "exempt"):
            # Flask-WTF would ask our own addresses for its token; they answer for themselves.
            csrf_protect.exempt(state.app.blueprints["ostiary"])
        _ = state.runtime

    def _state(self) -> AppState:
        """The share of the current application."""
        state = current_app.extensions.get(EXTENSION)
        if not isinstance(state, AppState):
            what = f"auth is used in {current_app.name!r}, which it does not know"
            raise misconfigured("no_init_app", what, "call auth.init_app(app) in the application factory")
        return state

    # --- refusals -----------------------------------------------------------------------------------------

    def _refuse(self, state: AppState, error: AuthError) -> Refusal:
        return refuse(state, error, self._error_handler)

    def _answer(self, state: AppState, error: AuthError) -> Any:  # as Flask's
        """An ``AuthError`` that a view let through: it becomes the exception the application's handlers know."""
        return state.app.handle_user_exception(self._refuse(state, error))

    def error_handler(self, fn: ErrorHandler) -> ErrorHandler:
        """Answer refusals yourself: ``fn(error)`` returns a response, or None for ours. A decorator."""
        self._error_handler = fn
        return fn

    # --- guards -------------------------------------------------------------------------------------------

    @overload
    def require(self, view: ViewT, /) -> ViewT: ...
    @overload
    def require(
        self,
        permission: str | None = None,
        /,
        *,
        role: str | Names | None = None,
        on: Where = None,
        factors: int = 1,
        fresh: Duration | None = None,
        proof: str | Names | None = None,
        phishing_resistant: bool = False,
        via: str | Names | None = None,
        hidden: bool = False,
    ) -> Guard: ...
    def require(self, permission: Any = None, /, **demands: Any) -> Any:
        """Let only those through who meet every demand. A decorator, with or without parentheses.

        ``permission``          ``"order:read"``: in the person's rights and in the credential's scope
        ``role``                a role, or ``any_of(…)`` or ``all_of(…)`` several
        ``on``                  where it has to be held: the name of a URL variable, or a function
        ``factors``             how many factors were proven in this session: 1 or 2
        ``fresh``               the newest qualifying proof is no older: ``"5m"``
        ``proof``               the kinds of proof that qualify
        ``phishing_resistant``  a qualifying proof resists phishing
        ``via``                 the kinds of credential: ``"session"``
        ``hidden``              answer 404 instead of 403

        Raises ``ConfigurationError`` at start-up for a demand that nothing in the application can meet.
        """
        if permission is None or isinstance(permission, str):
            return Guard(self, make_check(permission, **demands))
        return Guard(self, Check(requirement=SIGNED_IN))(permission)

    def optional(self, view: ViewT, /) -> ViewT:
        """Let everybody through, and know who it is; a bad explicit credential is still refused. A decorator."""
        return Guard(self, Check(requirement=SIGNED_IN, optional=True))(view)

    @overload
    def public(self, view: F, /) -> F: ...
    @overload
    def public(self, blueprint: Blueprint, /) -> Blueprint: ...
    def public(self, view_or_blueprint: Any, /) -> Any:
        """Declare a view, or every view of a blueprint, open to everybody. A decorator."""
        if isinstance(view_or_blueprint, Blueprint):
            self._protection.open(view_or_blueprint)
        else:
            setattr(view_or_blueprint, PUBLIC, True)
        return view_or_blueprint

    def protect(self, blueprint: Blueprint | str, guard: Guard | None = None, **demands: Any) -> None:
        """Guard every view of a blueprint and of those inside it, before or after they are registered.

        Takes a guard, or the demands of ``require``. Views declared public stay open.
        """
        if guard is not None and demands:
            message = "give auth.protect a guard or demands, not both"
            raise TypeError(message)
        permission = demands.pop("permission", None)
        self._protection.protect(blueprint, guard or Guard(self, make_check(permission, **demands)))

    def remember_guarded(self, view: Callable[..., Any], guarded: Callable[..., Any]) -> None:
        """Note that a function was wrapped, so that a guard in the wrong place can be found."""
        self._protection.remember(view, guarded)

    def enter(self, check: Check, variables: dict[str, Any]) -> None:
        """Carry out one check of a guard for the present request: return, or raise the refusal."""
        state = self._state()
        try:
            enter(state, self._users, check, variables, tenant=self._tenant)
        except AuthError as error:
            raise self._refuse(state, error) from None

    def tenant(self, fn: Callable[[], On | None]) -> Callable[[], On | None]:
        """Say where the present request takes place, for every guard without ``on=``. A decorator."""
        self._tenant = fn
        return fn

    # --- the present request ------------------------------------------------------------------------------

    @property
    def principal(self) -> Principal:
        """Who is calling; falsy when nobody is signed in. Never None. A view that does not ask pays nothing."""
        if not has_request_context():
            return ANONYMOUS
        state = self._state()
        try:
            return current_caller(state).principal
        except AuthError as error:
            raise self._refuse(state, error) from None

    @property
    def user(self) -> U:
        """The application's own user. Raises 401 when nobody is signed in, or the user is gone."""
        user = self.find_user()
        if user is None:
            raise self._refuse(self._state(), NotAuthenticated(detail="there is no user"))
        return user

    def find_user(self) -> U | None:
        """The application's own user, or None."""
        return cast("U | None", self._users.find(self.principal))

    async def get_user(self) -> U:
        """The application's own user, for async views. Raises 401 when nobody is signed in, or the user is gone."""
        user = await self._users.get(self.principal)
        if user is None:
            raise self._refuse(self._state(), NotAuthenticated(detail="there is no user"))
        return cast("U", user)

    def user_loader(self, fn: UserLoader) -> UserLoader:
        """Say how a subject becomes the application's own user; None when she is gone. A decorator."""
        self._users.loader = fn
        return fn

    def check(self, guard: Guard | None = None, **demands: Any) -> None:
        """Inside a view: raise the refusal of a guard, or of the demands of ``require``, if they are not met."""
        checks = guard.checks if guard is not None else (make_check(demands.pop("permission", None), **demands),)
        for check in checks:
            self.enter(check, request.view_args or {})

    def decide(self, permission: str, *, on: On | None = None) -> Decision:
        """Whether the caller holds a permission, with the reasons."""
        return self._state().runtime.guard.decide(Requirement(permission=permission), self.principal, on)

    def can(self, permission: str, *, on: On | None = None) -> bool:
        """Whether the caller holds a permission."""
        return self.decide(permission, on=on).allowed

    # --- signing in and out -------------------------------------------------------------------------------

    def credentials(self) -> Credentials:
        """(identifier, password) from JSON, a form or Basic. Raises 400 if the request cannot be read."""
        return read_credentials()

    def sign_in(self, who: str | Evidence, *, proof: str = "app") -> SignInAnswer:
        """Sign somebody in: a subject the application vouches for, or the evidence of a ``verify``.

        The cookies travel with whatever the view returns. Raises ``SignInRefused`` (401), ``SignInIncomplete``
        when policy wants another factor, and ``CsrfRefused``; all of them answer themselves.
        """
        state = self._state()
        evidence = evidence_of(state, who, proof)
        if self._users.loader is not None and "accounts" not in state.assembly:
            candidate = Principal(evidence.subject)
            if self._users.find(candidate) is None:
                raise refused_user()
        return sign_in(state, evidence, default_next=self._after(state))

    def sign_out(self, scope: Literal["here", "others", "everywhere"] = "here") -> None:
        """Sign the caller out: here, on all other devices, or everywhere at once. Refuses GET, as ``sign_in`` does."""
        sign_out(self._state(), scope)

    def next_url(self, default: str | None = None) -> str:
        """Where the caller wanted to go (``?next=``), if that is a page of ours; else the default. Always safe."""
        state = self._state()
        fallback = default if default is not None else self._after(state)
        return next_address(state, fallback)

    @staticmethod
    def _after(state: AppState) -> str:
        return getattr(state.assembly.get("sign_in"), "after", "/")

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

    # --- listeners ----------------------------------------------------------------------------------------

    def during(self, event: type[E_]) -> Callable[[F], F]:
        """Listen inside the action's transaction: ``fn(event, tx)``; raising aborts the action. A decorator."""

        def listen(fn: F) -> F:
            self._listeners.during(event, fn)
            return fn

        return listen

    def on(self, event: type[E_]) -> Callable[[F], F]:
        """Listen after the commit: ``fn(event)``; failures are logged, never shown. A decorator."""

        def listen(fn: F) -> F:
            self._listeners.on(event, fn)
            return fn

        return listen

    def joining(self, session: Any) -> AbstractContextManager[None]:
        """Let our verbs join a transaction that the application has open: ``with auth.joining(db.session): …``."""
        database = self._state().runtime.database
        if database is None:
            raise misconfigured("no_database", "auth.joining needs a database", "add a feature that stores something")
        return database.joining(session)

    # --- features -----------------------------------------------------------------------------------------

    @property
    def sessions(self) -> "SessionActions":
        """List and end sessions."""
        from ostiary.features.sessions.end import SessionActions  # only if the feature is on

        return self._state().runtime.action("sessions", SessionActions)

    @property
    def passwords(self) -> "PasswordVerifier":
        """Verify passwords."""
        from ostiary.features.passwords import PasswordVerifier

        return self._state().runtime.action("passwords", PasswordVerifier)

    @property
    def audit_log(self) -> "AuditEntries":
        """Read the audit log."""
        from ostiary.features.audit_log import AuditEntries

        return self._state().runtime.action("audit_log", AuditEntries)
