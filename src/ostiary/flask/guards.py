"""``auth.require`` and its like: the guards an application puts on its views, blueprints and lines of code."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flask import Blueprint, has_request_context
from flask.ctx import RequestContext

from ostiary.flask.context import present_context
from ostiary.flask.demands import make_check, refuse_async_place
from ostiary.flask.entry import answered_place, enter, enter_as
from ostiary.flask.guard import PUBLIC, Check, Guard, ViewT, Where
from ostiary.flask.policies import PolicyVerbs
from ostiary.flask.policy_demand import make_demand
from ostiary.flask.policy_entry import check_policy, enter_by_policy, enter_policy_as
from ostiary.flask.protection import Protection
from ostiary.flask.state import AppState
from ostiary.flask.users import Users
from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import AuthError
from ostiary.kernel.principal import On, Principal
from ostiary.kernel.requirement import SIGNED_IN, Names

if TYPE_CHECKING:
    from ostiary.flask.users import UserLoader

F = TypeVar("F", bound=Callable[..., Any])


class Guards(PolicyVerbs):
    """The part of ``Auth`` that decides who may go on."""

    def __init__(self, *, closed: bool, user_loader: "UserLoader | None") -> None:
        super().__init__()
        self._users = Users(user_loader)
        self._tenant: Callable[[], On | None] | None = None
        self._protection = Protection(closed=closed)

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
        can: str | None = None,
        resource: Callable[..., Any] | None = None,
        into: str = "resource",
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
        ``can``                 an action on the ``resource``, which the policies of its class must allow
        ``resource``            loads it from the variables of the address that it names, and answers None for 404; or a class
        ``into``                the parameter of the view that gets what was loaded
        ``hidden``              answer 404 instead of 403

        With ``can`` alone the policy decides, also about somebody who is not signed in, if it is for visitors.

        Raises ``ConfigurationError`` at start-up for a demand that nothing in the application can meet.
        """
        if permission is None or isinstance(permission, str):
            return Guard(self, _check_of(permission, demands))
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
        self._protection.protect(blueprint, guard or Guard(self, _check_of(permission, demands)))

    def remember_guarded(self, view: Callable[..., Any], guarded: Callable[..., Any]) -> None:
        """Note that a function was wrapped, so that a guard in the wrong place can be found."""
        self._protection.remember(view, guarded)

    def enter(self, check: Check, context: RequestContext) -> Any:
        """Carry out one check of a guard for the present request: answer its resource, or raise the refusal."""
        state = self._state_of(context.app)
        try:
            enter(state, self._users, check, context.request, tenant=self._tenant)
            if check.policy is None:
                return None
            return enter_by_policy(state, check.policy, context.request, hidden=check.hidden)
        except AuthError as error:
            raise self._refuse(state, error) from None

    def tenant(self, fn: Callable[[], On | None]) -> Callable[[], On | None]:
        """Say where the present request takes place, for every guard without ``on=``. A decorator."""
        refuse_async_place(fn, "the function under @auth.tenant")
        self._tenant = fn
        return fn

    def _place(self, on: On | None) -> On | None:
        """Where a permission is asked for: what shows a button must say what the guard behind it will."""
        if on is None and self._tenant is not None and has_request_context():
            return answered_place(self._tenant)
        return on

    def check(
        self, guard: Guard | None = None, *, can: str | None = None, resource: Any = None, **demands: Any
    ) -> None:
        """Inside a view: raise the refusal of a guard, or of the demands of ``require``, if they are not met.

        ``auth.check(can="edit", resource=article)`` asks about what the view has loaded; None is answered as 404. Inside
        ``with auth.acting_as(…)`` it is about whom that names, as ``auth.can`` is; in a job it raises the ``AuthError`` itself.
        """
        if can is None:
            checks = guard.checks if guard is not None else (make_check(demands.pop("permission", None), **demands),)
            acting = self._acting.find()
            for check in checks:
                if acting is None:
                    self.enter(check, present_context())
                else:
                    self._check_as(acting, check)
            return
        hidden = bool(demands.get("hidden"))
        if guard is not None or demands.keys() - {"hidden"}:
            self.check(guard, **demands)
        state, principal = self._state(), self.principal
        try:
            check_policy(state, principal, can, resource, hidden=hidden)
        except AuthError as error:
            raise self._told(state, error) from None

    def _check_as(self, principal: Principal, check: Check) -> None:
        state = self._state()
        try:
            enter_as(state, check, principal, tenant=self._tenant)
            if check.policy is not None:
                enter_policy_as(state, check.policy, principal, hidden=check.hidden)
        except AuthError as error:
            raise self._told(state, error) from None

    def _told(self, state: AppState, error: AuthError) -> Exception:
        """What is raised for a refusal inside a block of code: a job is answered by nobody, and gets the error itself."""
        return self._refuse(state, error) if has_request_context() else error


def _check_of(permission: str | None, demands: dict[str, Any]) -> Check:
    """The demands of ``auth.require`` as a value, with what is asked of a policy."""
    policy = make_demand(demands.pop("can", None), demands.pop("resource", None), demands.pop("into", "resource"))
    return replace(make_check(permission, **demands), policy=policy)
