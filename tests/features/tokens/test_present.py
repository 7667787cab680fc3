"""Presenting an access token: what the guard believes, and every other thing of ours that somebody presents in its place."""

import json

import pytest
from flask import Flask
from tests.features.tokens.conftest import Mint
from tests.shop import KEY, NOON, PASSWORD, FrozenClock, hashed

from ostiary import Passwords, RememberMe, Sessions, Tokens
from ostiary.features.tokens.present import BearerReader
from ostiary.flask import Auth
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.events import CredentialRejected
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.subjects import raise_epoch
from ostiary.web.credential_reader import Presented, Rejected

SAME = {"Sec-Fetch-Site": "same-origin"}
CHEAP = {"memory_kib": 19_456, "passes": 2, "lanes": 1, "hash_slots": 4}


class Known:
    """What was revoked, by hand."""

    def __init__(self, reason=None, rights=0):
        self.reason, self.rights, self.asked = reason, rights, 0

    def known(self, now):
        return self

    def reason_against(self, **_):
        self.asked += 1
        return self.reason

    def rights_of(self, subject):
        return self.rights


def reader(mint, known=None, foreign=None):
    return BearerReader(mint.tokens, revocations=known, foreign=foreign)


# The header


@pytest.mark.attack("C20")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("space", [" ", "  "])
def test_the_scheme_is_read_in_any_case(mint, scheme, space):
    reading = reader(mint).read({"HTTP_AUTHORIZATION": f"{scheme}{space}{mint.issue()}"}, NOON)
    assert isinstance(reading, Presented)
    assert reading.principal.subject == "ada"


@pytest.mark.attack("C20")
@pytest.mark.parametrize(
    "write",
    [
        "Bearer\t{}",
        "Bearer {}\r\n",
        "Bearer {}\t",
        "Bearer {} {}",
        "Bearer {},Bearer {}",
        "Bearer {}, {}",
        "Bearer \u00a0{}",
    ],
)
def test_what_follows_the_scheme_is_one_word(mint, write):
    reading = reader(mint).read({"HTTP_AUTHORIZATION": write.replace("{}", mint.issue())}, NOON)
    assert not isinstance(reading, Presented)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic YTpi", "Bearerx.y.z", "Digest a.b.c", "Bearer ost_live_A.b"]
)
def test_what_is_no_access_token_is_left_to_others(mint, header):
    environ = {} if header is None else {"HTTP_AUTHORIZATION": header}
    assert reader(mint).read(environ, NOON) is None


@pytest.mark.attack("C18")
@pytest.mark.must("9700-4.3.2")
def test_a_token_in_an_address_or_a_body_is_not_looked_for(mint):
    token = mint.issue()
    assert reader(mint).read({"QUERY_STRING": f"access_token={token}", "wsgi.input": None}, NOON) is None


# Revocation


def test_revocation_is_asked_every_time_also_for_a_token_that_was_seen_before(mint):
    known, token = Known(), mint.issue()
    reading = reader(mint, known)
    for _ in range(3):
        assert isinstance(reading.present(token, NOON), Presented)
    assert known.asked == 3
    known.reason = "family"
    refused = reading.present(token, NOON)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.subject, refused.code) == ("revoked_family", "ada", "invalid_token")


def test_the_newest_rights_count_and_not_those_of_the_token(mint):
    token = mint.issue(rights=2)
    assert reader(mint, Known(rights=5)).present(token, NOON).principal.rights_version == 5
    assert reader(mint, Known(rights=1)).present(token, NOON).principal.rights_version == 2


def test_each_request_has_its_own_copy_of_what_can_be_changed(mint):
    reading, token = reader(mint), mint.issue(claims={"groups": ["staff"], "plan": "gold"})
    reading.present(token, NOON).principal.claims["groups"].append("admin")
    assert reading.present(token, NOON).principal.claims["groups"] == ["staff"]
    assert json.dumps(dict(reading.present(token, NOON).principal.claims))


def test_that_a_token_has_expired_is_said_and_nothing_else_is(mint):
    reading = reader(mint)
    expired = reading.present(mint.issue(), NOON + 15 * MINUTE)
    assert (expired.reason, expired.code) == ("expired", "token_expired")
    assert expired.challenge == 'Bearer error="invalid_token", error_description="The access token has expired"'
    for token in ("a.b.c", Mint().issue(), mint.written(type="JWT"), mint.written(aud="x"), "\ud800.\ud800.\ud800"):
        refused = reading.present(token, NOON)
        assert refused.code == "invalid_token"
        assert refused.challenge == 'Bearer error="invalid_token", error_description="The access token is not valid"'


# In an application


class House:
    """An application with every credential there is."""

    def __init__(self, url):
        self.database = Database.from_url(url, migrates_itself=True)
        self.app = Flask("house")
        self.app.config.update(OSTIARY_SECRET_KEY=KEY)
        passwords = Passwords(lookup={"ada": hashed()}.get, **CHEAP)
        self.auth = Auth(self.app, [passwords, Sessions(), RememberMe(), Tokens()], database=self.database)
        self.clock = self.app.extensions["ostiary"].clock = FrozenClock()
        self.events = []
        self.auth.on(CredentialRejected)(self.events.append)
        self._add_views()

    def _add_views(self):
        app, auth = self.app, self.auth

        @app.post("/login")
        def login():
            return auth.sign_in(auth.passwords.verify(*auth.credentials()), remember=True).response()

        @app.post("/issue/<who>")
        def issue(who):
            return auth.tokens.issue(who).response()

        @app.get("/who")
        @auth.require
        def who():
            return {"subject": auth.principal.subject}

        @app.get("/open")
        @auth.optional
        def open_():
            return {"subject": auth.principal.subject}

        @app.get("/csrf")
        def csrf():
            return {"token": auth.csrf_token()}

    def ask(self, path="/who", token=None, client=None, **kwargs):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return (client or self.app.test_client()).get(path, headers=headers, **kwargs)

    def issue(self, who="ada"):
        return self.app.test_client().post(f"/issue/{who}", headers=SAME).json

    def browser(self):
        client = self.app.test_client()
        answer = client.post("/login", json={"identifier": "ada", "password": PASSWORD}, headers=SAME)
        assert answer.status_code < 400
        return client

    def close(self):
        resources = self.app.extensions["ostiary"].runtime.resources
        resources[GuardReads].close()
        resources[EphemeralStore].close()
        self.database.close()


@pytest.fixture
def house(database_url):
    made = House(database_url)
    yield made
    made.close()


def test_a_token_is_let_in_where_it_is_good(house):
    assert house.ask(token=house.issue()["access_token"]).json == {"subject": "ada"}


@pytest.mark.asvs("V9.2.2")
@pytest.mark.must("8725-3.12")
@pytest.mark.attack("B23")
def test_nothing_else_of_ours_is_an_access_token(house):
    """Every other credential there is, presented as a bearer token: 401, also where nobody need be signed in."""
    browser = house.browser()
    issued = house.issue()
    cookies = {cookie.key: cookie.value for cookie in browser._cookies.values()}
    stolen = {
        "session cookie": cookies["ostiary_session"],
        "remember cookie": cookies["ostiary_remember"],
        "known device cookie": cookies.get("ostiary_device", "a.b"),
        "CSRF token": browser.get("/csrf").json["token"],
        "refresh token": issued["refresh_token"],
        "the secret key": KEY,
        "a password": PASSWORD.replace(" ", ""),
    }
    for name, value in stolen.items():
        for path in ("/who", "/open"):
            answer = house.ask(path, value)
            assert answer.status_code == 401, name
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
            assert value not in answer.get_data(as_text=True), name
    assert house.ask("/open", None).json == {"subject": ""}
    assert not any(value in repr(event) for event in house.events for value in stolen.values())


@pytest.mark.asvs("V9.2.2")
def test_an_access_token_is_nothing_else_of_ours(house):
    token = house.issue()["access_token"]
    client = house.app.test_client()
    for name in ("ostiary_session", "ostiary_remember", "ostiary_device"):
        client.set_cookie(name, token)
    assert client.get("/open").json == {"subject": ""}
    assert client.post("/auth/token/refresh", json={"refresh_token": token}).status_code == 400


@pytest.mark.attack("C23")
def test_a_token_of_before_the_epoch_was_raised_is_refused_at_the_next_request(house):
    token = house.issue()["access_token"]
    assert house.ask(token=token).status_code == 200
    with house.database.write() as tx:
        raise_epoch(tx, "ada", now=house.clock.now())
    house.clock.pass_(1_000)
    assert house.ask(token=token).status_code == 401
    assert house.ask(token=house.issue()["access_token"]).status_code == 200


@pytest.mark.attack("C19")
def test_a_token_beside_somebody_else_s_session_is_the_one_that_counts_and_they_are_never_merged(house):
    browser = house.browser()
    assert house.ask(client=browser).json == {"subject": "ada"}
    assert house.ask(client=browser, token=house.issue("bob")["access_token"]).json == {"subject": "bob"}
    assert house.ask(client=browser, token="a.b.c").status_code == 401


@pytest.mark.attack("C18")
@pytest.mark.must("9700-4.3.2")
def test_a_token_in_the_query_string_lets_nobody_in(house):
    token = house.issue()["access_token"]
    assert house.ask(f"/who?access_token={token}").status_code == 401
    assert house.ask(f"/open?access_token={token}").json == {"subject": ""}


def test_an_expired_token_answers_by_the_letter_of_rfc_6750(house):
    token = house.issue()["access_token"]
    house.clock.pass_(15 * MINUTE)
    answer = house.ask(token=token)
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert 'Bearer realm="api"' in house.ask().headers["WWW-Authenticate"]


@pytest.mark.asvs("V9.1.1")
@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c.d.e", "é.é.é", "x" * 9_000, "eyJ.eyJ.eyJ"])
def test_garbage_is_401_everywhere_and_never_500(house, token):
    for path in ("/who", "/open"):
        assert house.ask(path, token).status_code == 401
