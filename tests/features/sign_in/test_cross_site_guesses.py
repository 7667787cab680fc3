"""Guesses that another site has a browser make: refused before they are counted, also in a view of the application's own.

The victim's browser would make them from her network and with the cookie of her known device, so it would be her own
allowance that a page of anybody's uses up.
"""

import pytest
from flask.testing import FlaskClient
from tests.shop import KEY, PASSWORD, FrozenClock, hashed, open_shop

from ostiary import Passwords, Sessions, SignIn, Tokens
from ostiary.flask import Auth
from ostiary.storage.database import Database

EVIL = "https://evil.test"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "none", "Origin": EVIL},
    {"Sec-Fetch-Site": "surprise"},
]
# What a page may send anywhere without asking first (Fetch §2.2.2: no preflight).
UNASKED = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", None]
FORM = {"identifier": "ada", "password": "wrong"}


def _client(shop):
    """A client that says of itself only what a test has it say."""
    return FlaskClient(shop.app, shop.app.response_class, use_cookies=True)


@pytest.fixture
def asked():
    """The names that were looked up."""
    return []


@pytest.fixture
def shop(database_url, asked):
    users = {"ada": hashed()}
    limits = SignIn(network_limit="3/5m", account_limit="3/1h", nearby_limit="3/15m", device_limit="3/15m")
    with open_shop(
        database_url, users=lambda name: asked.append(name) or users.get(name), clock=FrozenClock(), sign_in=limits
    ) as made:

        @made.app.post("/verify")
        def verify():
            """Reads its fields by itself, and takes whatever was sent."""
            return {"subject": made.auth.passwords.verify("ada", "wrong").subject}

        yield made


@pytest.mark.attack("K7")
@pytest.mark.must("CS-CSRF")
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_anybodys_uses_up_no_guess_of_a_victims(shop, asked, headers) -> None:
    victim = _client(shop)
    answers = [victim.post("/login", data=FORM, headers=headers) for _ in range(4)]
    assert {(one.status_code, one.json["code"]) for one in answers} == {(403, "csrf_refused")}
    assert (asked, shop.audit()) == ([], [])
    assert [event.name() for event in shop.events] == ["csrf_failed"] * 4
    assert (
        victim.post(
            "/login", data={**FORM, "password": PASSWORD}, headers={"Sec-Fetch-Site": "same-origin"}
        ).status_code
        == 200
    )


@pytest.mark.attack("K7")
@pytest.mark.parametrize("kind", UNASKED)
def test_whatever_a_page_can_send_unasked_is_refused(shop, asked, kind) -> None:
    answer = _client(shop).post("/verify", content_type=kind, data=b"x", headers={"Origin": EVIL})
    assert (answer.status_code, asked) == (403, [])


@pytest.mark.attack("K7")
def test_a_known_device_keeps_its_guesses_as_well(shop) -> None:
    hers = shop.browser()
    hers.sign_in()
    hers.post("/leave")
    for _ in range(4):
        assert hers.post("/login", data=FORM, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert hers.sign_in().status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}],
    ids=str,
)
def test_our_own_pages_and_programs_that_say_nothing_guess(shop, asked, headers) -> None:
    answer = _client(shop).post("/verify", data=FORM, headers=headers)
    assert (answer.status_code, set(asked)) == (401, {"ada"})


def test_a_request_that_the_application_let_in_by_cors_guesses(shop, asked) -> None:
    """No page sends JSON to another origin before that has said that it may."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
    answer = _client(shop).post("/verify", json=FORM, headers=headers)
    assert (answer.status_code, set(asked)) == (401, {"ada"})


def test_an_origin_that_is_trusted_guesses(database_url) -> None:
    config = {"OSTIARY_TRUSTED_ORIGINS": ["https://partner.test"]}
    with open_shop(database_url, clock=FrozenClock(), config=config) as shop:
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://partner.test"}
        form = {**FORM, "password": PASSWORD}
        assert _client(shop).post("/login", data=form, headers=headers).status_code == 200


def test_a_request_that_changes_nothing_is_not_asked_where_it_comes_from(shop, asked) -> None:
    """A link from somewhere else to a page behind HTTP Basic."""

    @shop.app.get("/basic")
    def basic():
        return {"subject": shop.auth.passwords.verify(*shop.auth.credentials()).subject}

    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert _client(shop).get("/basic", auth=("ada", PASSWORD), headers=headers).json == {"subject": "ada"}


@pytest.mark.attack("K7")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_of_anybodys_to_a_page_behind_basic_uses_up_no_guess_of_a_known_device(shop, method) -> None:
    """https://ada:wrong@shop.example/basic: a navigation brings her cookies."""

    @shop.app.get("/basic")
    def basic():
        return {"subject": shop.auth.passwords.verify(*shop.auth.credentials()).subject}

    hers = shop.browser()
    hers.sign_in()
    hers.post("/leave")
    for site in ("cross-site", "same-site", "cross-site", "cross-site"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        hers.open("/basic", method=method, auth=("ada", "wrong"), headers=headers)
    assert hers.get("/basic", auth=("ada", PASSWORD), headers={"Sec-Fetch-Site": "none"}).status_code == 200
    assert hers.sign_in().status_code == 200


def test_outside_of_a_request_nobody_is_asked(shop) -> None:
    with shop.app.app_context():
        assert shop.auth.passwords.verify("ada", PASSWORD).subject == "ada"


@pytest.fixture
def program(sqlite_url):
    """An application of programs, whose address for tokens reads no cookie."""
    from flask import Flask

    app = Flask("program")
    app.config.update(OSTIARY_SECRET_KEY=KEY, OSTIARY_PUBLIC_URL="http://localhost", OSTIARY_DEVELOPMENT="1")
    passwords = Passwords(lookup={"ada": hashed()}.get, memory_kib=19_456, passes=2, lanes=1, hash_slots=4)
    database = Database.from_url(sqlite_url, migrates_itself=True)
    Auth(app, [Sessions(), Tokens(), passwords], database=database)
    yield app
    database.close()


@pytest.mark.attack("K7")
def test_at_the_address_of_tokens_a_form_of_anybodys_is_refused_and_json_that_cors_let_in_is_not(program) -> None:
    right = {**FORM, "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
    assert program.test_client().post("/auth/token", data=right, headers=headers).json["code"] == "csrf_refused"
    assert program.test_client().post("/auth/token", json=right, headers=headers).status_code == 200
    assert program.test_client().post("/auth/token", data=right).status_code == 200
