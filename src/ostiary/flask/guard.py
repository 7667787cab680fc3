"""``@auth.require``: a guard as a decorator for views, async views, View classes and their methods.

What a guard demands is fixed when it is made: nothing in a request, no variable of the address, can
change it.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast

from flask import current_app
from flask.ctx import RequestContext
from flask.views import MethodView, View

from ostiary.flask.context import present_context
from ostiary.flask.policy_demand import PolicyDemand, hand_over
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.principal import On
from ostiary.kernel.requirement import Requirement

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

Where: TypeAlias = str | Callable[[], On | None] | None
"""Where a role has to hold: the name of a URL variable, or a function that answers the place."""

GUARDED: Final = "__ostiary_guards__"
"""The attribute of a function that is guarded: what it demands. ``functools.wraps`` carries it outwards."""
PUBLIC: Final = "__ostiary_public__"
"""The attribute of a view that was declared open to everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing a guard checks: a requirement, at a place; ``hidden`` answers 404 instead of 403.

    ``optional`` lets nobody in particular through, and still refuses a bad explicit credential. ``policy`` is asked about a
    resource, which is handed to the view.
    """

    requirement: Requirement
    on: Where = None
    hidden: bool = False
    optional: bool = False
    policy: PolicyDemand | None = None


class Doorkeeper(Protocol):
    """Who carries a check out: the ``Auth`` object."""

    def enter(self, check: Check, context: RequestContext) -> Any:
        """Let the request pass, or raise; the answer is the resource of its policy, if it has one."""
        ...

    def remember_guarded(self, view: Callable[..., Any], guarded: Callable[..., Any]) -> None:
        """Note that a function was wrapped, so that a guard in the wrong place can be found."""
        ...


class Guard:
    """A guard: a decorator, and a value that can be kept (``sensitive = auth.require(…)``) and joined (``a & b``)."""

    __slots__ = ("_keeper", "checks")

    def __init__(self, keeper: Doorkeeper, *checks: Check) -> None:
        self._keeper = keeper
        self.checks = checks

    def __and__(self, other: "Guard") -> "Guard":
        """Both guards: what either of them refuses is refused."""
        return Guard(self._keeper, *self.checks, *other.checks)

    def __repr__(self) -> str:
        return f"Guard({', '.join(repr(check.requirement) for check in self.checks)})"

    def __call__(self, view: ViewT) -> ViewT:
        """Guard a view function, an async one, a ``View`` class, or a method of one."""
        if inspect.isclass(view):
            return cast("ViewT", self._guard_class(view))
        if not callable(view):
            message = f"auth.require guards views, not {view!r}; permissions are text, as in auth.require('order:read')"
            raise TypeError(message)
        return cast("ViewT", self._guard_function(view))

    def _guard_class(self, view: type) -> type:
        if not issubclass(view, View):
            message = f"auth.require guards Flask views, and {view.__name__} is no flask.views.View"
            raise TypeError(message)
        # The last decorator is the outermost: nothing of the class runs before the guard.
        view.decorators = [*view.decorators, self]
        return view

    def _guard_function(self, view: Callable[..., Any]) -> Callable[..., Any]:
        keeper, checks = self._keeper, self.checks
        is_async = inspect.iscoroutinefunction(view)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:  # whatever the view takes and answers
            context = present_context()
            # RFC 9110 §9.3.7: OPTIONS asks what may be done; a preflight carries no credentials.
            if context.request.method == "OPTIONS":
                if not _answers_options(view):
                    # A view that merely lists OPTIONS among its methods would answer it with what it guards.
                    return current_app.make_default_options_response()
            else:
                for check in checks:
                    resource = keeper.enter(check, context)
                    if check.policy is not None:
                        hand_over(check.policy, resource, view, kwargs)
            if is_async:
                return current_app.ensure_sync(view)(*args, **kwargs)
            return view(*args, **kwargs)

        setattr(guarded, GUARDED, (*getattr(view, GUARDED, ()), *checks))
        keeper.remember_guarded(view, guarded)
        return guarded


def _answers_options(view: Callable[..., Any]) -> bool:
    """Whether OPTIONS has an answer of its own: a method ``options``, or a decorator such as Flask-CORS's inside."""
    endpoint = present_context().request.endpoint
    registered = current_app.view_functions.get(endpoint) if endpoint is not None else None
    view_class = getattr(registered, "view_class", None)
    if isinstance(view_class, type) and issubclass(view_class, MethodView) and hasattr(view_class, "options"):
        return True
    return "OPTIONS" in (getattr(view, "required_methods", None) or ())


def checks_of(view: Callable[..., Any]) -> tuple[Check, ...]:
    """What guards a registered view; empty if nothing does."""
    return cast("tuple[Check, ...]", getattr(view, GUARDED, ()))


def is_public(view: Callable[..., Any]) -> bool:
    """Whether a view was declared open to everybody."""
    view_class = getattr(view, "view_class", None)
    return bool(getattr(view, PUBLIC, False) or getattr(view_class, PUBLIC, False))
