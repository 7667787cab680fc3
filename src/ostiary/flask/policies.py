"""``auth.policy``, ``auth.can``, ``auth.decide``, ``auth.visible``: the application's policies, and every way to ask them."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import has_request_context, request

from ostiary.flask.acting import Acting
from ostiary.flask.current import current_caller
from ostiary.flask.policy_problems import find_problems, guards_with_policy
from ostiary.flask.share import Share
from ostiary.flask.state import AppState
from ostiary.kernel.decision import Decision
from ostiary.kernel.declared_policies import DeclaredPolicies, DeclaredPolicy
from ostiary.kernel.errors import AuthError, MalformedRequest, NotAllowed, Problem, misconfigured
from ostiary.kernel.events import AccessDenied
from ostiary.kernel.permission import is_permission
from ostiary.kernel.principal import ANONYMOUS, On, Principal
from ostiary.kernel.requirement import Requirement

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from ostiary.features.policies import PolicyContext
    from ostiary.policies import Allow, Deny, Rule

P = TypeVar("P", bound="Rule | Callable[..., Allow | Deny | Decision | Rule | bool | None]")
F = TypeVar("F", bound=Callable[..., Any])


class _Omitted:
    """The default of ``resource``: None is no resource, and asking about it is no question about a permission."""


OMITTED: Final[Any] = _Omitted()

_FIELD: Final = "field_not_allowed"


class PolicyVerbs(Share):
    """The part of ``Auth`` that knows the application's policies."""

    def __init__(self) -> None:
        super().__init__()
        self._policies = DeclaredPolicies()
        self._acting = Acting()

    # --- declaring ----------------------------------------------------------------------------------------

    def policy(
        self,
        action: str,
        type: type,
        /,
        *,
        visitors: bool = False,
        scope: str | None = None,
        fields: Iterable[str] | None = None,
        filters: bool = False,
    ) -> Callable[[P], P]:
        """Say who may do something to a kind of resource. A decorator for a function, or called with a rule.

        ``action``    what is asked: ``"edit"``; ``"*"`` restricts every action and allows none by itself
        ``type``      the class of the resource; its subclasses are meant, too
        ``visitors``  ask it for somebody who is not signed in; otherwise nobody is denied at once
        ``scope``     the permission that a restricted credential needs, ``"article:edit"`` for an ``Article`` unless said
        ``fields``    the fields it is about, for ``auth.fields``
        ``filters``   refuse at once a policy that cannot filter rows

        The function takes ``(principal, article)``, and ``context`` if it names it, and answers ``Allow``, ``Deny``, True,
        False or a rule; or it takes the principal alone and answers a rule, which filters rows as well. Every policy of an
        action must allow; none at all is a denial. Raises ``ConfigurationError`` for what can mean nothing.
        """
        if isinstance(fields, str):
            # A text is an iterable of texts, too: its letters would be named, and the field would be forgotten.
            what = f"auth.policy(…, fields={fields!r}) is one text, and no list of fields"
            raise misconfigured("no_fields", what, f"give the names in a list: fields=[{fields!r}]")

        def declare(answer: P) -> P:
            from ostiary.features.policies import check_declared  # only where there are policies

            declared = DeclaredPolicy(
                action=action,
                type=type,
                answer=answer,
                visitors=visitors,
                scope=scope,
                fields=None if fields is None else tuple(fields),
                filters=filters,
            )
            check_declared(declared)
            self._policies.add(declared)
            return answer

        return declare

    def resource(self, type: type, /) -> Callable[[F], F]:
        """Say how a resource is found by its id, so that an operator can name it, ``article:42``. A decorator.

        The function takes the id, of the type it is annotated with, and may be the ``resource=`` of a guard as well.
        """

        def declare(finder: F) -> F:
            from ostiary.features.policies import check_finder  # only where there are policies

            check_finder(finder)
            self._policies.finders[type] = finder
            return finder

        return declare

    def _policy_problems(self, state: AppState) -> list[Problem]:
        """Before the first view runs: what is wrong with the policies, and with the guards that ask them."""
        asked = list(guards_with_policy(state.app))
        if not self._policies.declared and not asked:
            return []
        return find_problems(state, self._policies, asked)

    # --- asking -------------------------------------------------------------------------------------------

    @property
    def principal(self) -> Principal:
        """Who is calling; falsy when nobody is signed in. Never None. A view that does not ask pays nothing."""
        acting = self._acting.find()
        if acting is not None:
            return acting
        if not has_request_context():
            return ANONYMOUS
        state = self._state()
        try:
            return current_caller(state).principal
        except AuthError as error:
            raise self._refuse(state, error) from None

    def decide(self, action: str, resource: Any = OMITTED, *, on: On | None = None) -> Decision:
        """Whether the caller may, with the reasons: a permission (``"order:read"``), or an action on a resource."""
        state = self._state()
        if resource is OMITTED:
            return state.runtime.guard.decide(_permission(action), self.principal, self._place(on))
        _check_no_place(on)
        return state.policy_actions.decide(self.principal, action, resource, policy_context(state))

    def can(self, action: str, resource: Any = OMITTED, *, on: On | None = None) -> bool:
        """Whether the caller may: ``auth.can("order:read")``, or ``auth.can("edit", article)``."""
        state = self._state()
        if resource is OMITTED:
            return state.runtime.guard.decide(_permission(action), self.principal, self._place(on)).allowed
        _check_no_place(on)
        return state.policy_actions.can(self.principal, action, resource, policy_context(state))

    def _place(self, on: On | None) -> On | None:
        """Where a permission is asked for: as a guard asks, where nothing is said."""
        return on

    def decide_each(self, action: str, resources: Iterable[Any]) -> list[Decision]:
        """One decision for each resource, in their order. A policy that fails for one denies that one only."""
        state = self._state()
        actions, principal, context = state.policy_actions, self.principal, policy_context(state)
        return [actions.decide(principal, action, resource, context) for resource in resources]

    def explain(
        self, action: str, resource: Any = OMITTED, *, who: Principal | str | None = None, on: On | None = None
    ) -> Decision:
        """The decision with every ground, also those that cannot change it any more; for anybody, by ``who``.

        For staff and logs: ``for line in auth.explain("edit", article, who="ada").lines(): print(line)``.
        """
        state = self._state()
        principal = self.principal if who is None else Principal(who) if isinstance(who, str) else who
        if resource is OMITTED:
            return state.runtime.guard.decide(_permission(action), principal, self._place(on))
        _check_no_place(on)
        return state.policy_actions.decide(principal, action, resource, policy_context(state), full=True)

    def visible(self, action: str, model: Any) -> "ColumnElement[bool]":
        """The rows of a mapped class that the caller may read, or whatever the action is, as a WHERE clause.

        ``select(Article).where(auth.visible("read", Article))``. The same policies as ``can``, and the same answer for
        every row. Raises ``ConfigurationError`` for a policy that only Python can answer.
        """
        state = self._state()
        return state.policy_actions.visible(self.principal, action, model, policy_context(state))

    # --- fields -------------------------------------------------------------------------------------------

    def fields(self, action: str, resource: Any) -> frozenset[str]:
        """The fields of the resource that the caller may read, edit or whatever the action is, by the policies of fields."""
        state = self._state()
        return state.policy_actions.fields(self.principal, action, resource, policy_context(state))

    def readable(self, resource: Any, *, action: str = "read") -> dict[str, Any]:
        """The fields that the caller may read, with their values. What no policy names is left out."""
        return {name: getattr(resource, name) for name in sorted(self.fields(action, resource))}

    def writable(self, resource: Any, changes: Mapping[str, Any], *, action: str = "edit") -> dict[str, Any]:
        """What was sent, if the caller may write each of its fields. Raises the refusal (403) of one that she may not.

        ``for name, value in auth.writable(article, request.get_json()).items(): setattr(article, name, value)``
        """
        state = self._state()
        if not isinstance(changes, Mapping):
            raise self._refuse(state, MalformedRequest("An object of fields is wanted."))
        refused = sorted(str(name) for name in set(changes) - self.fields(action, resource))
        if not refused:
            return dict(changes)
        raise self._refuse(state, refuse_fields(state, self.principal, refused))

    # --- on somebody's behalf -----------------------------------------------------------------------------

    def acting_as(self, principal: Principal) -> AbstractContextManager[None]:
        """Let a job ask as somebody: inside, ``auth.principal``, ``can``, ``decide``, ``check`` and ``visible`` are hers.

        What she may not give, ``auth.roles`` does not give in her name. The guards of views never look here: a request that
        begins inside is its own caller's.
        """
        if not isinstance(principal, Principal):
            message = f"auth.acting_as takes a Principal, not {principal!r}: Principal('nightly-export', kind='job')"
            raise TypeError(message)
        return self._acting.as_principal(principal)


def policy_context(state: AppState) -> "PolicyContext":
    """What the present moment is, for a policy."""
    from ostiary.features.policies import PolicyContext  # only where there are policies

    client = state.client()
    inside = has_request_context()
    return PolicyContext(
        at=state.runtime.clock.now(),
        network=client.network,
        device=client.device,
        method=request.method if inside else None,
        endpoint=request.endpoint if inside else None,
    )


def refuse_fields(state: AppState, principal: Principal, names: list[str]) -> NotAllowed:
    """The refusal of fields that the caller may not write, told as an event."""
    endpoint = request.endpoint or "" if has_request_context() else ""
    at, subject = state.runtime.clock.now(), principal.subject or None
    state.runtime.bus.announce(AccessDenied(at=at, subject=subject, code=_FIELD, endpoint=endpoint))
    # What was sent comes back to whoever sent it, and nobody learns of another field.
    members = {"fields": [name[:100] for name in names]}
    return NotAllowed("You may not set this.", code=_FIELD, detail=f"fields {names!r}", members=members)


def _permission(action: str) -> Requirement:
    if not is_permission(action):
        what = f"auth.can({action!r}) names no permission"
        cure = 'a permission is resource:action, as in "order:read"; an action needs its resource: auth.can("edit", article)'
        raise misconfigured("not_a_permission", what, cure)
    return Requirement(permission=action)


def _check_no_place(on: On | None) -> None:
    if on is not None:
        message = "on= says where a permission is held; the policies of a resource know where it is"
        raise TypeError(message)
