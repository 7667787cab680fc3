"""Flask-Security's weak spots, each shown not to be one here: small applications as its users write them."""

import copy
import hashlib
import re
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from flask import Flask, session
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, ask, open_people
from tests.shop import KEY, PASSWORD, FrozenClock, open_shop

import ostiary
from ostiary import (
    Accounts,
    ApiKeys,
    ConfigurationError,
    Feature,
    Field,
    Passwords,
    RememberMe,
    Roles,
    Sessions,
    SignIn,
    Tokens,
)
from ostiary.features.one_time_tokens import OneTimeTokens
from ostiary.features.passwords.old_hashes import FORMATS, OldHashes
from ostiary.flask import Auth
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.secret import Secret

KINDS = [getattr(ostiary, name) for name in ostiary.__all__]
FEATURES = [kind for kind in KINDS if isinstance(kind, type) and issubclass(kind, Feature) and kind is not Feature]
LIFETIMES = [
    (kind, name)
    for kind in [*FEATURES, OneTimeTokens]
    for name, field in kind.__dataclass_fields__.items()
    if "timedelta" in str(field.type)
]


@pytest.fixture
def shop(sqlite_url):
    with open_shop(sqlite_url, clock=FrozenClock()) as made:
        yield made


@pytest.fixture
def people(sqlite_url):
    with open_people(sqlite_url, further=(Tokens(),)) as made:
        yield made


def _basic(name, password):
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_s1_no_variable_of_the_address_makes_a_proof_fresh(shop):
    @shop.app.get("/payout/<fresh>/<within>/<grace>/<proof>/<factors>/<hidden>/<permission>/<resource>/<check>")
    @shop.auth.require(fresh="5m", proof="password")
    def payout(**variables):
        return variables

    browser = shop.browser()
    browser.sign_in()
    path = "/payout/100d/100d/100d/app/0/1/x/x/x"
    assert browser.get(path).json["fresh"] == "100d"
    shop.clock.pass_(6 * MINUTE)
    for query in ("", "?fresh=100d&within=100d&grace=100d"):
        answer = browser.get(path + query)
        assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")


def test_s2_only_what_is_about_somebody_is_kept_from_caches(shop, tmp_path):
    (tmp_path / "style.css").write_text("a {}")
    shop.app.static_folder = str(tmp_path)

    @shop.app.get("/news")
    def news():
        return "news", {"Cache-Control": "public, max-age=3600"}

    browser = shop.browser()
    browser.sign_in()
    assert browser.get("/account").headers["Cache-Control"] == "no-store"
    open_to_all = [browser.get(path) for path in ("/news", "/static/style.css", "/nowhere")]
    assert [answer.status_code for answer in open_to_all] == [200, 200, 404]
    assert open_to_all[0].headers["Cache-Control"] == "public, max-age=3600"
    for answer in open_to_all:
        assert "no-store" not in answer.headers.get("Cache-Control", "")
        assert "Cookie" not in answer.headers.get("Vary", "")
        answer.close()


def test_s7_guesses_by_http_basic_are_counted_with_all_others(shop):
    browser = shop.browser()
    for number in range(10):
        how = {"headers": _basic("ada", "wrong")} if number % 2 else {"data": {"username": "ada", "password": "wrong"}}
        assert browser.post("/login", **how).status_code == 401
    for how in ({"headers": _basic("ada", PASSWORD)}, {"data": {"username": "ada", "password": PASSWORD}}):
        assert browser.post("/login", **how).status_code == 429
    assert browser.who == ""


def test_s11_a_password_sent_by_http_basic_opens_no_guarded_view(shop):
    browser = shop.browser()
    answer = browser.get("/account", headers=_basic("ada", PASSWORD))
    assert answer.status_code == 401
    assert "basic" not in answer.headers["WWW-Authenticate"].lower()
    assert browser.get("/who", headers=_basic("ada", PASSWORD)).json["subject"] == ""


def test_s11_a_sign_in_by_http_basic_is_asked_for_what_every_sign_in_is(sqlite_url, tmp_path):
    with open_shop(sqlite_url, sign_in=SignIn(policy=2, vouches=("totp",))) as strict:
        browser = strict.browser()
        answer = browser.post("/login", headers=_basic("ada", PASSWORD))
        assert (answer.status_code, answer.json["code"]) == (401, "factor_needed")
        assert browser.who == ""
    with open_people(f"sqlite:///{tmp_path / 'people'}") as people:

        @people.app.post("/login")
        def login():
            return people.auth.sign_in(people.auth.passwords.verify(*people.auth.credentials())).response()

        people.accounts.create(email=ADA, password=GOOD, verified=False)
        suspended = people.accounts.create(email="eve@example.com", password=GOOD)
        people.accounts.suspend(suspended, reason="spam")
        for address in (ADA, "eve@example.com"):
            answer = people.browser().post("/login", headers=_basic(address, GOOD))
            assert (answer.status_code, answer.json["code"]) == (401, "invalid_credentials"), address


@pytest.mark.parametrize("shut", ["suspend", "close"])
def test_s13_nothing_is_renewed_for_an_account_that_is_shut_and_nothing_lives_on(people, shut):
    ada = people.accounts.create(email=ADA, password=GOOD)
    client = people.app.test_client(use_cookies=False)
    held = client.post("/auth/token", json={"identifier": ADA, "password": GOOD}).json

    def alive():
        renewed = client.post("/auth/token/refresh", json={"refresh_token": held["refresh_token"]})
        return client.get("/", headers=_bearer(held["access_token"])).status_code, renewed.status_code

    if shut == "suspend":
        people.accounts.suspend(ada, reason="spam")
        assert alive() == (401, 400)
        people.accounts.restore(ada)
    else:
        people.accounts.close(ada)
    assert alive() == (401, 400)


def test_s13_with_a_family_its_access_tokens_end(people):
    people.accounts.create(email=ADA, password=GOOD)
    client = people.app.test_client(use_cookies=False)
    held = client.post("/auth/token", json={"identifier": ADA, "password": GOOD}).json
    assert client.get("/", headers=_bearer(held["access_token"])).status_code == 200
    client.post("/auth/token/revoke", data={"token": held["refresh_token"]})
    assert client.get("/", headers=_bearer(held["access_token"])).status_code == 401


@pytest.mark.parametrize(("kind", "name"), LIFETIMES, ids=lambda part: getattr(part, "__name__", part))
def test_s14_a_lifetime_of_zero_is_neither_for_ever_nor_nothing_and_stops_the_start(kind, name):
    assert len(LIFETIMES) > 15
    for never in (0, "0", "0s", -1, False):
        app = Flask("zero")
        app.config.update(OSTIARY_SECRET_KEY=KEY)
        with pytest.raises(ConfigurationError, match=name):
            Auth(app, [kind(**{name: never})])
    app = Flask("zero")
    app.config.update({"OSTIARY_SECRET_KEY": KEY, f"OSTIARY_{kind.name.upper()}_{name.upper()}": "0"})
    with pytest.raises(ConfigurationError, match=name.upper()):
        Auth(app, [kind()])


@pytest.mark.parametrize(
    ("password", "said"),
    [("short", "Use at least 15 characters."), ("x" * 1_025, "Use at most 1,024 characters.")],
)
def test_s17_a_refusal_says_what_is_wrong_with_this_password(people, password, said):
    browser = people.browser()
    answer = people.register(browser, password=password)
    page = browser.post("/auth/register", data={"email": ADA, "password": password}, headers=PAGE)
    assert (answer.status_code, page.status_code) == (422, 422)
    wrong = next(one["message"] for one in answer.json["errors"] if one["field"] == "password")
    assert wrong == said
    assert wrong in page.text
    assert "%(" not in page.text


def test_s18_no_setting_of_the_application_is_changed(sqlite_url):
    app = Flask("kept")
    app.testing = True
    app.config.update(
        SECRET_KEY="for-flask-itself",
        OSTIARY_SECRET_KEY=KEY,
        OSTIARY_DATABASE_URL=sqlite_url,
        OSTIARY_ROLES_ROLES={"clerk": ["order:read"], "boss": ["clerk", "order:*"]},
        OSTIARY_ACCOUNTS_IDENTIFIERS=["email", "username"],
        OSTIARY_PASSWORDS_LEGACY=["werkzeug", "bcrypt"],
        OSTIARY_PASSWORDS_CONTEXT_WORDS=["harbour"],
    )
    before = copy.deepcopy(dict(app.config))
    auth = Auth(app, [Accounts(), Passwords(), Sessions(), Roles(), Tokens(), ApiKeys(), RememberMe()])
    with app.app_context():
        auth.accounts.create(email=ADA, username="ada", password=GOOD)
    client = app.test_client()
    body = {"identifier": ADA, "password": GOOD}
    assert client.post("/auth/sign-in", json=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert dict(app.config) == before


def test_s19_what_one_application_asks_for_another_does_not(tmp_path):
    company = Accounts(fields=(Field("company", max_length=80),))
    with (
        open_people(f"sqlite:///{tmp_path / 'a'}", accounts=company) as one,
        open_people(f"sqlite:///{tmp_path / 'b'}", passwords={"min_length": 20}) as other,
    ):
        asked = [
            [field["name"] for field in made.browser().get("/auth/register").json["fields"]] for made in (one, other)
        ]
        assert asked == [["identifier", "company", "password"], ["identifier", "password"]]
        assert "company" not in other.browser().get("/auth/register", headers=PAGE).text
        assert one.register(one.browser(), password="seventeen letters", company="Engines").status_code == 202
        assert other.register(other.browser(), password="seventeen letters").status_code == 422


def test_s24_whoever_looks_at_the_link_of_a_mail_changes_nothing_and_learns_no_id(people):
    """As the scanner of a mail server does, before the mail is read."""

    def scan(link):
        for _ in range(3):
            for method in ("HEAD", "GET"):
                for headers in ({}, PAGE):
                    scanner = people.app.test_client()
                    scanner.open(link, method=method, headers=headers, follow_redirects=method == "GET")
        return link

    browser = people.browser()
    people.register(browser)
    scan(people.mailbox.last(ADA).link)
    assert people.accounts.find(email=ADA) is None
    assert people.confirm(browser).status_code == 200
    ada = people.accounts.find(email=ADA)
    ask(people)
    reset_link = scan(people.mailbox.last(ADA).link)
    assert people.sign_in(people.browser()).status_code == 200, "the old password is still hers"
    token = people.token()
    assert people.browser().post("/auth/reset-password", json={"token": token, "password": BETTER}).status_code == 200
    people.passwords.invite("bob@example.com")
    scan(people.mailbox.last("bob@example.com").link)
    assert people.accounts.find(email="bob@example.com") is None
    body = {"token": people.token("bob@example.com"), "password": GOOD}
    assert people.browser().post("/auth/accept-invitation", json=body).status_code == 201
    assert ada.id not in reset_link
    assert urlsplit(reset_link).path == "/auth/reset-password"


@pytest.mark.parametrize("format", ["plaintext", "des_crypt", "hex_md5", "ldap_plaintext", "md5_crypt"])
def test_s26_a_format_that_protects_nothing_is_not_to_be_had(format):
    app = Flask("weak")
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    with pytest.raises(ConfigurationError, match=format):
        Auth(app, [Passwords(legacy=(format,)), Sessions()])


def test_s26_what_such_a_format_has_left_in_a_column_matches_nothing():
    everything = OldHashes(FORMATS, flask_security_salt=Secret("salt"))
    md5, sha1 = hashlib.md5(PASSWORD.encode()).hexdigest(), hashlib.sha1(PASSWORD.encode()).hexdigest()
    salted = hashlib.md5(b"salt" + PASSWORD.encode()).hexdigest()
    for stored in (
        PASSWORD, md5, sha1, md5.upper(), f"{{MD5}}{b64encode(bytes.fromhex(md5)).decode()}", f"{{SHA}}{sha1}",
        f"{{PLAINTEXT}}{PASSWORD}", f"{{CLEARTEXT}}{PASSWORD}", f"plain$$${PASSWORD}", f"plain:{PASSWORD}",
        f"md5$salt${salted}", f"unsalted_md5$${md5}", f"md5$${md5}", f"sha1$${sha1}", f"$plain${PASSWORD}",
    ):  # fmt: skip
        assert not everything.verify(stored, PASSWORD), stored


def test_s29_nothing_of_the_application_is_swapped(sqlite_url):
    app = Flask("own")
    app.testing = True
    app.config.update(SECRET_KEY="for-flask-itself", OSTIARY_SECRET_KEY=KEY, OSTIARY_DATABASE_URL=sqlite_url)

    @app.get("/count")
    def count():
        session["seen"] = session.get("seen", 0) + 1
        return {"b": session["seen"], "a": "ä"}

    swapped = (
        "json",
        "session_interface",
        "url_map",
        "request_class",
        "response_class",
        "test_client_class",
        "wsgi_app",
    )
    before = {name: getattr(app, name) for name in swapped}
    plain = Flask("plain")
    auth = Auth(app, [Accounts(), Passwords(), Sessions(), Roles(), Tokens(), ApiKeys(), RememberMe()])
    answer = app.test_client().get("/count")
    assert {name: getattr(app, name) for name in swapped} == before
    assert type(app.json) is type(plain.json)
    assert answer.headers.getlist("Cache-Control") == []
    assert answer.json == {"b": 1, "a": "ä"}
    assert len(app.template_context_processors[None]) == len(plain.template_context_processors[None])
    assert (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs) == ({}, {}, {})
    handled = [kind for codes in app.error_handler_spec[None].values() for kind in codes]
    assert all(kind.__module__.startswith("ostiary.") for kind in handled), handled
    assert app.jinja_env.globals["auth"] is auth


def test_s34_a_program_is_never_answered_with_a_redirect(tmp_path):
    features = (Tokens(), RememberMe(), ApiKeys(), Roles({"admin": ["role:*", "group:*"]}))
    with open_people(f"sqlite:///{tmp_path / 'p'}", further=features) as people:
        member = people.member()
        programs = {"Accept": "application/json"}
        rules = [rule for rule in people.app.url_map.iter_rules() if rule.endpoint.startswith("ostiary.")]
        assert len(rules) > 20
        for rule in rules:
            path = re.sub(r"<[^>]+>", "0" * 26, rule.rule)
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                for browser in (people.browser(), member):
                    body = {} if method == "GET" else {"json": {"identifier": ADA, "password": GOOD, "token": "x"}}
                    answer = browser.open(path, method=method, headers=programs, **body)
                    assert answer.status_code < 300 or answer.status_code >= 400, (method, path, answer.status_code)
                    said = answer.mimetype if answer.data else "application/json"
                    assert "json" in said or "/static/" in path, (method, path, said)
                    if not member.get("/who").json["subject"]:
                        people.sign_in(member)
