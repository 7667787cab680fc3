"""The addresses of groups and organisations: who is in which, for administrators; and where a session acts, for everybody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ostiary.features.roles.actions import MOST_LISTED, RoleActions
from ostiary.features.roles.authority import ASSIGN, READ
from ostiary.features.roles.holder import NoSuchGroup, parse_group
from ostiary.features.roles.http import LONGEST, group_of, not_found, place_of, subject_of_account
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.principal import On, encode_place
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.body import read_fields, read_query
from ostiary.web.route import Answer, Call, Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

_READ: Final = Requirement(permission=READ)
_ASSIGN: Final = Requirement(permission=ASSIGN)
# Where a browser acts is its owner's to say; a key or a token was bound when it was made.
_BY_SESSION: Final = Requirement(via=any_of("session"))


def _group_place(_request: "Request", variables: Mapping[str, str]) -> On | None:
    """The place that an organisation is; everywhere for any other group."""
    return group_of(variables["name"]).place


def list_groups(call: Call) -> Answer:
    """The groups there are, a page at a time."""
    after = read_query(call.request).optional_text("after", max_length=LONGEST) or ""
    found = call.resources[RoleActions].groups.list(after=after)
    return Answer(
        facts={
            "groups": [{"name": group.text, "members": members} for group, members in found],
            "next": found[-1][0].text if len(found) == MOST_LISTED else None,
        }
    )


def create_group(call: Call) -> Answer:
    """Make a group with no members and no roles."""
    text = read_fields(call.request).text("name", max_length=LONGEST)
    try:
        group = parse_group(text)
    except ValueError:
        message = "A group is a word in lower case, or for an organisation its place, such as org:acme."
        raise ValidationFailed(FieldError("name", "unusable", message)) from None
    made = call.resources[RoleActions].groups.create(group)
    return Answer(facts={"name": group.text, "changed": made}, status=201 if made else 200)


def show_group(call: Call) -> Answer:
    """The members of a group with who put them there, a page at a time, and what it holds."""
    group, actions = group_of(call.variables["name"]), call.resources[RoleActions]
    after = read_query(call.request).optional_text("after", max_length=LONGEST) or ""
    if not actions.groups.exists(group):
        raise NoSuchGroup
    memberships = actions.groups.memberships(group, after=after)
    members = [one.subject for one in memberships]
    return Answer(
        facts={
            "name": group.text,
            "members": members,
            "memberships": [one.as_json() for one in memberships],
            "next": members[-1] if len(members) == MOST_LISTED else None,
            "assignments": [one.as_json() for one in actions.assignments(group)],
        }
    )


def delete_group(call: Call) -> Answer:
    """Remove a group, with its memberships and with what it holds."""
    call.resources[RoleActions].groups.delete(group_of(call.variables["name"]))
    return Answer(status=204)


def add_member(call: Call) -> Answer:
    """Put somebody into a group."""
    subject = subject_of_account(call, read_fields(call.request).text("subject", max_length=LONGEST))
    added = call.resources[RoleActions].groups.add(group_of(call.variables["name"]), subject)
    return Answer(facts={"changed": added}, status=201 if added else 200)


def remove_member(call: Call) -> Answer:
    """Take somebody out of a group."""
    group, subject = group_of(call.variables["name"]), call.variables["subject"]
    if len(subject) > LONGEST or "\x00" in subject or not call.resources[RoleActions].groups.remove(group, subject):
        raise not_found("She is not in this group.")
    return Answer(status=204)


# --- where a session acts -----------------------------------------------------------------------------------


def organisation_facts(call: Call) -> dict[str, Any]:
    """Where the caller's session acts and where else she belongs, for a section of the account page and for JSON."""
    found = call.resources[RoleActions].organisations(call.principal.subject)
    return {"organisation": encode_place(call.principal.tenant), "organisations": [encode_place(one) for one in found]}


def show_organisation(call: Call) -> Answer:
    """Where the caller's session acts, and where else it could."""
    return Answer(facts=organisation_facts(call), page="roles/organisations")


def switch_organisation(call: Call) -> Answer:
    """Let the caller's session act at another place she belongs to, or at none."""
    fields = read_fields(call.request)
    on = place_of(fields)
    call.resources[RoleActions].switch(on)
    addresses = call.addresses
    return Answer(
        facts={"organisation": encode_place(on)},
        goes_to=addresses.path("account" if addresses.has("account") else "organisation"),
    )


SESSION_ROUTES: Final = (
    Route(
        rule="/organisation",
        endpoint="organisation",
        method="GET",
        answer=show_organisation,
        requires=_BY_SESSION,
        about="Where the caller's session acts, and where else she belongs.",
    ),
    Route(
        rule="/organisation",
        endpoint="organisation",
        method="POST",
        answer=switch_organisation,
        requires=_BY_SESSION,
        about="Let the session act `on` a place she belongs to, such as `org:acme`; without it at none in particular.",
    ),
)

ROUTES: Final = (
    Route(
        rule="/groups",
        endpoint="groups",
        method="GET",
        answer=list_groups,
        requires=_READ,
        about="The groups there are.",
    ),
    Route(
        rule="/groups",
        endpoint="groups",
        method="POST",
        answer=create_group,
        requires=_ASSIGN,
        about="Make a group: `name`, a word or for an organisation its place, such as `org:acme`.",
    ),
    Route(
        rule="/groups/<name>",
        endpoint="group",
        method="GET",
        answer=show_group,
        requires=_READ,
        place=_group_place,
        about="The members of a group with who put them there, and what it holds.",
    ),
    Route(
        rule="/groups/<name>",
        endpoint="group",
        method="DELETE",
        answer=delete_group,
        requires=_ASSIGN,
        place=_group_place,
        about="Remove a group, with its memberships and with what it holds.",
    ),
    Route(
        rule="/groups/<name>/members",
        endpoint="group_members",
        method="POST",
        answer=add_member,
        requires=_ASSIGN,
        place=_group_place,
        about="Put a `subject` into a group.",
    ),
    Route(
        rule="/groups/<name>/members/<subject>",
        endpoint="group_member",
        method="DELETE",
        answer=remove_member,
        requires=_ASSIGN,
        place=_group_place,
        about="Take a subject out of a group.",
    ),
)
