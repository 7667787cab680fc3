"""Settings of accounts: each with its unit, its reason and the source of its default."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from ostiary.features.accounts.account import KINDS
from ostiary.features.accounts.field import Field, field_problems
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting

RegistrationMode: TypeAlias = Literal["open", "invited", "closed"]


@feature
class AccountsSettings(Feature):
    """``OSTIARY_ACCOUNTS_…``"""

    identifiers: tuple[str, ...] = setting(
        default=("email",),
        about="What people sign in with: email, username, phone. Every account has at least one of them.",
    )
    registration: RegistrationMode = setting(
        default="open",
        about="Who may make an account: everybody (open), who has an invitation (invited; "
        "auth.passwords.invite(address)), or only your own code (closed).",
    )
    fields: Sequence[Field] = setting(
        default=(),
        about='What else a registration asks for: [Field("display_name", max_length=80)]. Nothing that is not listed '
        "is read from a request.",
    )
    unverified_may_sign_in: bool = setting(
        default=False,
        about="Whether an account may sign in before its address is verified. No: until then it may belong to "
        "somebody who only claims the address, and whoever can sign in at once knows that it had no account.",
    )

    @property
    def registration_kinds(self) -> tuple[str, ...]:
        """The kinds that a registration takes: no telephone number, which nothing here can prove to be hers.

        Numbers are unique. One that a stranger could claim would be lost to its owner, and that it is taken would tell who
        has an account.
        """
        return tuple(kind for kind in self.identifiers if kind != "phone")

    def setting_problems(self) -> Iterable[Problem]:
        """Kinds that there are not, and fields that cannot be."""
        unknown = [kind for kind in self.identifiers if kind not in KINDS]
        kinds = ", ".join(KINDS)
        if unknown:
            yield Problem(
                code="unknown_identifier",
                what=f"Accounts(identifiers=…) names {', '.join(map(repr, unknown))}, which is no kind of identifier",
                cure=f"the kinds are {kinds}",
            )
        if not self.identifiers:
            yield Problem(
                code="no_identifiers",
                what="Accounts(identifiers=()) lets nobody say who she is",
                cure=f"name at least one of {kinds}",
            )
        if len(set(self.identifiers)) < len(self.identifiers):
            yield Problem(
                code="identifier_twice",
                what=f"Accounts(identifiers={self.identifiers!r}) names a kind twice",
                cure="name each once",
            )
        if self.registration == "open" and self.identifiers and not self.registration_kinds:
            yield Problem(
                code="registration_by_phone",
                what="Accounts(identifiers=('phone',)) is open to everybody, and nothing proves whose number it is",
                cure='add "email" or "username", or set registration="closed" and give the numbers yourself',
            )
        yield from field_problems(self.fields)
