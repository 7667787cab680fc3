"""Presenting a remember cookie: whatever a stranger writes is cleared and nobody's, and never an error."""

import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.remembering import REMEMBER, SESSION, close, copy_of, remembered, series, set_cookies
from tests.shop import KEY, NOON, Shop

from ostiary.kernel.clock import DAY
from ostiary.kernel.events import CredentialRejected
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.rotating_token import RotatingTokens
from ostiary.kernel.secret import Secret

TOKENS = RotatingTokens(KeyRing([Secret(KEY)]), "remember me")
UNKNOWN = new_id(NOON, bytes(10))


def _reasons(shop: Shop) -> list[str]:
    return [event.reason for event in shop.events if isinstance(event, CredentialRejected) and event.kind == "remember"]


def _ask(shop: Shop, cookie: str):
    """A request with a Cookie field exactly as it is written here."""
    return shop.app.test_client(use_cookies=False).get("/who", environ_overrides={"HTTP_COOKIE": cookie})


_LATIN = st.text(st.characters(min_codepoint=0, max_codepoint=255, exclude_characters="\r\n"), max_size=150)
_NEARLY = st.builds(
    "{}.{}.{}".format,
    st.one_of(st.just(UNKNOWN), st.text(string.ascii_uppercase + string.digits, max_size=30)),
    st.one_of(st.integers(), st.text(string.digits, max_size=12)),
    st.text(string.ascii_letters + string.digits + "-_=é", max_size=50),
)


@pytest.mark.attack("H9")
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.one_of(_LATIN, _NEARLY))
@example("")
@example(f"{UNKNOWN}.1.{'é' * 43}")
@example(f"{UNKNOWN}.1.\xff\xfe")
@example("ada|5f4dcc3b5aa765d61d8327deb882cf99")
@example('"quoted"')
@example(f"{UNKNOWN}.1.{'A' * 43}; {REMEMBER}={UNKNOWN}.1.{'A' * 43}")
@example("=" * 5_000)
@example(f"{'9' * 26}.{'9' * 400}.{'A' * 43}")
def test_no_cookie_of_a_stranger_is_an_error_or_lets_anybody_in(fuzzed_shop: Shop, text: str) -> None:
    """A digest with an é raises a 500 in flask-login, whoever sends it (L5)."""
    before = len(_reasons(fuzzed_shop))
    answer = _ask(fuzzed_shop, f"{REMEMBER}={text}")
    assert (answer.status_code, answer.json["subject"]) == (200, "")
    assert SESSION not in set_cookies(answer)
    assert len(_reasons(fuzzed_shop)) == before + 1, "it was looked at"


@pytest.fixture(scope="module")
def fuzzed_shop(tmp_path_factory):
    from tests.remembering import open_remembering_shop
    from tests.shop import FrozenClock

    url = f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'fuzz.sqlite3'}"
    with open_remembering_shop(url, clock=FrozenClock()) as made:
        yield made


@pytest.mark.attack("H9")
@pytest.mark.parametrize(
    ("cookie", "reason"),
    [
        ("garbage", "malformed"),
        ("", "malformed"),
        ("é", "malformed"),
        (f"{UNKNOWN}.1.{'A' * 42}A", "unknown"),
        (f"{UNKNOWN}.1.{'A' * 43}; {REMEMBER}=x", "doubled"),
    ],
)
def test_a_cookie_that_is_none_of_ours_is_cleared_and_told(shop: Shop, cookie, reason) -> None:
    answer = _ask(shop, f"{REMEMBER}={cookie}")
    assert (answer.status_code, answer.json["subject"]) == (200, "")
    assert "Max-Age=0" in set_cookies(answer)[REMEMBER]
    assert _reasons(shop) == [reason]


@pytest.mark.attack("H9")
def test_whoever_learns_an_id_can_neither_come_in_nor_sign_anybody_out(shop: Shop) -> None:
    browser = close(remembered(shop))
    (row,) = series(shop)
    forgeries = [f"{row.id}.{generation}.{'A' * 43}" for generation in (0, 1, 2, 9_999_999_999)]
    forgeries.append(RotatingTokens(KeyRing([Secret("x" * 40)]), "remember me").write(row.id, 1, bytes(row.salt)))
    forgeries.append(RotatingTokens(KeyRing([Secret(KEY)]), "csrf").write(row.id, 1, bytes(row.salt)))
    forgeries.append(TOKENS.write(row.id, 1, bytes(16)))
    forgeries.append(TOKENS.write(row.id, 2, bytes(row.salt)))
    for forged in forgeries:
        thief = shop.browser()
        thief.set_cookie(REMEMBER, forged)
        assert (thief.who, thief.cookie(REMEMBER)) == ("", None)
    assert _reasons(shop) == ["forged"] * len(forgeries)
    assert not [event for event in shop.events if isinstance(event, CredentialRejected) and event.subject]
    assert series(shop) == [row]
    assert browser.who == "ada"


@pytest.mark.attack("W1")
def test_nothing_that_is_stored_can_be_presented(shop: Shop) -> None:
    """The table holds no token, no digest of one, and no secret of the session it is exchanged for."""
    browser = close(remembered(shop))
    assert browser.who == "ada"
    token, session = browser.cookie(REMEMBER), browser.cookie(SESSION)
    stored = b"\x00".join(
        value if isinstance(value, bytes) else str(value).encode()
        for row in (*series(shop), *shop.rows())
        for value in (bytes(one) if isinstance(one, memoryview) else one for one in row)
    )
    assert token.rpartition(".")[2].encode() not in stored
    assert session.partition(".")[2].encode() not in stored
    (row,) = series(shop)
    # Only with the key ring does the row become a token.
    assert TOKENS.write(row.id, row.generation, bytes(row.salt)) == token


def test_every_browser_and_every_use_has_another_token(shop: Shop) -> None:
    """flask-login's is the same for ever, for a user and a key (L3); Devise's was the same on all devices."""
    tokens = []
    for browser in (remembered(shop), remembered(shop)):
        tokens.append(browser.cookie(REMEMBER))
        for _ in range(3):
            assert close(browser).who == "ada"
            tokens.append(browser.cookie(REMEMBER))
    assert len(set(tokens)) == len(tokens) == 8


def test_a_session_user_with_garbage_is_not_given_a_token(shop: Shop) -> None:
    """flask-login makes a good one of the mere presence of a bad one (L15)."""
    browser = shop.browser()
    browser.vouch("ada", "password")
    browser.set_cookie(REMEMBER, "garbage")
    answer = browser.get("/account")
    assert (answer.status_code, set_cookies(answer), series(shop)) == (200, {}, [])
    assert close(browser).who == ""


def test_the_subject_is_read_from_the_row_and_never_from_the_cookie(shop: Shop) -> None:
    """flask-login takes what the cookie says for the user's id (L17)."""
    browser = close(remembered(shop))
    ada = browser.cookie(REMEMBER)
    bob = remembered(shop, "bob").cookie(REMEMBER)
    mixed = shop.browser()
    mixed.set_cookie(REMEMBER, f"{bob.partition('.')[0]}.{ada.partition('.')[2]}")
    assert mixed.who == ""
    assert "ada" not in ada


@pytest.mark.parametrize(("later", "who"), [(30 * DAY - 1, "ada"), (30 * DAY, "")])
def test_the_end_stands_in_the_row_and_not_only_in_the_browser(shop: Shop, clock, later, who) -> None:
    browser = close(remembered(shop))
    copy = copy_of(browser, shop)
    clock.pass_(later)
    assert copy.who == who
    assert _reasons(shop) == ([] if who else ["ended"])


def test_no_log_and_no_event_shows_a_token(shop: Shop, caplog) -> None:
    caplog.set_level(0)
    browser = close(remembered(shop))
    thief = copy_of(browser, shop)
    assert browser.who == "ada"
    shop.clock.pass_(DAY)
    thief.get("/account")
    macs = [browser.cookie(REMEMBER).rpartition(".")[2]]
    text = caplog.text + repr(shop.events) + repr(shop.audit())
    assert not [mac for mac in macs if mac in text]
