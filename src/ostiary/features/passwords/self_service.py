"""Self-service: registration, confirmation, reset and change, wired for one application whose passwords are ours."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ostiary.features.accounts import AccountActions, Accounts
from ostiary.features.one_time_tokens import OneTimeTokenActions
from ostiary.features.passwords.http import CHANGE_ROUTES, REGISTRATION_ROUTES, RESET_ROUTES, password_facts
from ostiary.features.passwords.invitation_http import INVITATION_ROUTES
from ostiary.features.passwords.invite import Invitations
from ostiary.features.passwords.mail_limits import MailLimits
from ostiary.features.passwords.pages import PasswordPages, pages_of
from ostiary.features.passwords.register import Registration
from ostiary.features.passwords.reset import PasswordReset
from ostiary.features.passwords.sign_in_form import ANY_NAME
from ostiary.features.sign_in import SignInActions, SignInMethods, Way
from ostiary.kernel.caller import CallerSource
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import SECOND, Clock
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.limit import Limiter
from ostiary.kernel.mail import Mailer
from ostiary.storage.database import Database
from ostiary.web.addresses import Addresses
from ostiary.web.section import Section

if TYPE_CHECKING:
    from ostiary.features.passwords.actions import PasswordActions
    from ostiary.kernel.feature import Feature
    from ostiary.kernel.resources import Resources
    from ostiary.web.form import FormField


def routes_of(on: "Mapping[str, Feature]") -> tuple[object, ...]:
    """The pages that make sense beside the other features that are on."""
    accounts, sessions = on.get("accounts"), "sessions" in on
    if not isinstance(accounts, Accounts):
        return ()
    registration = REGISTRATION_ROUTES if accounts.registration == "open" else ()
    invitation = INVITATION_ROUTES if invites(accounts) else ()
    reset = RESET_ROUTES if "email" in accounts.identifiers else ()
    return (*registration, *invitation, *reset, *(CHANGE_ROUTES if sessions else ()))


def invites(accounts: Accounts) -> bool:
    """Whether people can be invited: by mail, and where registration is not closed to everybody."""
    return "email" in accounts.identifiers and accounts.registration != "closed"


def mails_of(*, changed: str) -> frozenset[str]:
    """The templates of every mail that is sent."""
    names = ("verify_address", "already_registered", "invitation", "reset", "no_account")
    return frozenset({changed, *(f"passwords/{name}" for name in names)})


def add_self_service(resources: "Resources", actions: "PasswordActions", settings: Accounts) -> Section:
    """Make the flows and their forms; the answer is the section of the account page."""
    accounts, tokens = resources[AccountActions], resources[OneTimeTokenActions]
    mailer: Any = resources[Mailer]  # type: ignore[type-abstract] # found by the protocols they fulfil
    client = resources[ClientSource]  # type: ignore[type-abstract]
    shared: dict[str, Any] = {
        "accounts": accounts,
        "tokens": tokens,
        "database": resources[Database],
        "mailer": mailer,
        "addresses": resources[Addresses],  # type: ignore[type-abstract]
        "clock": resources[Clock],  # type: ignore[type-abstract]
    }
    pages = pages_of(
        settings,
        min_length=actions.policy.min_length,
        verification_seconds=tokens.verification_lifetime // SECOND,
    )
    resources.add(pages)
    limits = MailLimits(resources[Limiter], client)  # type: ignore[type-abstract]
    resources.add(Registration(**shared, passwords=actions, mail_limits=limits, settings=settings))
    resources.add(PasswordReset(**shared, passwords=actions, mail_limits=limits, sign_in=resources[SignInActions]))
    if invites(settings):
        caller = resources[CallerSource]  # type: ignore[type-abstract]
        actions.invitations = Invitations(**shared, bus=resources[EventBus], client=client, caller=caller)
        resources.add(actions.invitations)
    methods = resources[SignInMethods]
    methods.ways += [
        Way(endpoint="register", label="Create an account"),
        Way(endpoint="forgot_password", label="Forgotten your password?"),
    ]
    return Section(name="password", template="passwords/password.html", place=20, facts=password_facts)


def identifier_field_of(resources: "Resources") -> "FormField":
    """What the sign-in page asks for beside the password."""
    pages = resources.find(PasswordPages)
    return ANY_NAME if pages is None else pages.identifier_field
