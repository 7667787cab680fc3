"""``auth.require`` and its like: the guards an application puts on its views, blueprints and lines of code."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flask import Blueprint, has_request_context
from flask.ctx import RequestContext

from ostiary.flask.context import present_context
from ostiary.flask.current import current_caller
from ostiary.flask.demands import make_check
from ostiary.flask.entry import enter
from ostiary.flask.guard import PUBLIC, Check, Guard, ViewT, Where
from ostiary.flask.protection import Protection
from ostiary.flask.share import Share
from ostiary.flask.users import Users
from ostiary.kernel.decision import Decision
from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import AuthError
from ostiary.kernel.principal import ANONYMOUS, On, Principal
from ostiary.kernel.requirement import SIGNED_IN, Names, Requirement

if TYPE_CHECKING:
    from ostiary.flask.users import UserLoader

F = TypeVar("F", bound=Callable[..., Any])


class Guards(Share):
    """The part of ``Auth`` that decides who may go on."""

    def __init__(self, *, closed: bool, user_loader: "UserLoader | None") -> None:
        super().__init__()
        self._users = Users(user_loader)
        self._tenant: Callable[[], On | None] | None = None
        self._protection = Protection(closed=closed)

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

    def enter(self, check: Check, context: RequestContext) -> None:
        """Carry out one check of a guard for the present request: return, or raise the refusal."""
        state = self._state_of(context.app)
        try:
            enter(state, self._users, check, context.request, tenant=self._tenant)
        except AuthError as error:
            raise self._refuse(state, error) from None

    def tenant(self, fn: Callable[[], On | None]) -> Callable[[], On | None]:
        """Say where the present request takes place, for every guard without ``on=``. A decorator."""
        self._tenant = fn
        return fn

    def check(self, guard: Guard | None = None, **demands: Any) -> None:
        """Inside a view: raise the refusal of a guard, or of the demands of ``require``, if they are not met."""
        checks = guard.checks if guard is not None else (make_check(demands.pop("permission", None), **demands),)
        for check in checks:
            self.enter(check, present_context())

    def decide(self, permission: str, *, on: On | None = None) -> Decision:
        """Whether the caller holds a permission, with the reasons."""
        return self._state().runtime.guard.decide(Requirement(permission=permission), self.principal, on)

    def can(self, permission: str, *, on: On | None = None) -> bool:
        """Whether the caller holds a permission."""
        return self.decide(permission, on=on).allowed
