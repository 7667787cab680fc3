"""The addresses of remembered browsers: the list, forgetting one, and what the account page shows of them."""

from typing import Any, Final

from ostiary.features.remember_me.browsers import RememberedBrowser
from ostiary.features.remember_me.end import RememberMeActions
from ostiary.features.sessions import SessionActions, session_id
from ostiary.kernel.errors import AuthError
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.route import Answer, Call, Route

# As the list of sessions: a person's, and no program's.
_BY_SESSION: Final = Requirement(via=any_of("session"))


def list_browsers(call: Call) -> Answer:
    """The browsers that let the caller in without a proof."""
    return Answer(facts=_facts(_browsers(call)), page="remember_me/remembered")


def sleeping_browsers(call: Call) -> dict[str, Any]:
    """Those that have no session just now: the list of sessions does not show them, and they come back all the same."""
    alive = {session.id for session in call.resources[SessionActions].list(call.principal.subject)}
    return _facts([browser for browser in _browsers(call) if browser.session not in alive])


def forget_browser(call: Call) -> Answer:
    """Forget one of the caller's browsers. Somebody else's answers as one that does not exist."""
    if not call.resources[RememberMeActions].end(call.variables["id"], owner=call.principal.subject):
        raise AuthError("There is no such browser.", code="not_found", status=404)
    addresses = call.addresses
    return Answer(status=204, goes_to=addresses.path("account" if addresses.has("account") else "remembered"))


def _browsers(call: Call) -> list[RememberedBrowser]:
    subject, current = call.principal.subject, session_id(call.principal)
    return call.resources[RememberMeActions].list(subject, current=current)


def _facts(browsers: list[RememberedBrowser]) -> dict[str, Any]:
    return {"browsers": [browser.as_json() for browser in browsers]}


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
    Route(
        rule="/remembered/<id>",
        endpoint="forget_browser",
        method="POST",
        answer=forget_browser,
        requires=_BY_SESSION,
        about="The same, for forms.",
    ),
)
