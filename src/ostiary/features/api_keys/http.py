"""The addresses of API keys: a person's list, a new key, its successor, its end. A key reaches none of them."""

from typing import Any, Final

from ostiary.features.api_keys.actions import ApiKeyActions
from ostiary.features.api_keys.api_key import NewApiKey
from ostiary.kernel.clock import MINUTE, Clock
from ostiary.kernel.duration import milliseconds, spell_duration
from ostiary.kernel.errors import AuthError
from ostiary.kernel.requirement import Requirement, any_of, check_requirement
from ostiary.web.addresses import Addresses
from ostiary.web.body import FORM_TYPES, Fields, read_fields
from ostiary.web.form import Form, FormField
from ostiary.web.redirect import NEXT
from ostiary.web.route import Answer, Call, Route

# Keys are a person's to look after: no key, no token, no narrowed credential.
_BY_SESSION: Final = Requirement(via=any_of("session"))
# Whoever sits down at a browser that was left open must not leave with a credential that lives for a year.
_FRESH: Final = Requirement(via=any_of("session"), fresh=15 * MINUTE)
# A person makes a few; what makes them by the hundred is a script.
_LIMIT: Final = "30/1h"


def list_keys(call: Call) -> Answer:
    """The caller's keys, and the form for another."""
    return _page(call, _form(call), 200)


def create_key(call: Call) -> Answer:
    """Make a key for the caller, and nobody else. Of what was sent only name, scope and life are read."""
    fields = read_fields(call.request)
    expires = fields.optional_text("expires", max_length=32)
    scope = _scope(call, fields)
    new = call.resources[ApiKeyActions].create(
        call.principal.subject, name=fields.text("name", required=False), scope=scope, expires=expires
    )
    return _shown_once(new)


def create_key_again(call: Call, error: AuthError) -> Answer:
    """The list once more, with the form and what was wrong."""
    try:
        typed: Fields | None = read_fields(call.request)
    except AuthError:
        typed = None
    return _page(call, _form(call).again(typed, error), error.status)


def rotate_key(call: Call) -> Answer:
    """Give one of the caller's keys its successor. Somebody else's answers as one that does not exist."""
    overlap = read_fields(call.request).optional_text("overlap", max_length=32) or "7d"
    actions = call.resources[ApiKeyActions]
    return _shown_once(actions.rotate(call.variables["id"], owner=call.principal.subject, overlap=overlap))


def revoke_key(call: Call) -> Answer:
    """End one of the caller's keys. Somebody else's answers as one that does not exist."""
    call.resources[ApiKeyActions].revoke(call.variables["id"], owner=call.principal.subject)
    return Answer(status=204, goes_to=_addresses(call).path("api_keys"))


def key_facts(call: Call) -> dict[str, Any]:
    """The caller's keys, for a section of the account page and for JSON."""
    return {"keys": [key.as_json() for key in call.resources[ApiKeyActions].list(call.principal.subject)]}


def _addresses(call: Call) -> Addresses:
    return call.resources[Addresses]  # type: ignore[type-abstract] # found by the protocol it fulfils


def _scope(call: Call, fields: Fields) -> tuple[str, ...] | None:
    if "scope" not in fields:
        return None
    if call.request.mimetype in FORM_TYPES:
        # A person leaves it blank. A program that sends an empty list meant to narrow the key, and is told.
        return tuple(fields.text("scope", required=False).replace(",", " ").split()) or None
    return fields.texts("scope", max_count=64, max_length=128)


def _shown_once(new: NewApiKey) -> Answer:
    key = new.key.as_json()
    return Answer(facts={"key": key, "secret": new.secret}, status=201, page="api_keys/new_key")


def _form(call: Call) -> Form:
    settings = call.resources[ApiKeyActions].settings
    longest = spell_duration(milliseconds(settings.longest))
    return Form(
        FormField(name="name", label="Name", hint="What the key is for. Only you see it."),
        FormField(
            name="scope",
            label="Permissions",
            required=False,
            hint="Such as order:read. Without any, the key may do whatever you may.",
        ),
        FormField(
            name="expires",
            label="Lives for",
            required=False,
            hint=f"Such as 90d or 12w, at most {longest}. Otherwise {spell_duration(milliseconds(settings.expires))}.",
        ),
    )


def _page(call: Call, form: Form, status: int) -> Answer:
    addresses, now = _addresses(call), call.resources[Clock].now()  # type: ignore[type-abstract]
    may_create = check_requirement(_FRESH, call.principal, now=now).allowed
    confirm = None
    if not may_create and addresses.has("sign_in"):
        confirm = addresses.path("sign_in", why="stale", **{NEXT: addresses.path("api_keys")})
    return Answer(
        facts={**key_facts(call), "fields": form.as_json()},
        status=status,
        page="api_keys/api_keys",
        context={"form": form, "may_create": may_create, "confirm_url": confirm},
    )


ROUTES: Final = (
    Route(
        rule="/api-keys",
        endpoint="api_keys",
        method="GET",
        answer=list_keys,
        requires=_BY_SESSION,
        about="The caller's API keys, and the form for another.",
    ),
    Route(
        rule="/api-keys",
        endpoint="api_keys",
        method="POST",
        answer=create_key,
        again=create_key_again,
        requires=_FRESH,
        limit=_LIMIT,
        about="Make an API key: `name`, `scope` (a list of permissions) and `expires`. The answer shows it this once.",
    ),
    Route(
        rule="/api-keys/<id>/rotate",
        endpoint="rotate_api_key",
        method="POST",
        answer=rotate_key,
        requires=_FRESH,
        limit=_LIMIT,
        about="Replace an API key by a new one; both are good for `overlap`, seven days unless it says otherwise.",
    ),
    Route(
        rule="/api-keys/<id>",
        endpoint="revoke_api_key",
        method="DELETE",
        answer=revoke_key,
        requires=_BY_SESSION,
        about="End one of the caller's API keys at once.",
    ),
    Route(
        rule="/api-keys/<id>",
        endpoint="revoke_api_key",
        method="POST",
        answer=revoke_key,
        requires=_BY_SESSION,
        about="The same, for forms.",
    ),
)
