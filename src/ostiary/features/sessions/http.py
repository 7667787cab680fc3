"""The addresses of sessions: the device list, ending one, signing out here, on the others, or everywhere."""

from typing import Final

from ostiary.features.sessions.end import SessionActions
from ostiary.kernel.errors import AuthError, MalformedRequest
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import SIGNED_IN, Requirement, any_of
from ostiary.web.body import read_fields
from ostiary.web.route import Answer, Call, Route

# A device list is a person's: no narrowed credential, no key, no token may see or end her sessions.
_BY_SESSION: Final = Requirement(via=any_of("session"))
SCOPES: Final = ("here", "others", "everywhere")


def session_id(principal: Principal) -> str | None:
    """The id of the session that the principal presented, if it was a session."""
    credential = principal.credential
    return credential.id if credential is not None and credential.kind == "session" else None


def list_sessions(call: Call) -> Answer:
    """The browsers the caller is signed in on."""
    principal = call.principal
    devices = call.resources[SessionActions].list(principal.subject, current=session_id(principal))
    return Answer(facts={"sessions": [device.as_json() for device in devices]})


def end_session(call: Call) -> Answer:
    """End one of the caller's sessions. Somebody else's answers as one that does not exist."""
    if not call.resources[SessionActions].end(call.variables["id"], owner=call.principal.subject):
        raise AuthError("There is no such session.", code="not_found", status=404)
    return Answer(status=204)


def sign_out(call: Call) -> Answer:
    """Sign the caller out, as far as ``scope`` says."""
    scope = read_fields(call.request).optional_text("scope") or "here"
    if scope not in SCOPES:
        message = f"scope has to be one of: {', '.join(SCOPES)}."
        raise MalformedRequest(message)
    call.resources[SessionActions].leave(call.principal.subject, session_id(call.principal), scope)
    return Answer(status=204, signed_out=scope != "others")


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
        rule="/sign-out",
        endpoint="sign_out",
        method="POST",
        answer=sign_out,
        requires=SIGNED_IN,
        about='Sign out: `scope` is "here" (the default), "others" or "everywhere".',
    ),
)
