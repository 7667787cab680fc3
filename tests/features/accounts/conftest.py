"""A shop with accounts of its own, of every kind of identifier."""

import pytest
from tests.shop import hashed, open_shop

from ostiary import Accounts, Field
from ostiary.features.accounts import AccountActions

FIELDS = (Field("display_name", max_length=80), Field("age", int, required=False), Field("news", bool, required=False))


class Users:
    """The shop's passwords: one for everybody, kept by the application."""

    accounts: AccountActions | None = None

    def __call__(self, name):
        account = self.accounts.find_by_identifier(name) if self.accounts else None
        return None if account is None else (account.id, hashed())


@pytest.fixture
def settings():
    return Accounts(identifiers=("email", "username", "phone"))


@pytest.fixture
def shop(database_url, clock, settings):
    users = Users()
    with open_shop(database_url, clock=clock, further=[settings], users=users) as made:
        users.accounts = made.runtime.action("accounts", AccountActions)
        yield made


@pytest.fixture
def accounts(shop):
    return shop.runtime.action("accounts", AccountActions)


@pytest.fixture
def ada(accounts):
    return accounts.create(email="ada@shop.example", username="ada")
