"""``auth.require(can=, resource=, into=)`` as a value: what a guard asks of a policy, and how the resource reaches the view."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import current_app, request
from flask.views import MethodView

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDemand:
    """What a guard asks of a policy.

    ``resource``  loads it from variables of the address; or a class, for a question about none in particular
    ``names``     the variables of the address that the loader takes; ``needed`` those without a default
    ``into``      the parameter of the view that gets it
    """

    action: str
    resource: Callable[..., Any]
    names: tuple[str, ...]
    needed: tuple[str, ...]
    into: str

    @property
    def loads(self) -> bool:
        """Whether there is something to load."""
        return not isinstance(self.resource, type)


def make_demand(can: str | None, resource: Any, into: str) -> PolicyDemand | None:
    """The policy part of ``auth.require``. Raises ``ConfigurationError`` for half of it."""
    if can is None and resource is None:
        return None
    if can is None or resource is None:
        what = f"auth.require(can={can!r}, resource={resource!r}) says only half of it"
        raise misconfigured("half_a_policy", what, 'write auth.require(can="edit", resource=load_article)')
    from ostiary.features.policies import is_action  # only where there are policies

    if not is_action(can):
        what = f"auth.require(can={can!r}) names no action"
        raise misconfigured("not_an_action", what, 'an action is one word in lower case: can="edit"')
    if isinstance(resource, type):
        return PolicyDemand(action=can, resource=resource, names=(), needed=(), into=into)
    if not callable(resource):
        what = f"auth.require(resource={resource!r}) cannot load anything"
        raise misconfigured("not_a_loader", what, "give a function of the variables of the address, or a class")
    parameters = inspect.signature(resource).parameters.values()
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY) for one in parameters):
        what = f"the loader {getattr(resource, '__qualname__', resource)!r} does not name what it takes"
        raise misconfigured("loader_parameters", what, "name the variables of the address: def load_article(id)")
    needed = tuple(one.name for one in parameters if one.default is one.empty)
    names = tuple(one.name for one in parameters)
    return PolicyDemand(action=can, resource=resource, names=names, needed=needed, into=into)


def hand_over(demand: PolicyDemand, resource: Any, view: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Give the view the resource, and of the loader's variables only those that the view names."""
    if not demand.loads:
        return
    named, takes_all = _parameters(view)
    for name in demand.names:
        if name not in named and not takes_all:
            arguments.pop(name, None)
    if demand.into in named or takes_all:
        arguments[demand.into] = resource


def _parameters(view: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """What a view takes, and whether it takes anything. Of a class, what the method that will run takes."""
    named, takes_all = _signature(view)
    # A class becomes a function of anything, which learns its class only after it was guarded.
    registered = current_app.view_functions.get(request.endpoint or "") if takes_all else None
    view_class = getattr(registered, "view_class", None)
    if view_class is None:
        return named, takes_all
    method = getattr(view_class, request.method.lower(), None) if issubclass(view_class, MethodView) else None
    if method is None and request.method == "HEAD":
        method = getattr(view_class, "get", None)
    return _signature(method or view_class.dispatch_request)


@lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    parameters = inspect.signature(function).parameters.values()
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
    return frozenset(one.name for one in parameters if one.kind is not one.VAR_KEYWORD), takes_all
