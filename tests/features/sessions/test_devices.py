"""Devices: a person sees her own sessions, those that are alive, and nothing that could sign in."""

from datetime import UTC, datetime

import pytest
from tests.shop import NOON, FrozenClock, Shop, open_shop

from ostiary import Sessions
from ostiary.features.sessions.devices import device_of
from ostiary.features.sessions.store import SessionRow
from ostiary.kernel.clock import DAY, HOUR


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def shop(database_url, clock):
    with open_shop(database_url, clock=clock, sessions=Sessions(idle="1d")) as made:
        yield made


def _row(**changes) -> SessionRow:
    row = {
        "id": "01MCC5RM00EWA9225KV23V9H8W", "subject": "ada", "epoch": 0, "started_at": NOON, "seen_at": NOON + HOUR,
        "idle_for": DAY, "ends_at": NOON + 30 * DAY, "factors": f"password@{NOON}", "device": "Firefox", "network": None,
    }  # fmt: skip
    return SessionRow(**(row | changes))


def test_times_are_aware_and_in_utc() -> None:
    device = device_of(_row(), current=None)
    assert device.started_at == datetime.fromtimestamp(NOON / 1000, UTC)
    assert {moment.utcoffset().total_seconds() for moment in (device.started_at, device.seen_at, device.ends_at)} == {0}


@pytest.mark.parametrize(("ends_in", "shown"), [(30 * DAY, HOUR + DAY), (2 * HOUR, 2 * HOUR)])
def test_a_session_ends_at_whichever_of_its_two_limits_comes_first(ends_in, shown) -> None:
    device = device_of(_row(ends_at=NOON + ends_in), current=None)
    assert device.ends_at == datetime.fromtimestamp((NOON + shown) / 1000, UTC)


def test_one_of_them_is_the_present_one() -> None:
    assert device_of(_row(), current=_row().id).current
    assert not device_of(_row(), current=None).current


@pytest.mark.asvs("V7.5.2")
def test_a_person_sees_every_browser_she_is_signed_in_on_the_newest_first(shop: Shop, clock: FrozenClock) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in(headers={"User-Agent": "Laptop"})
    clock.pass_(HOUR)
    phone.vouch(proof="totp", headers={"User-Agent": "Phone"})
    shop.browser().sign_in("bob")
    shown = laptop.get("/auth/sessions").json["sessions"]
    assert [(one["device"], one["current"], one["methods"]) for one in shown] == [
        ("Phone", False, ["totp"]),
        ("Laptop", True, ["password"]),
    ]
    assert set(shown[0]) == {
        "id",
        "started_at",
        "seen_at",
        "ends_at",
        "methods",
        "device",
        "device_name",
        "network",
        "current",
    }
    secret = laptop.cookie().partition(".")[2]
    assert secret not in laptop.get("/auth/sessions").text


def test_what_would_not_pass_the_guard_is_not_shown(shop: Shop, clock: FrozenClock) -> None:
    for _ in range(2):
        shop.browser().sign_in()
    shop.suspend()
    assert shop.live() == []
    browser = shop.browser()
    browser.sign_in()
    assert len(shop.live()) == 1
    clock.pass_(DAY)
    assert shop.live() == []


def test_a_session_of_a_suspended_person_is_still_a_row_and_nothing_else(shop: Shop) -> None:
    shop.browser().sign_in()
    shop.suspend()
    assert (len(shop.rows("ada")), shop.live()) == (1, [])
