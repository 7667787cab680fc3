"""The addresses of sessions: the device list, ending one, signing out here, on the others, or everywhere."""

from typing import Any, Final

from ostiary.features.sessions.end import SessionActions
from ostiary.kernel.errors import AuthError, MalformedRequest
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.addresses import Addresses
from ostiary.web.body import read_fields
from ostiary.web.route import Answer, Call, Route

# A device list is a person's: no narrowed credential, no key, no token may see or end her sessions.
_BY_SESSION: Final = Requirement(via=any_of("session"))
# "Everywhere" ends every credential of hers: no API key, which proves nothing of a person, may do that to its owner.
_BY_PERSON: Final = Requirement(via=any_of("session", "bearer"))
SCOPES: Final = ("here", "others", "everywhere")


def session_id(principal: Principal) -> str | None:
    """The id of the session that the principal presented, if it was a session."""
    credential = principal.credential
    return credential.id if credential is not None and credential.kind == "session" else None


def list_sessions(call: Call) -> Answer:
    """The browsers the caller is signed in on."""
    return Answer(facts=session_facts(call), page="sessions/sessions")


def session_facts(call: Call) -> dict[str, Any]:
    """The browsers the caller is signed in on, for a section of the account page and for JSON."""
    principal = call.principal
    devices = call.resources[SessionActions].list(principal.subject, current=session_id(principal))
    return {"sessions": [device.as_json() for device in devices]}


def end_session(call: Call) -> Answer:
    """End one of the caller's sessions. Somebody else's answers as one that does not exist."""
    if not call.resources[SessionActions].end(call.variables["id"], owner=call.principal.subject):
        raise AuthError("There is no such session.", code="not_found", status=404)
    return Answer(status=204, goes_to=_device_list(call.addresses))


def ask_to_sign_out(call: Call) -> Answer:
    """A page with one button: a link must not sign anybody out, and people follow links."""
    return Answer(facts={"scopes": SCOPES, "signed_in": bool(call.principal)}, page="sessions/sign_out")


def sign_out(call: Call) -> Answer:
    """Sign the caller out, as far as ``scope`` says."""
    scope = read_fields(call.request).optional_text("scope") or "here"
    if scope not in SCOPES:
        message = f"scope has to be one of: {', '.join(SCOPES)}."
        raise MalformedRequest(message)
    call.resources[SessionActions].leave(call.principal.subject, session_id(call.principal), scope)
    addresses = call.addresses
    if scope == "others":
        return Answer(status=204, goes_to=_device_list(addresses))
    signed_out = addresses.path("sign_in", why="signed_out") if addresses.has("sign_in") else None
    return Answer(status=204, signed_out=True, goes_to=signed_out or f"{call.request.script_root}/")


def _device_list(addresses: Addresses) -> str:
    return addresses.path("account" if addresses.has("account") else "sessions")


ROUTES: Final = (
    Route(
        rule="/sessions",
        endpoint="sessions",
        method="GET",
        answer=list_sessions,
        requires=_BY_SESSION,
        about="The browsers the caller is signed in on.",
    ),
    Route(
        rule="/sessions/<id>",
        endpoint="end_session",
        method="DELETE",
        answer=end_session,
        requires=_BY_SESSION,
        about="End one of the caller's sessions.",
    ),
    Route(
        rule="/sessions/<id>",
        endpoint="end_session",
        method="POST",
        answer=end_session,
        requires=_BY_SESSION,
        about="The same, for forms.",
    ),
    Route(
        rule="/sign-out",
        endpoint="sign_out",
        method="GET",
        answer=ask_to_sign_out,
        requires=None,
        about="A page with the button that signs out.",
    ),
    Route(
        rule="/sign-out",
        endpoint="sign_out",
        method="POST",
        answer=sign_out,
        requires=_BY_PERSON,
        about='Sign out: `scope` is "here" (the default), "others" or "everywhere".',
    ),
)
