"""The mail about a copied token: to the verified address, once, and only where it can be sent."""

import pytest
from tests.remembering import close, copy_of, open_remembering_shop, remembered
from tests.shop import FrozenClock, Shop

from ostiary import Accounts
from ostiary.delivery.memory import MemoryMailbox
from ostiary.kernel.clock import DAY
from ostiary.kernel.feature import Feature, feature
from ostiary.web.contribution import Contribution


@feature
class Newsletter(Feature):
    """Something else of the application that sends mail."""

    name = "newsletter"

    def mails(self) -> frozenset[str]:
        return frozenset({"remember_me/stolen"})

    def contribute(self, resources: object) -> Contribution:
        return Contribution(actions=self)


def _mailbox(shop: Shop) -> list:
    return list(shop.runtime.resources[MemoryMailbox])


def _steal(shop: Shop, subject: str) -> None:
    owner = close(remembered(shop, subject))
    thief = copy_of(owner, shop)
    assert thief.who == subject
    shop.clock.pass_(DAY)
    assert owner.who == ""
    assert owner.who == thief.who == ""


@pytest.fixture
def config() -> dict[str, str]:
    return {"OSTIARY_MAIL_URL": "memory:", "OSTIARY_PUBLIC_URL": "http://localhost"}


@pytest.mark.attack("H9")
def test_the_owner_is_told_by_mail_once(database_url, clock: FrozenClock, config) -> None:
    features = [Accounts(), Newsletter()]
    with open_remembering_shop(database_url, clock=clock, further=features, config=config) as shop:
        with shop.app.app_context():
            account = shop.auth.accounts.create(email="Ada@shop.example")
        _steal(shop, account.id)
        (message,) = _mailbox(shop)
        assert message.to == "Ada@shop.example"
        assert "signed out" in message.subject
        assert "127.0.0.1" in message.text


@pytest.mark.parametrize("verified", [False, True])
def test_only_a_verified_address_is_written_to(database_url, clock: FrozenClock, config, verified) -> None:
    features = [Accounts(unverified_may_sign_in=True), Newsletter()]
    with open_remembering_shop(database_url, clock=clock, further=features, config=config) as shop:
        with shop.app.app_context():
            account = shop.auth.accounts.create(email="ada@shop.example", verified=verified)
        _steal(shop, account.id)
        assert len(_mailbox(shop)) == int(verified)


def test_without_accounts_nobody_s_address_is_known_and_the_series_ends_all_the_same(
    database_url, clock: FrozenClock, config
) -> None:
    with open_remembering_shop(database_url, clock=clock, further=[Newsletter()], config=config) as shop:
        _steal(shop, "ada")
        assert _mailbox(shop) == []


def test_without_mail_the_series_ends_all_the_same(database_url, clock: FrozenClock) -> None:
    with open_remembering_shop(database_url, clock=clock, further=[Accounts()]) as shop:
        with shop.app.app_context():
            account = shop.auth.accounts.create(email="ada@shop.example")
        _steal(shop, account.id)
        assert "remember_token_reused" in shop.named(account.id)
