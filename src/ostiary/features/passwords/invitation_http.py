"""The page behind the link of an invitation: whoever was invited chooses her password and has an account."""

from typing import Final

from ostiary.features.passwords.invite import Invitations
from ostiary.features.passwords.pages import INVITATION_COOKIE, PasswordPages, form_page
from ostiary.features.passwords.register import LinkNotGood
from ostiary.kernel.errors import AuthError
from ostiary.web.body import read_fields
from ostiary.web.cookies import CookieToSet
from ostiary.web.form import typed
from ostiary.web.route import Answer, Call, form_routes


def show_invitation(call: Call) -> Answer:
    """The form. The token leaves the address at once, for a cookie (ASVS 5.0 V14.2.1)."""
    token = call.request.args.get("token")
    if token:
        alive = call.resources[Invitations].look(token) is not None
        cookie = CookieToSet(stem=INVITATION_COOKIE, value=token if alive else None)
        there = call.addresses.path("accept_invitation")
        return Answer(facts={"alive": alive}, goes_to=there, cookies=(cookie,), carries_token=True)
    return _page(call)


def accept_invitation(call: Call) -> Answer:
    """Make the account. Signs nobody in: whatever a sign-in needs is asked for there."""
    pages, fields = call.resources[PasswordPages], read_fields(call.request)
    token = fields.optional_text("token") or call.cookie(INVITATION_COOKIE) or ""
    account = call.resources[Invitations].accept(
        token,
        {kind: given for kind, given in pages.identifiers_of(fields).items() if kind != "email"},
        password=fields.text("password", required=False),
        fields={name: fields.raw(name) for name in pages.field_names},
    )
    return Answer(
        facts={"account": account.id},
        status=201,
        goes_to=call.addresses.path("sign_in", why="registered"),
        cookies=(CookieToSet(stem=INVITATION_COOKIE, value=None),),
    )


def accept_invitation_again(call: Call, error: AuthError) -> Answer:
    """The form once more, with everything that is wrong; or that the link is no longer good."""
    return _page(call, error)


def _page(call: Call, error: AuthError | None = None) -> Answer:
    address = call.resources[Invitations].look(call.cookie(INVITATION_COOKIE) or "")
    if address is None:
        ways = [{"label": "Sign in", "url": call.addresses.path("sign_in")}]
        text = ("It was used already, was withdrawn, or is too old. Whoever invited you can do so again.",)
        title, gone = LinkNotGood.public_message, LinkNotGood.status
        return form_page(title, None, status=gone, text=text, ways=ways, facts={"alive": False})
    form = call.resources[PasswordPages].invitation_form(address)
    form = form if error is None else form.again(typed(call.request), error)
    status = 200 if error is None else error.status
    text = (f"You are invited as {address}.",)
    facts = {"alive": True, "address": address}
    return form_page("Create your account", form, button="Create it", status=status, text=text, facts=facts)


INVITATION_ROUTES: Final = form_routes(
    "/accept-invitation",
    "accept_invitation",
    show=show_invitation,
    act=accept_invitation,
    again=accept_invitation_again,
    limit="60/1h",
    about="Accept an invitation: `password` and the application's own fields, and `token` where no cookie holds it.",
)
