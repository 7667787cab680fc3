"""What a type checker sees of ``Auth``: guards that keep a view's signature, and the application's own user.

Nothing here is run; see ``features.py`` for how to read the comments.
"""

from dataclasses import dataclass
from typing import assert_type

from flask import Flask

from ostiary import Evidence, Group, Principal, Sessions, TooManyAttempts, any_of
from ostiary.features.accounts import Account
from ostiary.flask import Auth
from ostiary.kernel.decision import Decision
from ostiary.kernel.events import Event, SignInSucceeded
from ostiary.kernel.outcome import SignedIn


@dataclass
class Person:
    """An application's own user."""

    name: str


def find_person(subject: str) -> Person | None:
    """The user of a subject."""
    return Person(subject) if subject else None


app = Flask(__name__)
auth = Auth(app, [Sessions()], user_loader=find_person)
untyped = Auth()


@auth.require
def bare(number: int, *, wide: bool = False) -> str:
    """Guarded without demands."""
    return f"{number}{wide}"


@auth.require("order:read", role=any_of("teller", "admin"), factors=2, fresh="5m", via="session")
def demanding(number: int) -> dict[str, int]:
    """Guarded with demands."""
    return {"number": number}


@auth.require()
async def later(number: int) -> list[int]:
    """Guarded, and async."""
    return [number]


@auth.optional
def perhaps(number: int) -> int:
    """Open, with a principal if there is one."""
    return number


@auth.public
def everybody() -> str:
    """Open."""
    return ""


def a_guard_keeps_the_signature_of_its_view() -> None:
    assert_type(bare(1, wide=True), str)
    assert_type(demanding(1), dict[str, int])
    assert_type(perhaps(1), int)
    assert_type(everybody(), str)
    bare("1")  # type: ignore[arg-type]
    bare(1, tall=True)  # type: ignore[call-arg]
    demanding()  # type: ignore[call-arg]
    perhaps(None)  # type: ignore[arg-type]


async def a_guard_keeps_an_async_view_async() -> None:
    assert_type(await later(1), list[int])
    await later("1")  # type: ignore[arg-type]


def demands_of_another_type_are_errors() -> None:
    auth.require(42)  # type: ignore[call-overload]
    auth.require(role=["teller"])  # type: ignore[call-overload]
    auth.require(factors="2")  # type: ignore[call-overload]
    auth.require(fresh=object())  # type: ignore[call-overload]
    auth.require(rôle="teller")  # type: ignore[call-overload]
    auth.require("order:read", "order:write")  # type: ignore[call-overload]


def guards_can_be_kept_and_joined() -> None:
    sensitive = auth.require(factors=2) & auth.require(fresh="5m")

    @sensitive
    def view(number: int) -> str:
        return str(number)

    assert_type(view(1), str)
    auth.protect("admin", sensitive)


def the_user_has_the_type_of_the_loader() -> None:
    assert_type(auth.user, Person)
    assert_type(auth.user.name, str)
    assert_type(auth.find_user(), Person | None)
    auth.user.nmae  # type: ignore[attr-defined] # noqa: B018 - asking for it is the error
    auth.find_user().name  # type: ignore[union-attr] # noqa: B018


async def the_user_of_an_async_view_has_it_too() -> None:
    assert_type(await auth.get_user(), Person)


def without_a_loader_the_user_is_the_account() -> None:
    assert_type(untyped.user, Account)
    assert_type(untyped.user.email, str | None)
    untyped.user.whatever  # type: ignore[attr-defined] # noqa: B018


def the_user_can_be_named_before_the_loader_is_given() -> None:
    named: Auth[Person] = Auth()
    assert_type(named.user, Person)
    Auth[Person](user_loader=lambda subject: subject)  # type: ignore[arg-type, return-value]


def the_principal_is_never_none() -> None:
    assert_type(auth.principal, Principal)
    assert_type(auth.principal.subject, str)
    assert_type(auth.principal.scope, frozenset[str] | None)
    auth.principal.subject = "eve"  # type: ignore[misc]
    assert_type(auth.decide("order:read"), Decision)
    assert_type(auth.can("order:read"), bool)


def evidence_and_names_sign_in_and_nothing_else_does(evidence: Evidence, outcome: SignedIn) -> None:
    auth.sign_in("ada")
    auth.sign_in(evidence)
    auth.sign_in(42)  # type: ignore[arg-type]
    auth.sign_in(outcome)  # type: ignore[arg-type]
    auth.sign_out("everywhere")
    auth.sign_out("nowhere")  # type: ignore[arg-type]


@auth.on(SignInSucceeded)
def heard(event: SignInSucceeded) -> None:
    """A listener keeps its own signature too."""
    assert_type(event.methods, tuple[str, ...])


def a_listener_is_still_the_function_it_was(event: Event) -> None:
    heard(event)  # type: ignore[arg-type]
    auth.on(int)  # type: ignore[type-var]


def errors_carry_what_they_say(error: TooManyAttempts) -> None:
    assert_type(error.retry_after, int)
    assert_type(error.status, int)


def roles_are_given_to_accounts_subjects_and_groups(account: Account) -> None:
    assert_type(auth.roles.assign(account, "editor", on=("org", "acme"), until="90d"), bool)
    assert_type(auth.roles.revoke("ada", "editor"), bool)
    auth.roles.assign(Group("sales"), "editor", by="sign-up")
    assert_type(auth.roles.of(account, ("org", "acme")), frozenset[str])
    assert_type(auth.roles.members("editor"), list[str])
    assert_type(auth.roles.groups.members(Group(("org", "acme"))), list[str])
    assert_type(auth.roles.organisations(account), tuple[tuple[str, str], ...])
    auth.roles.assign(5, "editor")  # type: ignore[arg-type]
    auth.roles.assign("ada", "editor", on="acme")  # type: ignore[arg-type]
    auth.roles.groups.add("sales", "ada")  # type: ignore[arg-type]
