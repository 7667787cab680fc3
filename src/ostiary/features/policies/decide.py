"""Deciding: every policy of a question must allow, one denial is enough, none at all is a denial.

A policy that raises denies, is logged, and is an event. Nothing is remembered between two questions, so no answer outlives
the moment it was given in.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from ostiary.features.policies.answer import POLICY_DENIES, Allow, Deny
from ostiary.features.policies.context import PolicyContext
from ostiary.features.policies.registry import Policy, Registry, cannot_filter, is_action
from ostiary.features.policies.rule import Anyone, Rule
from ostiary.features.policies.situation import Situation
from ostiary.features.policies.would_pass import Way, find_way
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import PROOFS, Change, Decision, Reason, denied
from ostiary.kernel.errors import ConfigurationError, Unavailable, misconfigured
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import PolicyFailed
from ostiary.kernel.permission import any_covers
from ostiary.kernel.plain_function import has_not_run
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Rights

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_log: Final = logging.getLogger("ostiary.policies")

_NOBODY: Final = denied("not_authenticated", "nobody is signed in, and the policy is not for visitors", "sign_in")


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one policy says. ``rule`` is what could be tried with something changed; ``way`` what it claims by itself."""

    reason: Reason
    code: str = POLICY_DENIES
    rule: Rule | None = None
    way: Way | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyActions:
    """Asks the policies of an application. ``find_rights`` answers what knows roles; None where nothing does."""

    registry: Registry
    bus: EventBus
    find_rights: Callable[[], Rights | None]
    explained_to: str = field(default="decision:explain")

    def decide(
        self,
        principal: Principal,
        action: str,
        resource: object,
        context: PolicyContext,
        *,
        full: bool = False,
        ways: bool = True,
    ) -> Decision:
        """Whether the principal may do this to the resource, or to one of a type where a class is given.

        ``full`` asks also what cannot change the answer any more, for an explanation; without ``ways`` nobody asks what
        would have to change.
        """
        if not is_action(action):
            what = f"{action!r} is asked of a policy, and is no action"
            raise misconfigured(
                "not_an_action", what, 'an action is one word in lower case, as in auth.can("edit", article)'
            )
        if resource is None:
            return denied("no_resource", f"there is nothing to {action}")
        type_: type = resource if isinstance(resource, type) else type(resource)
        named = self.registry.named(action, type_)
        if not named:
            return denied("no_policy", f"no policy says who may {action} a {type_.__name__}")
        if not principal and not all(policy.declared.visitors for policy in named):
            return _NOBODY
        situation = self._situation(principal, None if resource is type_ else resource, context)
        return self._decide([*named, *self.registry.restricting(type_)], situation, full=full, ways=ways)

    def can(self, principal: Principal, action: str, resource: object, context: PolicyContext) -> bool:
        """Whether the principal may, and nothing else."""
        return self.decide(principal, action, resource, context, ways=False).allowed

    def visible(self, principal: Principal, action: str, entity: Any, context: PolicyContext) -> "ColumnElement[bool]":
        """The WHERE clause of the rows of a mapped class, or an alias of one, for which ``can`` answers True.

        Raises ``ConfigurationError`` for a policy that cannot be said in SQL.
        """
        from ostiary.features.policies import visible  # SQLAlchemy only where rows are filtered

        mapper = visible.mapper_of(entity)
        if mapper is None:
            what = f"auth.visible({action!r}, {entity!r}) filters no rows"
            raise misconfigured("not_mapped", what, "give a mapped class, or an alias of one")
        type_ = mapper.class_
        named, restricting = self.registry.named(action, type_), self.registry.restricting(type_)
        for subclass in visible.subclasses(mapper):
            if self.registry.named(action, subclass) != named or self.registry.restricting(subclass) != restricting:
                what = f"auth.visible({action!r}, {type_.__name__}) would answer rows of {subclass.__name__}, which has policies of its own"
                raise misconfigured("visible_over_subclasses", what, f"select {subclass.__name__} by itself")
        policies = [*named, *restricting]
        rules = [self._rule_for_rows(policy, principal, context) for policy in policies]
        if not named or (not principal and not all(policy.declared.visitors for policy in named)):
            return visible.where_false()
        if self._missing_scope(named, principal) or None in rules:
            return visible.where_false()
        rows = visible.RowFilter(entity, self._situation(principal, None, context))
        return visible.where_all(rows.clause(rule) for rule in cast("list[Rule]", rules))

    def fields(self, principal: Principal, action: str, resource: object, context: PolicyContext) -> frozenset[str]:
        """The fields of the resource that the principal may read, write or whatever the action is (ASVS 5.0 V8.2.3).

        Only fields that a policy names are ever among them. None are, if she may not do it to the resource at all.
        """
        type_: type = resource if isinstance(resource, type) else type(resource)
        policies = self.registry.of_fields(action, type_)
        if not policies or not self.can(principal, action, resource, context):
            return frozenset()
        situation = self._situation(principal, None if resource is type_ else resource, context)
        refused: set[str] = set()
        open_: set[str] = set()
        for policy in policies:
            names = policy.declared.fields or ()
            nobody = not principal and not policy.declared.visitors
            met = (
                not nobody
                and not self._missing_scope([policy], principal)
                and self._ask(policy, situation, full=False).reason.met
            )
            (open_ if met is True else refused).update(names)
        return frozenset(open_ - refused)

    def is_for_visitors(self, action: str) -> bool:
        """Whether any policy of the action is for somebody who is not signed in: what it is about is not known yet."""
        return any(one.declared.visitors for one in self.registry.all() if one.declared.action == action)

    @staticmethod
    def nobody() -> Decision:
        """The decision about somebody who is not signed in, where a policy is not for visitors."""
        return _NOBODY

    def may_read_grounds(self, principal: Principal) -> bool:
        """Whether she sees every ground of her refusal: whoever holds the permission of that name everywhere."""
        rights = self.find_rights()
        if rights is None or not principal or principal.tenant is not None:
            return False
        scoped = principal.scope is not None and not any_covers(principal.scope, self.explained_to)
        return not scoped and any_covers(rights.permissions(principal, None), self.explained_to)

    # --- one question -------------------------------------------------------------------------------------

    def _situation(self, principal: Principal, resource: object, context: PolicyContext) -> Situation:
        return Situation(principal=principal, context=context, rights=self.find_rights(), resource=resource)

    @staticmethod
    def _missing_scope(policies: Iterable[Policy], principal: Principal) -> list[str]:
        """The permissions a restricted credential would need and was not given."""
        if not principal or principal.scope is None:
            return []
        wanted = dict.fromkeys(policy.scope for policy in policies if policy.scope is not None)
        return [scope for scope in wanted if not any_covers(principal.scope, scope)]

    def _decide(self, policies: list[Policy], situation: Situation, *, full: bool, ways: bool) -> Decision:
        missing = self._missing_scope(policies, situation.principal)
        verdicts: list[_Verdict] = []
        for scope in missing:
            reason = Reason("insufficient_scope", f"the credential was not given {scope}")
            verdicts.append(_Verdict(reason, "insufficient_scope", way=(Change("scope", scope),)))
        for policy in policies:
            if verdicts and verdicts[-1].reason.met is not True and not (full or ways):
                break
            verdicts.append(self._ask(policy, situation, full=full))
        against = [one for one in verdicts if one.reason.met is not True]
        if not against:
            return Decision(allowed=True, because=tuple(one.reason for one in verdicts))
        way = _way_through(verdicts, situation) if ways else None
        # Who lacks nothing but a proof is asked for it, as by a guard (RFC 9470).
        code = "step_up_needed" if way and all(change.kind in PROOFS for change in way) else against[0].code
        first = replace(against[0].reason, code=code)
        others = tuple(one.reason for one in verdicts if one is not against[0])
        return Decision(allowed=False, because=(first, *others), would_pass_if=way or ())

    def _ask(self, policy: Policy, situation: Situation, *, full: bool) -> _Verdict:
        try:
            answer = policy.call(situation.principal, situation.resource, situation.context)
            return _verdict(policy, answer, situation, full=full)
        except Unavailable:
            # Nobody passes either way; but 503 says that it is not the caller, and that it passes.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: what decides has failed, so nobody passes (V16.5.3)
            return self._failed(policy, situation.principal, error, situation.context)

    def _failed(self, policy: Policy, principal: Principal, error: Exception, context: PolicyContext) -> _Verdict:
        declared = policy.declared
        _log.error("the policy %s of %r failed", policy.name, declared.action, exc_info=error)
        self.bus.announce(
            PolicyFailed(
                at=context.at,
                subject=principal.subject or None,
                network=context.network,
                action=declared.action,
                resource=declared.type.__name__,
                policy=policy.name,
                error=type(error).__name__,
            )
        )
        text = f"the policy {policy.name} raised {type(error).__name__}"
        return _Verdict(Reason("policy_failed", text), "policy_failed")

    def _rule_for_rows(self, policy: Policy, principal: Principal, context: PolicyContext) -> Rule | None:
        """The policy as a rule; None for one that fails, or denies whatever the row. Raises ``ConfigurationError``."""
        if policy.takes_resource:
            raise cannot_filter(policy)
        try:
            answer = policy.call(principal, None, context)
        except (ConfigurationError, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(policy, principal, error, context)
            return None
        if isinstance(answer, Rule):
            return answer
        return _constant(answer)


def _constant(answer: object) -> Rule | None:
    allowed = answer is True or isinstance(answer, Allow) or (isinstance(answer, Decision) and answer.allowed)
    return Anyone() if allowed else None


def _verdict(policy: Policy, answer: object, situation: Situation, *, full: bool) -> _Verdict:
    by = "" if policy.rule is not None else f", by {policy.name}"
    said = f"{policy.declared.action} {policy.declared.type.__name__}{by}"
    match answer:
        case Rule():
            ground = answer.judge(situation, full=full)
            return _Verdict(Reason("policy", said, children=(ground,), met=ground.met), rule=answer)
        case Deny():
            reason = Reason(answer.code, answer.reason, public=answer.public)
            return _Verdict(Reason("policy", said, children=(reason,)), answer.code, way=answer.would_pass_if or None)
        case Allow():
            return _Verdict(
                Reason("policy", said, children=(Reason("allow", answer.reason, met=True),), met=True), way=()
            )
        case Decision():
            met = answer.allowed
            return _Verdict(
                Reason("policy", said, children=answer.because, met=met),
                answer.code,
                way=() if met else answer.would_pass_if or None,
            )
        case True:
            return _Verdict(Reason("policy", said, met=True), way=())
        case False | None:
            # A function that falls off its end has not allowed anything.
            return _Verdict(Reason("policy", said))
        case _:
            has_not_run(answer)  # a coroutine is closed
            message = f"the policy {policy.name} answered a {type(answer).__name__}, and no Allow, Deny, bool, Decision or rule"
            raise TypeError(message)


def _way_through(verdicts: list[_Verdict], situation: Situation) -> Way | None:
    """What would have to change for all of them to allow; None where one of them knows nothing that would do."""
    claimed: list[Change] = []
    for one in verdicts:
        if one.rule is None and one.reason.met is not True:
            if one.way is None:
                return None
            claimed += one.way
    rules = [one.rule for one in verdicts if one.rule is not None]
    try:
        return find_way(rules, situation, tuple(dict.fromkeys(claimed)))
    except Exception:  # noqa: BLE001 - a rule of the application's that fails only in a situation that is not: it is denied anyway
        return None
