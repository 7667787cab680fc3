"""The sign-in page: one address for every method that is a form, as a page and as JSON."""

from types import MappingProxyType
from typing import Final

from ostiary.features.sign_in.methods import SignInMethod, SignInMethods
from ostiary.kernel.errors import AuthError, MalformedRequest, NotAllowed
from ostiary.web.body import read_fields
from ostiary.web.form import Form, FormField, typed
from ostiary.web.redirect import NEXT
from ostiary.web.route import Answer, Call, Route

METHOD: Final = "method"
REMEMBER: Final = "remember"

NOTICES: Final = MappingProxyType(
    {
        "stale": "Please confirm that it is you.",
        "factor": "One more step is needed to sign in.",
        "registered": "Your account is there. You can sign in now.",
        "confirmed": "Your address is confirmed. You can sign in now.",
        "password_changed": "Your password is changed. Please sign in with the new one.",
        "signed_out": "You are signed out.",
        "cookie": "If you have just signed in: your browser did not send our cookie back. Allow cookies for this site, "
        "and use the address that begins with https.",
    }
)
"""What the page says at its top; ``?why=`` names it. Nothing that a stranger can choose is ever shown."""


def show(call: Call) -> Answer:
    """The form, or straight on for somebody who is signed in and need not prove anything again."""
    why = call.request.args.get("why", "")
    if call.principal and why not in ("stale", "factor"):
        return Answer(facts={"subject": call.principal.subject}, to_next=True)
    return _page(call, form_of(call, find_method(call, "")), status=200)


def sign_in(call: Call) -> Answer:
    """Prove what was sent; the adapter signs in, and goes on to where the caller wanted to go."""
    fields = read_fields(call.request)
    method = find_method(call, fields.text(METHOD, required=False, max_length=32))
    # Before the proof: a request that is refused after it would tell a guesser that he is right, and leave no trace.
    if call.caller.explicit:
        raise NotAllowed(detail="a program with a credential of its own asked for a session")
    remembers = call.resources[SignInMethods].is_remembered is not None and fields.boolean(REMEMBER)
    return Answer(signs_in=method.prove(call), remember=remembers)


def sign_in_again(call: Call, error: AuthError) -> Answer:
    """The page after a refusal, with what was typed except the password."""
    form = form_of(call, find_method(call, ""))
    return _page(call, form.again(typed(call.request), error), status=error.status)


def form_of(call: Call, method: SignInMethod) -> Form:
    """The form of a method, with the wish to be remembered where that is possible."""
    fields = method.fields
    if call.resources[SignInMethods].is_remembered is not None:
        fields += (FormField(name=REMEMBER, label="Stay signed in on this device", type="checkbox", required=False),)
    return Form(*fields)


def _page(call: Call, form: Form, *, status: int) -> Answer:
    addresses = call.addresses
    methods = call.resources[SignInMethods]
    ways = [
        {"label": way.label, "url": addresses.path(way.endpoint, **_next(call))}
        for way in methods.ways
        if addresses.has(way.endpoint)
    ]
    facts = {"methods": [{"method": one.kind, "fields": form_of(call, one).as_json()} for one in methods.forms]}
    notice = NOTICES.get(call.request.args.get("why", ""))
    return Answer(
        facts={**facts, "ways": ways},
        status=status,
        page="sign_in/sign_in",
        context={"form": form, "notice": notice, "principal": call.principal},
    )


def find_method(call: Call, kind: str) -> SignInMethod:
    """The method that proves this kind, the first one where none is named. Raises ``MalformedRequest``."""
    methods = call.resources[SignInMethods]
    found = methods.find(kind) if kind else methods.forms[0]
    if found is None:
        known = ", ".join(method.kind for method in methods.forms)
        message = f"The field {METHOD!r} has to be one of: {known}."
        raise MalformedRequest(message, members={"field": METHOD})
    return found


def _next(call: Call) -> dict[str, str]:
    wanted = call.request.args.get(NEXT)
    return {NEXT: wanted} if wanted else {}


ROUTES: Final = (
    Route(
        rule="/sign-in",
        endpoint="sign_in",
        method="GET",
        answer=show,
        requires=None,
        about="The sign-in page; as JSON, the methods and the fields of each.",
    ),
    Route(
        rule="/sign-in",
        endpoint="sign_in",
        method="POST",
        answer=sign_in,
        again=sign_in_again,
        requires=None,
        about="Sign in: `identifier` and `password`, `remember` where it is offered, `next` in the query.",
    ),
)
