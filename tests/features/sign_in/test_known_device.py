"""Known devices: a cookie that gives its owner guesses of her own, and nobody else anything."""

import pytest
from tests.shop import KEY, PASSWORD, FrozenClock, Shop, hashed, open_shop

from ostiary.features.sign_in.known_device import KnownDevices
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret

OTHER = "another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"


@pytest.fixture
def devices():
    return KnownDevices(KeyRing([Secret(KEY)]))


def test_a_browser_is_recognised_by_a_name_of_its_own(devices: KnownDevices) -> None:
    one, two = devices.issue("ada"), devices.issue("ada")
    assert devices.recognise(one, "ada") == one.partition(".")[0]
    assert devices.recognise(two, "ada") != devices.recognise(one, "ada")


@pytest.mark.parametrize("identifier", ["bob", "", "ada ", "Ada", "ada|", "|ada", "ada\udcff", "ada+x@shop.example"])
def test_it_is_recognised_for_that_identifier_alone(devices: KnownDevices, identifier: str) -> None:
    assert devices.recognise(devices.issue("ada"), identifier) is None


def test_a_forged_cookie_is_recognised_for_nobody(devices: KnownDevices) -> None:
    device, _, mac = devices.issue("ada").partition(".")
    for forged in (
        None, "", ".", device, f"{device}.", f".{mac}", f"{device}.{mac}x", f"{device}.{mac[:-1]}", f"{device}.{'A' * 43}",
        f"{'A' * 22}.{mac}", f"{device}.{mac}.{mac}", f"{device}.{mac}\n", f"{device}\u0661.{mac}", "x" * 100_000,
    ):  # fmt: skip
        assert devices.recognise(forged, "ada") is None, forged


def test_another_key_recognises_nothing_and_an_old_one_still_does(devices: KnownDevices) -> None:
    cookie = devices.issue("ada")
    assert KnownDevices(KeyRing([Secret(OTHER)])).recognise(cookie, "ada") is None
    assert KnownDevices(KeyRing([Secret(OTHER), Secret(KEY)])).recognise(cookie, "ada")


@pytest.fixture
def shop(sqlite_url):
    users = {"ada": hashed(), "victim@shop.example": hashed(), "victim+x@shop.example": hashed()}
    with open_shop(sqlite_url, users=users, clock=FrozenClock()) as made:
        yield made


def test_it_signs_nobody_in(shop: Shop) -> None:
    browser, other = shop.browser(), shop.browser()
    browser.sign_in()
    other.set_cookie("ostiary_device", browser.cookie("ostiary_device"))
    assert (other.who, other.sign_in("ada", "wrong").status_code) == ("", 401)


def test_it_outlives_the_session(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    cookie = browser.cookie("ostiary_device")
    browser.post("/leave")
    assert browser.cookie("ostiary_device") == cookie


def test_only_a_guess_that_was_counted_makes_a_browser_known(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in("ada", "wrong")
    assert browser.cookie("ostiary_device") is None
    browser.vouch("ada")
    assert browser.cookie("ostiary_device") is None


@pytest.mark.attack("K7")
def test_while_an_attacker_uses_up_the_guesses_the_owner_signs_in_from_her_own_browser(shop: Shop) -> None:
    hers, new = shop.browser(), shop.browser()
    hers.sign_in()
    hers.post("/leave")
    answers = []
    for number in range(40):
        attacker = shop.browser()
        attacker.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        answers.append(attacker.sign_in("ada", "wrong").status_code)
    assert answers.count(401) == 19, "twenty an hour, of which she used one"
    assert new.sign_in().status_code == 429
    assert (hers.sign_in().status_code, hers.who) == (200, "ada")


@pytest.mark.attack("K7")
def test_while_a_neighbour_uses_up_her_networks_guesses_the_owner_signs_in_from_her_own_browser(shop: Shop) -> None:
    hers = shop.browser()
    hers.sign_in()
    hers.post("/leave")
    answers = [shop.browser().sign_in(f"user{number}", "wrong").status_code for number in range(70)]
    assert answers[-1] == 429
    assert shop.browser().sign_in().status_code == 429
    assert (hers.sign_in().status_code, hers.who) == (200, "ada")


def test_a_known_device_is_one_for_the_accounts_that_signed_in_on_it_and_no_way_to_try_others(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    answers = [browser.sign_in(f"user{number}", "wrong").status_code for number in range(70)]
    assert answers[-1] == 429


@pytest.mark.attack("K2")
def test_an_account_that_only_looks_like_the_victims_gives_no_allowance_against_hers(shop: Shop) -> None:
    attacker = shop.browser()
    for number in range(60):
        attacker.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        attacker.sign_in("victim+x@shop.example", PASSWORD)
        if attacker.sign_in("victim@shop.example", "wrong").status_code == 429:
            break
    guesses = [detail for name, who, detail in shop.audit("victim@shop.example") if name == "sign_in_failed"]
    assert len(guesses) <= 20, "a known device of one's own account must not be one of hers"
