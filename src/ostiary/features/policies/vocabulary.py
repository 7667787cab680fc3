"""The words rules are written in: ``owner``, ``holds``, ``permitted``, ``tenant``, ``shared``, ``related``, ``where``, ``proven``."""

from collections.abc import Callable
from typing import Any, TypeAlias

from ostiary.features.policies.rule import Anyone, Attribute, Not, Rule, attribute_of, rule_of
from ostiary.features.policies.rules import Holds, Owner, Permitted, Proven, Related, Spot, Tenant, Where
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.permission import is_permission
from ostiary.kernel.requirement import Names, Requirement, any_of

OnAttribute: TypeAlias = tuple[str, Any] | None
"""Where a right must be held: ``("org", Article.org_id)``, or a place such as ``("org", "acme")``."""


def attribute(name: str) -> Attribute:
    """An attribute by its name, where no column can be named yet: in a mixin, or of a plain class."""
    return attribute_of(name)


def anyone() -> Rule:
    """Everybody who is signed in, and visitors where the policy says ``visitors=True``."""
    return Anyone()


def owner(attribute: object) -> Rule:
    """The attribute holds the caller's subject: ``owner(Article.author_id)``. Text, whole numbers and UUIDs are compared."""
    return Owner(attribute_of(attribute))


def holds(role: str | Names, *, on: OnAttribute = None) -> Rule:
    """The caller holds the role: ``holds("editor", on=("org", Article.org_id))``."""
    return Holds(any_of(role) if isinstance(role, str) else role, _spot(on))


def permitted(permission: str, *, on: OnAttribute = None) -> Rule:
    """The caller holds the permission, and her credential was given it: ``permitted("article:read")``."""
    if not is_permission(permission):
        what = f"permitted({permission!r}) names no permission"
        raise misconfigured("not_a_permission", what, 'a permission is resource:action in lower case: "article:read"')
    return Permitted(permission, _spot(on))


def tenant(attribute: object, kind: str = "org", *, unbound: bool = False) -> Rule:
    """The caller's session or token is bound to the place the attribute names: ``tenant(Article.org_id)``.

    With ``unbound``, one that is bound to no place is good as well, and one that is bound to another is not. A host name, a
    header or a field of a form binds nobody to anything.
    """
    return Tenant(attribute_of(attribute), kind, unbound)


def related(relationship: object, rule: Rule) -> Rule:
    """A related resource meets the rule: ``related(Document.folder, owner(Folder.owner_id))``."""
    return Related(attribute_of(relationship), rule_of(rule))


def shared(*, via: object, to: object) -> Rule:
    """It was shared with the caller: ``shared(via=Article.shares, to=Share.subject)``."""
    return Related(attribute_of(via), Owner(attribute_of(to)))


def where(condition: Any, *, test: Callable[[Any], bool | None] | None = None) -> Rule:
    """A condition in SQL: ``where(Article.public.is_(True))``.

    Comparisons of columns with values are understood, and asked of objects as well. For any other expression ``test`` says
    the same of an object, and None where that is NULL: ``where(func.length(Article.title) <= 80, test=is_short)``.
    Raises ``ConfigurationError`` for one that is not understood and has no ``test``.
    """
    if test is not None:
        return Where(condition, test)
    from ostiary.features.policies.condition import read_condition  # SQLAlchemy only with an expression of it

    return read_condition(condition)


def not_(rule: Rule) -> Rule:
    """The rule is false. What is unknown stays unknown, and is not allowed either."""
    return Not(rule_of(rule))


def proven(
    *,
    factors: int = 1,
    fresh: Duration | None = None,
    proof: str | Names | None = None,
    phishing_resistant: bool = False,
    via: str | Names | None = None,
) -> Rule:
    """The caller has proven who she is as ``auth.require`` would demand it: ``proven(factors=2, fresh="5m")``.

    A caller who lacks only that is asked for it, as by a guard.
    """
    requirement = Requirement(
        factors=factors,
        fresh=None if fresh is None else milliseconds(fresh),
        proof=any_of(proof) if isinstance(proof, str) else proof,
        phishing_resistant=phishing_resistant,
        via=any_of(via) if isinstance(via, str) else via,
    )
    return Proven(requirement)


def _spot(on: OnAttribute) -> Spot | None:
    if on is None:
        return None
    match on:
        case (str() as kind, str() as name) if kind and name:
            return Spot(kind, name)
        case (str() as kind, given) if kind:
            return Spot(kind, attribute_of(given))
        case _:
            message = f'on={on!r} is no place: write ("org", Article.org_id), or ("org", "acme")'
            raise TypeError(message)
