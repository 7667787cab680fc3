"""The demands of ``auth.require`` as a value: what is written in a decorator, read once, where it is written."""

from ostiary.flask.guard import Check, Where
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.permission import is_permission
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function
from ostiary.kernel.requirement import Names, Requirement, any_of


def make_check(
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
) -> Check:
    """The demands of ``auth.require`` as a value. Raises ``ConfigurationError`` for what can mean nothing."""
    if permission is not None and not is_permission(permission):
        what = f"auth.require({permission!r}) names no permission"
        cure = 'a permission is resource:action in lower case, as in "order:read"; a role is role="teller"'
        raise misconfigured("not_a_permission", what, cure)
    if factors not in (1, 2, 3):
        raise misconfigured("impossible_factors", f"factors={factors!r} is no number of factors", "1 or 2")
    refuse_async_place(on, "the function of on=")
    try:
        limit = None if fresh is None else milliseconds(fresh)
    except ValueError as error:
        raise misconfigured("unreadable_duration", f"fresh={fresh!r} cannot be read", str(error)) from error
    requirement = Requirement(
        permission=permission,
        role=_names("role", role),
        factors=factors,
        fresh=limit,
        proof=_names("proof", proof),
        phishing_resistant=phishing_resistant,
        via=_names("via", via),
    )
    return Check(requirement=requirement, on=on, hidden=hidden)


def refuse_async_place(on: Where, named: str) -> None:
    """Refuse a function of a place that would not have run when it is called."""
    if callable(on) and not is_plain_function(on):
        raise misconfigured("async_place", f"{named} is {NOT_PLAIN}", "make it a plain function")


def _names(what: str, given: str | Names | None) -> Names | None:
    if given is None or isinstance(given, Names):
        return given
    if isinstance(given, str) and given:
        return any_of(given)
    # A list could mean all of them or any of them; a guard must not be guessed at.
    raise misconfigured(
        "ambiguous_names", f"{what}={given!r} says neither all nor any", f"write {what}=any_of(…) or all_of(…)"
    )
