"""The pages of passwords: register, confirm an address, forgotten, reset, change; each a page and JSON on one address."""

from typing import Any, Final

from ostiary.features.accounts import AccountActions
from ostiary.features.passwords.actions import PasswordActions
from ostiary.features.passwords.pages import (
    REGISTRATION_COOKIE,
    RESET_COOKIE,
    PasswordPages,
    form_page,
    mail_sent,
    named_field,
    token_form,
)
from ostiary.features.passwords.register import Begun, LinkNotGood, Registration
from ostiary.features.passwords.reset import PasswordReset
from ostiary.features.sessions import SessionActions, session_id
from ostiary.features.sign_in import SignInMethods
from ostiary.kernel.errors import AuthError
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.body import read_fields
from ostiary.web.cookies import CookieToSet
from ostiary.web.form import Form, FormField, typed
from ostiary.web.redirect import NEXT
from ostiary.web.route import Answer, Call, form_routes

# A password is its owner's to change, in her browser: no narrowed credential's, no key's.
_BY_SESSION: Final = Requirement(via=any_of("session"))

_NEW: Final = FormField(name="password", label="New password", type="password", autocomplete="new-password")


# ------------------------------------------------------------------------------------------------------ registration


def show_registration(call: Call) -> Answer:
    """The registration form."""
    return _registration_page(call, call.resources[PasswordPages].registration_form(), 200)


def register(call: Call) -> Answer:
    """Begin a registration: the same answer whether or not the address has an account."""
    pages, fields = call.resources[PasswordPages], read_fields(call.request)
    given = pages.identifiers_of(fields)
    extra = {name: fields.raw(name) for name in pages.field_names}
    password = fields.text("password", required=False)
    wanted = call.request.args.get(NEXT)
    begun = call.resources[Registration].begin(given, password=password, fields=extra, wanted=wanted)
    if not isinstance(begun, Begun):
        return Answer(facts={"account": begun.id}, status=201, goes_to=_to_sign_in(call, "registered", wanted))
    cookie = CookieToSet(stem=REGISTRATION_COOKIE, value=begun.binding, max_age=pages.verification_seconds)
    text = (
        "If this address can have an account here, a mail with a link is on its way to it.",
        "Open the link in this browser to confirm your address. No mail? Look among the unwanted ones.",
    )
    return mail_sent("Look into your mail", text, cookies=(cookie,))


def register_again(call: Call, error: AuthError) -> Answer:
    """The form once more, with everything that is wrong."""
    form = call.resources[PasswordPages].registration_form()
    return _registration_page(call, form.again(typed(call.request), error), error.status)


def _registration_page(call: Call, form: Form, status: int) -> Answer:
    wanted = call.request.args.get(NEXT)
    sign_in = call.addresses.path("sign_in", **({NEXT: wanted} if wanted else {}))
    return Answer(
        facts={"fields": form.as_json()},
        status=status,
        page="passwords/register",
        context={"form": form, "sign_in_url": sign_in},
    )


# ------------------------------------------------------------------------------------------- confirmation of an address


def show_verification(call: Call) -> Answer:
    """The page behind the link of a registration: a button. Mail scanners open links, so looking changes nothing."""
    return _verification_page(call, call.request.args.get("token", ""))


def verify_address(call: Call) -> Answer:
    """Confirm the address: the account comes to be."""
    fields = read_fields(call.request)
    token, password = fields.text("token"), fields.text("password", required=False)
    done = call.resources[Registration].confirm(token, binding=call.cookie(REGISTRATION_COOKIE), password=password)
    return Answer(
        facts={"account": done.account},
        goes_to=_to_sign_in(call, "confirmed", done.wanted),
        cookies=(CookieToSet(stem=REGISTRATION_COOKIE, value=None),),
    )


def _to_sign_in(call: Call, why: str, wanted: str | None) -> str:
    """The sign-in page, which goes on to where she wanted to go; it is the one to judge that address."""
    return call.addresses.path("sign_in", why=why, **({NEXT: wanted} if wanted else {}))


def verify_address_again(call: Call, error: AuthError) -> Answer:
    """The page once more; or that the link is no longer good."""
    fields = typed(call.request)
    token = "" if fields is None or isinstance(error, LinkNotGood) else fields.text("token", required=False)
    return _verification_page(call, token, error)


def _verification_page(call: Call, token: str, error: AuthError | None = None) -> Answer:
    pending = call.resources[Registration].look(token, binding=call.cookie(REGISTRATION_COOKIE))
    form: Form | None = None
    if pending is not None:
        form = token_form(token, name=pending.address, password="Password" if not pending.bound else None)
        form = form if error is None else form.again(None, error).filled(token=token)
    addresses = call.addresses
    facts = {"alive": pending is not None, "needs_password": pending is not None and not pending.bound}
    return Answer(
        facts=facts,
        status=error.status if error is not None else 200 if pending is not None else LinkNotGood.status,
        page="passwords/verify_address",
        context={
            "form": form,
            # Whoever was sent somebody else's link sees whose account she would make.
            "address": None if pending is None else pending.address,
            "sign_in_url": addresses.path("sign_in"),
            "register_url": addresses.path("register") if addresses.has("register") else None,
        },
        carries_token=True,
    )


# ---------------------------------------------------------------------------------------------------- forgotten, reset


def show_forgotten(call: Call) -> Answer:
    """The form of somebody who has forgotten her password."""
    return _forgotten_page(call, call.resources[PasswordPages].forgotten_form(), 200)


def ask_for_reset(call: Call) -> Answer:
    """Send a link, if there is somebody to send it to. The answer is the same in every case."""
    call.resources[PasswordReset].ask(read_fields(call.request).text("identifier", max_length=320))
    text = (
        "If there is such an account, a mail with a link is on its way to its address.",
        "The link works once, and for a short time. No mail? Look among the unwanted ones.",
    )
    return mail_sent("Look into your mail", text)


def ask_for_reset_again(call: Call, error: AuthError) -> Answer:
    """The form once more."""
    form = call.resources[PasswordPages].forgotten_form()
    return _forgotten_page(call, form.again(typed(call.request), error), error.status)


def _forgotten_page(call: Call, form: Form, status: int) -> Answer:
    ways = [{"label": "Back to signing in", "url": call.addresses.path("sign_in")}]
    text = ("Say who you are, and a link to set a new password is sent to your address.",)
    return form_page("Forgotten password", form, button="Send the link", status=status, text=text, ways=ways)


def show_reset(call: Call) -> Answer:
    """The page behind the link of a reset. The token leaves the address at once, for a cookie (ASVS 5.0 V14.2.1)."""
    token = call.request.args.get("token")
    if token:
        cookie = CookieToSet(stem=RESET_COOKIE, value=token if call.resources[PasswordReset].look(token) else None)
        facts = {"alive": cookie.value is not None}
        return Answer(facts=facts, goes_to=call.addresses.path("reset_password"), cookies=(cookie,), carries_token=True)
    return _reset_page(call)


def reset_password(call: Call) -> Answer:
    """Set a new password by the link. Signs nobody in: whatever else a sign-in needs is still asked for."""
    fields = read_fields(call.request)
    token = fields.optional_text("token") or call.cookie(RESET_COOKIE) or ""
    known = call.resources[PasswordReset].redeem(token, fields.text("password", required=False))
    return Answer(
        facts={"changed": True},
        goes_to=call.addresses.path("sign_in", why="password_changed"),
        cookies=(CookieToSet(stem=RESET_COOKIE, value=None), *(() if known is None else (known,))),
    )


def reset_password_again(call: Call, error: AuthError) -> Answer:
    """The form once more; or that the link is no longer good."""
    return _reset_page(call, error)


def _reset_page(call: Call, error: AuthError | None = None) -> Answer:
    address = call.resources[PasswordReset].look(call.cookie(RESET_COOKIE) or "")
    if address is None:
        ways = [{"label": "Ask for another link", "url": call.addresses.path("forgot_password")}]
        text = ("It was used already, or it is too old.",)
        facts: dict[str, Any] = {"alive": False}
        return form_page(LinkNotGood.public_message, None, status=LinkNotGood.status, text=text, ways=ways, facts=facts)
    # Whoever was sent somebody else's link sees whose password she is about to set. Not by another name of the account:
    # the link is as good in the hands of somebody it was passed on to, who knows of it only where it was sent.
    form = Form(named_field(address), call.resources[PasswordPages].with_hint(_NEW))
    form = form if error is None else form.again(None, error)
    status = 200 if error is None else error.status
    facts = {"alive": True, "address": address}
    return form_page("Set a new password", form, button="Set the password", status=status, facts=facts)


# -------------------------------------------------------------------------------------------------------------- change


def show_change(call: Call) -> Answer:
    """The form that changes a password."""
    return _change_page(call, _change_form(call), 200)


def change_password(call: Call) -> Answer:
    """Change the caller's password. Every other session ends; this one goes on, under a new id: she has proven herself.

    A browser she is remembered on stays so by a new token: a copy of the old one is worth nothing from here on.
    """
    fields, is_remembered = read_fields(call.request), call.resources[SignInMethods].is_remembered
    subject, session, sessions = call.principal.subject, session_id(call.principal), call.resources[SessionActions]

    def keep(tx: Any, epoch: int) -> None:
        if session is not None:
            sessions.outlive(tx, session, subject=subject, epoch=epoch)

    current, new = fields.text("current", required=False), fields.text("password", required=False)
    # Asked before the change, which ends what she was remembered by.
    remember = is_remembered is not None and is_remembered(call)
    evidence = call.resources[PasswordActions].change(subject, current=current, new=new, during=keep)
    return Answer(signs_in=evidence, goes_on=True, remember=remember, goes_to=call.addresses.path("account"))


def change_password_again(call: Call, error: AuthError) -> Answer:
    """The form once more, with everything that is wrong."""
    return _change_page(call, _change_form(call).again(None, error), error.status)


def _change_form(call: Call) -> Form:
    pages, account = call.resources[PasswordPages], call.resources[AccountActions].find(id=call.principal.subject)
    name = None if account is None else pages.name_to_save(account)
    current = FormField(name="current", label="Present password", type="password", autocomplete="current-password")
    return Form(*(() if name is None else (named_field(name),)), current, pages.with_hint(_NEW))


def _change_page(call: Call, form: Form, status: int) -> Answer:
    ways = [{"label": "Back to your account", "url": call.addresses.path("account")}]
    text = ("Everything else you are signed in with will be signed out.",)
    return form_page("Change the password", form, button="Change it", status=status, text=text, ways=ways)


def password_facts(call: Call) -> dict[str, Any]:
    """The section of the account page."""
    return {"set": call.resources[PasswordActions].has_password(call.principal.subject)}


REGISTRATION_ROUTES: Final = (
    *form_routes(
        "/register",
        "register",
        show=show_registration,
        act=register,
        again=register_again,
        # A family or a small office stays below it; whoever makes accounts by the hundred does not.
        limit="20/1h",
        about="Register: identifiers, password, and the application's own fields. The answer tells nothing; a mail does.",
    ),
    *form_routes(
        "/verify-address",
        "verify_address",
        show=show_verification,
        act=verify_address,
        again=verify_address_again,
        limit="60/1h",
        about="Confirm an address: `token` of the mailed link, and `password` in another browser than the first.",
    ),
)
RESET_ROUTES: Final = (
    *form_routes(
        "/forgot-password",
        "forgot_password",
        show=show_forgotten,
        act=ask_for_reset,
        again=ask_for_reset_again,
        limit="20/1h",
        about="Ask for a link that sets a new password: `identifier`. The answer tells nothing; a mail does.",
    ),
    *form_routes(
        "/reset-password",
        "reset_password",
        show=show_reset,
        act=reset_password,
        again=reset_password_again,
        limit="60/1h",
        about="Set a new password by a mailed link: `password`, and `token` where no cookie holds it.",
    ),
)
CHANGE_ROUTES: Final = form_routes(
    "/change-password",
    "change_password",
    show=show_change,
    act=change_password,
    again=change_password_again,
    requires=_BY_SESSION,
    about="Change the caller's password: `current` and `password`. Every other session ends.",
)
