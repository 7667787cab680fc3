"""The addresses of remembered browsers: the list, and forgetting one."""

from typing import Final

from ostiary.features.remember_me.end import RememberMeActions
from ostiary.kernel.errors import AuthError
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.route import Answer, Call, Route

# As the list of sessions: a person's, and no program's.
_BY_SESSION: Final = Requirement(via=any_of("session"))


def _session_id(principal: Principal) -> str | None:
    return principal.credential.id if principal.credential is not None else None


def list_browsers(call: Call) -> Answer:
    """The browsers that let the caller in without a proof."""
    principal = call.principal
    browsers = call.resources[RememberMeActions].list(principal.subject, current=_session_id(principal))
    return Answer(facts={"browsers": [browser.as_json() for browser in browsers]})


def forget_browser(call: Call) -> Answer:
    """Forget one of the caller's browsers. Somebody else's answers as one that does not exist."""
    if not call.resources[RememberMeActions].end(call.variables["id"], owner=call.principal.subject):
        raise AuthError("There is no such browser.", code="not_found", status=404)
    return Answer(status=204)


ROUTES: Final = (
    Route(
        rule="/remembered",
        endpoint="remembered",
        method="GET",
        answer=list_browsers,
        requires=_BY_SESSION,
        about="The browsers that let the caller in without a proof.",
    ),
    Route(
        rule="/remembered/<id>",
        endpoint="forget_browser",
        method="DELETE",
        answer=forget_browser,
        requires=_BY_SESSION,
        about="Forget one of the caller's remembered browsers, and end the session it has.",
    ),
)
