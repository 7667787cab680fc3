"""The addresses of roles, for administrators: what there is, who holds what, and the changes of both.

Each change asks for two things: the permission to make such changes on that place (the guard), and that nobody gives
or takes what she does not hold there herself (the action).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ostiary.features.roles.actions import MOST_LISTED, RoleActions
from ostiary.features.roles.authority import ASSIGN, DEFINE, READ
from ostiary.features.roles.holder import Group, NoSuchGroup, Until, Who, parse_group
from ostiary.kernel.errors import AuthError, FieldError, MalformedRequest, ValidationFailed
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, decode_place, is_place
from ostiary.kernel.requirement import Requirement, Rights
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.web.body import Fields, read_fields, read_query
from ostiary.web.route import Answer, Call, Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

_READ: Final = Requirement(permission=READ)
_ASSIGN: Final = Requirement(permission=ASSIGN)
_DEFINE: Final = Requirement(permission=DEFINE)
LONGEST: Final = 255
"""Characters of a name, in an address or a field."""
# The word a gate has for a subject that is no account.
_NO_ACCOUNT: Final = "no_account"


# --- what is asked ------------------------------------------------------------------------------------------


def _query_place(request: "Request", _variables: Mapping[str, str]) -> On | None:
    """The place of ``?on=org:acme``; without it everywhere. Raises ``MalformedRequest``."""
    query = read_query(request)
    if query.raw("on") == "":
        # A program whose variable is empty means one place, and would change what holds at all of them.
        message = "on names no place: leave it out for everywhere."
        raise MalformedRequest(message)
    return place_of(query)


def place_of(fields: Fields) -> On | None:
    """The place that the field ``on`` names. Raises ``MalformedRequest``."""
    text = fields.optional_text("on", max_length=LONGEST)
    place = decode_place(text)
    if place is not None and not is_place(place):
        message = "on names a place as kind:name, such as org:acme."
        raise MalformedRequest(message)
    return place


def _read_change(call: Call) -> Fields:
    """What is sent with a change at a place that the address names. Raises ``MalformedRequest`` for a place beside it."""
    fields = read_fields(call.request)
    if "on" in fields:
        # It was not asked about by the guard. Ignored, what was meant for one place would hold everywhere.
        message = "on stands in the address: ?on=org:acme."
        raise MalformedRequest(message)
    return fields


def group_of(text: str) -> Group:
    """The group of a name in an address. Raises ``NoSuchGroup`` for what can name none."""
    try:
        return parse_group(text)
    except ValueError as error:
        raise NoSuchGroup from error


def _who(call: Call, fields: Fields) -> Who:
    """The holder that is meant: ``subject`` or ``group``. With accounts, a subject is one of them."""
    subject = fields.optional_text("subject", max_length=LONGEST)
    group = fields.optional_text("group", max_length=LONGEST)
    if (subject is None) == (group is None):
        message = "Say who: subject or group."
        raise MalformedRequest(message)
    return group_of(group) if group is not None else subject_of_account(call, subject)


def subject_of_account(call: Call, subject: str | None) -> str:
    """The subject that is meant: with accounts, one of them. Raises ``ValidationFailed``."""
    gate = call.resources.find(SubjectGate)  # type: ignore[type-abstract] # found by the protocol it fulfils
    if subject is None or "\x00" in subject or (gate is not None and gate.why_not(subject) == _NO_ACCOUNT):
        # Whoever is given something before she exists holds it the moment she does.
        raise ValidationFailed(FieldError("subject", "no_account", "There is no such account."))
    return subject


def _until(text: str | None) -> Until | None:
    """An instant in RFC 3339, or how long from now."""
    if text is None or "T" not in text:
        return text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValidationFailed(FieldError("until", "unusable", "Write an instant as 2027-01-31T12:00:00Z.")) from None


# --- roles --------------------------------------------------------------------------------------------------


def list_roles(call: Call) -> Answer:
    """Every role there is, with where it is defined."""
    return Answer(facts={"roles": [role.as_json() for role in call.resources[RoleActions].list()]})


def define_role(call: Call) -> Answer:
    """Define a role in the database, or redefine it."""
    fields = read_fields(call.request)
    role = fields.text("name", max_length=LONGEST)
    call.resources[RoleActions].define(role, fields.texts("grants", max_count=256, max_length=LONGEST))
    return Answer(facts={"name": role}, status=201)


def undefine_role(call: Call) -> Answer:
    """Remove the definition of a role from the database."""
    if not call.resources[RoleActions].undefine(call.variables["name"]):
        raise not_found("There is no such role in the database.")
    return Answer(status=204)


def list_assignments(call: Call) -> Answer:
    """What was given and holds now, on a place or anywhere."""
    query = read_query(call.request)
    subject = query.optional_text("subject", max_length=LONGEST)
    group = query.optional_text("group", max_length=LONGEST)
    who = group_of(group) if group is not None else subject
    found = call.resources[RoleActions].assignments(
        who, role=query.optional_text("role", max_length=LONGEST), on=place_of(query), limit=MOST_LISTED
    )
    return Answer(facts={"assignments": [one.as_json() for one in found], "more": len(found) == MOST_LISTED})


def list_members(call: Call) -> Answer:
    """Who holds a role on a place, a page at a time; and everywhere, for whoever may look there as well."""
    query = read_query(call.request)
    role = query.text("role", max_length=LONGEST)
    after = query.optional_text("after", max_length=LONGEST) or ""
    rights = call.resources[Rights]  # type: ignore[type-abstract] # found by the protocol it fulfils
    # The owner of one organisation does not learn who looks after all of them.
    everywhere = any_covers(rights.permissions(call.principal, None), READ)
    found = call.resources[RoleActions].members(role, place_of(query), everywhere=everywhere, after=after)
    return Answer(facts={"members": found, "next": found[-1] if len(found) == MOST_LISTED else None})


def assign_role(call: Call) -> Answer:
    """Give a role on the place that the address names."""
    fields = _read_change(call)
    given = call.resources[RoleActions].assign(
        _who(call, fields),
        fields.text("role", max_length=LONGEST),
        on=_query_place(call.request, call.variables),
        until=_until(fields.optional_text("until", max_length=LONGEST)),
    )
    return Answer(facts={"changed": given}, status=201 if given else 200)


def revoke_role(call: Call) -> Answer:
    """Take a role on the place that the address names."""
    _read_change(call)
    query = read_query(call.request)
    subject = query.optional_text("subject", max_length=LONGEST)
    group = query.optional_text("group", max_length=LONGEST)
    if (subject is None) == (group is None):
        message = "Say whose: subject or group."
        raise MalformedRequest(message)
    who: Who = group_of(group) if group is not None else subject or ""
    role = query.text("role", max_length=LONGEST)
    if not call.resources[RoleActions].revoke(who, role, on=place_of(query)):
        raise not_found("This was not given so.")
    return Answer(status=204)


def not_found(text: str) -> AuthError:
    """The refusal of what is not there."""
    return AuthError(text, code="not_found", status=404)


ROUTES: Final = (
    Route(
        rule="/roles",
        endpoint="roles",
        method="GET",
        answer=list_roles,
        requires=_READ,
        place=_query_place,
        about="Every role there is, of the code and of the database.",
    ),
    Route(
        rule="/roles",
        endpoint="roles",
        method="POST",
        answer=define_role,
        requires=_DEFINE,
        about="Define a role in the database: `name`, and `grants`, a list of permissions and roles.",
    ),
    Route(
        rule="/roles/<name>",
        endpoint="role",
        method="DELETE",
        answer=undefine_role,
        requires=_DEFINE,
        about="Remove the definition of a role from the database.",
    ),
    Route(
        rule="/role-assignments",
        endpoint="role_assignments",
        method="GET",
        answer=list_assignments,
        requires=_READ,
        place=_query_place,
        about="What was given: `?on=org:acme`, `subject` or `group`, `role`.",
    ),
    Route(
        rule="/role-assignments",
        endpoint="role_assignments",
        method="POST",
        answer=assign_role,
        requires=_ASSIGN,
        place=_query_place,
        about='Give a role `?on=org:acme`, or everywhere: `subject` or `group`, `role`, `until` (an instant, or "30d").',
    ),
    Route(
        rule="/role-assignments",
        endpoint="role_assignments",
        method="DELETE",
        answer=revoke_role,
        requires=_ASSIGN,
        place=_query_place,
        about="Take a role: `?on=org:acme&subject=…&role=…`.",
    ),
    Route(
        rule="/role-members",
        endpoint="role_members",
        method="GET",
        answer=list_members,
        requires=_READ,
        place=_query_place,
        about="Who holds a role, also by a group or by one that inherits it: `?role=editor&on=org:acme`.",
    ),
)
