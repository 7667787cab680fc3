"""The account page: who somebody is here, and a section of each feature that has something to show her."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from ostiary.features.accounts import Accounts
from ostiary.features.accounts.account import Account
from ostiary.features.accounts.actions import AccountActions
from ostiary.features.accounts.field import Field
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.web.route import Answer, Call, Route
from ostiary.web.section import Sections

# As the device list: a person's own page, and no narrowed credential's.
_BY_SESSION: Final = Requirement(via=any_of("session"))

LABELS: Final = MappingProxyType({"email": "Email address", "username": "User name", "phone": "Telephone number"})
"""What people call each kind of identifier."""


def show_account(call: Call) -> Answer:
    """The caller's account with every section."""
    account = call.resources[AccountActions].get(call.principal.subject)
    sections = call.resources[Sections].in_order()
    facts: dict[str, Any] = {"account": account_facts(account, call.resources[Accounts].fields)}
    facts.update({section.name: section.facts(call) for section in sections})
    return Answer(
        facts=facts, page="accounts/account", context={"sections": [section.template for section in sections]}
    )


def account_facts(account: Account, declared: Iterable[Field]) -> dict[str, Any]:
    """An account as its owner sees it, with the fields that were declared; ready for JSON, instants in RFC 3339."""
    return {
        "id": account.id,
        "state": account.state.value,
        "created_at": datetime.fromtimestamp(account.created_at / 1000, UTC).isoformat(timespec="seconds"),
        "identifiers": [
            {
                "kind": one.kind,
                "label": LABELS[one.kind],
                "shown": one.shown,
                "verified": one.verified_at is not None or one.kind == "username",
            }
            for one in account.identifiers
        ],
        "fields": [
            {"name": one.name, "label": one.shown, "value": account.attributes[one.name]}
            for one in declared
            if account.attributes.get(one.name) is not None
        ],
    }


ROUTES: Final = (
    Route(
        rule="/account",
        endpoint="account",
        method="GET",
        answer=show_account,
        requires=_BY_SESSION,
        about="The caller's account: identifiers, devices, what happened lately.",
    ),
)
