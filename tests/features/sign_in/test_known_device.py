"""Known devices: a cookie that gives its owner guesses of her own, and nobody else anything."""

from base64 import urlsafe_b64decode

import pytest
from tests.shop import KEY, PASSWORD, FrozenClock, Shop, hashed, open_shop

from ostiary.features.passwords.input_bounds import LONGEST_IDENTIFIER
from ostiary.features.sign_in import Guess, SignInActions
from ostiary.features.sign_in.known_device import KnownDevices
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret

OTHER = "another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"


@pytest.fixture
def devices():
    return KnownDevices(KeyRing([Secret(KEY)]))


def _issue(devices: KnownDevices, identifier: str = "ada") -> str:
    return devices.issue(identifier, subject="1", epoch=3)


def test_a_browser_is_recognised_by_a_name_of_its_own_and_with_whose_it_is(devices: KnownDevices) -> None:
    one = devices.recognise(_issue(devices), "ada")
    two = devices.recognise(_issue(devices), "ada")
    assert one is not None
    assert two is not None
    assert one.id != two.id
    assert (one.subject, one.epoch) == ("1", 3)


@pytest.mark.parametrize("identifier", ["bob", "", "ada ", "Ada", "ada|", "|ada", "ada\udcff", "ada+x@shop.example"])
def test_it_is_recognised_for_that_identifier_alone(devices: KnownDevices, identifier: str) -> None:
    assert devices.recognise(_issue(devices), identifier) is None


def test_a_forged_cookie_is_recognised_for_nobody(devices: KnownDevices) -> None:
    cookie = _issue(devices)
    for forged in (
        None, "", ".", "=", "A" * 22, f"{cookie}x", cookie[:-4], cookie[4:], f"{cookie}\u0661", f"{cookie}\udcff", "x" * 100_000,
        f"{cookie[:60]}{'B' if cookie[60] == 'A' else 'A'}{cookie[61:]}",
    ):  # fmt: skip
        assert devices.recognise(forged, "ada") is None, forged


def test_it_tells_nobody_who_reads_the_browsers_cookies_whose_it_is(devices: KnownDevices) -> None:
    cookie = devices.issue("ada@shop.example", subject="ada@shop.example", epoch=0)
    assert b"ada" not in urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))


def test_it_fits_into_a_cookie_whatever_letters_the_subject_has(devices: KnownDevices) -> None:
    """As many of them as a name may have that is its own subject."""
    subject = "\U00020000" * LONGEST_IDENTIFIER
    cookie = devices.issue(subject, subject=subject, epoch=2**62)
    assert len(f"__Host-ostiary_device{cookie}") < 4_096
    found = devices.recognise(cookie, subject)
    assert found is not None
    assert found.subject == subject


def test_another_key_recognises_nothing_and_an_old_one_still_does(devices: KnownDevices) -> None:
    cookie = _issue(devices)
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


# --- a password that somebody changed -----------------------------------------------------------------------


def _use_up(shop: Shop, identifier: str = "ada") -> None:
    for number in range(25):
        attacker = shop.browser()
        attacker.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        attacker.sign_in(identifier, "wrong")


@pytest.mark.attack("K7")
def test_a_browser_that_was_known_before_everything_of_hers_was_ended_is_a_strangers(shop: Shop) -> None:
    """Her password was changed because somebody had her laptop: it must not be a way around the limits."""
    thief = shop.browser()
    thief.sign_in()
    thief.post("/leave")
    shop.suspend("ada")
    _use_up(shop)
    assert thief.sign_in("ada", "wrong").status_code == 429
    assert thief.sign_in().status_code == 429


@pytest.mark.attack("K7")
def test_a_browser_that_signs_in_again_afterwards_is_known_again(shop: Shop) -> None:
    hers = shop.browser()
    hers.sign_in()
    shop.suspend("ada")
    assert hers.sign_in().status_code == 200
    _use_up(shop)
    assert hers.sign_in().status_code == 200


@pytest.mark.attack("K2")
def test_whoever_had_a_name_before_has_no_guesses_of_her_own_at_who_has_it_now(sqlite_url: str) -> None:
    """Nor a hundred failures in a row that are counted for her browser alone."""
    users = {"ada": ("1", hashed())}
    with open_shop(sqlite_url, users=lambda name: users.get(name), clock=FrozenClock()) as shop:
        eve = shop.browser()
        assert eve.sign_in("ada").status_code == 200
        users["ada"] = ("2", hashed())
        for number in range(20):
            assert eve.sign_in("ada", f"wrong {number}").status_code == 401
        shop.clock.pass_(15 * MINUTE)
        eve.sign_in("ada", "wrong")
        reasons = [detail["reason"] for name, _, detail in shop.audit("2") if name == "sign_in_failed"]
        assert reasons[-1] == "wrong_proof"
        for _ in range(20):
            eve.sign_in("ada", "wrong")
        reasons = [detail["reason"] for name, _, detail in shop.audit("2") if name == "sign_in_failed"]
        assert "too_many_guesses" in reasons, "they are counted as a stranger's"


def test_a_browser_that_is_new_since_then_is_told_of(shop: Shop) -> None:
    browser = shop.browser()
    for expected in (True, False):
        browser.sign_in()
        assert [one.new_device for one in shop.events if one.name() == "sign_in_succeeded"][-1] is expected
    shop.suspend("ada")
    browser.sign_in()
    assert [one.new_device for one in shop.events if one.name() == "sign_in_succeeded"][-1] is True


def test_where_the_name_is_not_hers_here_her_browser_is_known_all_the_same(sqlite_url: str) -> None:
    """A directory has names for her that only it knows: whose browser it is stands in the cookie."""
    with open_shop(sqlite_url, users={}, clock=FrozenClock()) as shop:
        actions = shop.runtime.action("sign_in", SignInActions)
        cookie = actions.known_devices.issue("a.lovelace", subject="1", epoch=0)
        evidence = Evidence("1", Factor("password", at=shop.clock.now()))
        _use_up(shop, "a.lovelace")
        with shop.app.test_request_context(headers={"Cookie": f"ostiary_device={cookie}"}):
            assert actions.attempt(Guess(method="password", identifier="a.lovelace"), lambda: evidence).subject == "1"
