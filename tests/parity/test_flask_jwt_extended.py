"""Flask-JWT-Extended's weak spots, each shown not to be one here: small applications as its users write them."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.shop import KEY, PASSWORD
from tests.token_shop import Program, open_token_shop

import ostiary
from ostiary import Passwords, Tokens
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, MINUTE
from ostiary.kernel.errors import ConfigurationError

SECRET = "vT7qk2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0aWz"


@pytest.fixture
def shop(sqlite_url):
    with open_token_shop(sqlite_url) as made:
        yield made


@pytest.fixture
def shared():
    """An application that signs with a secret, which another service has as well."""
    with open_token_shop(None, tokens=Tokens(stateless=True, secret=SECRET, issuer="us", audience="us")) as made:
        yield made


def _claims(token):
    return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))


def _signed(claims, *, type="at+jwt", secret=SECRET):
    return jwt.encode({"alg": "HS256", "typ": type}, claims, OctKey.import_key(secret))


def _status(shop, token, path="/account"):
    return shop.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def test_j1_no_token_lives_for_ever(shared):
    for lifetime in (0, "0s", False):
        with shared.app.app_context(), pytest.raises(ValueError, match="duration"):
            shared.auth.tokens.issue("ada", access=lifetime)
    claims = _claims(Program(shared, shared.token()).access)
    assert _status(shared, _signed(claims)) == 200
    del claims["exp"]
    assert _status(shared, _signed(claims)) == 401


@pytest.mark.parametrize("type", ["JWT", "invite", None, "id_token"])
def test_j2_a_token_of_another_type_by_the_same_key_is_no_access_token(shared, type):
    claims = _claims(Program(shared, shared.token()).access)
    header = {"alg": "HS256"} if type is None else {"alg": "HS256", "typ": type}
    assert _status(shared, jwt.encode(header, claims, OctKey.import_key(SECRET))) == 401


@pytest.mark.parametrize("claim", ["sub", "exp", "jti", "iss", "aud", "scope", "auth_time", "amr"])
def test_j3_extra_claims_overwrite_no_registered_one(shop, claim):
    with shop.app.app_context(), pytest.raises(ConfigurationError, match="its meaning is taken"):
        shop.auth.tokens.issue("ada", claims={claim: "x"})
    shop.auth.tokens.claims(lambda principal: {claim: "x"})
    with shop.app.app_context(), pytest.raises(ConfigurationError, match="its meaning is taken"):
        shop.auth.tokens.issue("ada")


def test_j4_what_the_claims_function_answers_is_copied(shop):
    kept = {"plan": "free"}

    @shop.auth.tokens.claims
    def claims(principal):
        kept["of"] = principal.subject
        return kept

    ada = shop.program()
    bob = Program(shop, shop.token(identifier="bob", password=PASSWORD))
    assert (ada.get("/who").json["claims"]["of"], bob.get("/who").json["claims"]["of"]) == ("ada", "bob")
    assert set(kept) == {"plan", "of"}


def test_j5_a_coroutine_is_never_taken_for_an_answer(shop):
    async def claims(principal):
        return {"plan": "pro"}

    with pytest.raises(ConfigurationError, match="coroutine"):
        shop.auth.tokens.claims(claims)
    shop.auth.tokens.claims(lambda principal: claims(principal))
    with shop.app.app_context(), pytest.raises(ConfigurationError, match="answered a coroutine"):
        shop.auth.tokens.issue("ada")


def test_j6_a_refresh_token_is_good_once_and_its_copy_ends_the_family(shop):
    program = shop.program()
    copy = program.refresh_token
    program.take(program.refresh())
    shop.clock.pass_(2 * MINUTE)
    assert program.refresh(copy).status_code == 400
    assert (program.who, program.refresh().status_code) == ("401", 400)


def test_j7_a_revocation_lasts_as_long_as_what_it_revokes(sqlite_url):
    with open_token_shop(sqlite_url, tokens=Tokens(access="1d")) as shop:
        program = shop.program()
        program.client.post("/auth/token/revoke", data={"token": program.access})
        program.client.post("/auth/token/revoke", data={"token": program.refresh_token})
        shop.clock.pass_(DAY - 1)
        assert program.who == "401"
        assert program.refresh().status_code == 400


def test_j8_every_401_has_its_challenge_and_a_broken_token_is_one(shop):
    client = shop.app.test_client()
    bare = client.get("/account")
    assert (bare.status_code, bare.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    for token in ("a.b.c", "a.b.c.d.e", "...", "x" * 9_000):
        answer = client.get("/account", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token[:10]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    # RFC 9110 section 15.5.2: also where a password is wrong, and where another proof is wanted.
    wrong = {"identifier": "ada", "password": "wrong"}
    for path in ("/login", "/auth/token", "/auth/sign-in"):
        answer = client.post(path, json=wrong)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"'), path
    page = client.post("/auth/sign-in", data=wrong, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert (page.status_code, page.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_j9_the_scheme_is_read_in_any_case(shop, scheme):
    token = shop.program().access
    answer = shop.app.test_client().get("/account", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200


def test_j10_errors_of_the_applications_own_tokens_stay_its_own(shop):
    from joserfc.errors import ExpiredTokenError

    @shop.app.get("/invitation")
    def invitation():
        raise ExpiredTokenError("exp")

    shop.app.testing = True
    with pytest.raises(ExpiredTokenError):
        shop.app.test_client().get("/invitation")


def test_j11_a_bad_cookie_hides_no_good_header(sqlite_url):
    with open_token_shop(sqlite_url, tokens=Tokens(cookies=True)) as shop:
        browser, program = shop.browser(), shop.program()
        for value in ("x", program.access[:-2]):
            browser.set_cookie("ostiary_access", value)
            answer = browser.get("/account", headers={"Authorization": f"Bearer {program.access}"})
            assert answer.status_code == 200


def test_j12_templates_work_without_a_token(shop):
    @shop.app.get("/page")
    def page():
        return render_template_string("hello {{ auth.principal.subject or 'stranger' }}")

    assert shop.app.test_client().get("/page").text == "hello stranger"
    assert shop.program().get("/page").text == "hello ada"


def test_j13_no_setting_is_changed_at_run_time(shop):
    before = dict(shop.app.config)
    program = shop.program()
    assert program.who == "ada"
    assert dict(shop.app.config) == before


def test_j14_one_key_has_one_algorithm(shop):
    program = shop.program()
    public = shop.app.test_client().get("/.well-known/jwks.json").json["keys"][0]
    claims = _claims(program.access)
    forged = jwt.encode(
        {"alg": "HS256", "typ": "at+jwt", "kid": public["kid"]}, claims, OctKey.import_key(json.dumps(public))
    )
    assert _status(shop, forged) == 401


@pytest.mark.parametrize("secret", ["x", "short", "a" * 40])
def test_j15_a_weak_secret_stops_the_start_and_flasks_own_is_never_taken(secret):
    app = Flask("weak")
    app.config.update(SECRET_KEY="for-flask-itself", OSTIARY_SECRET_KEY=KEY)
    with pytest.raises(ConfigurationError, match="secret"):
        Auth(app, [Passwords(lookup={}.get), Tokens(stateless=True, secret=secret)])


def test_j16_keys_have_names_are_published_and_rotate_while_tokens_live(shop):
    from ostiary.features.tokens.signing_keys import SigningKeys

    program = shop.program()
    (key,) = shop.app.test_client().get("/.well-known/jwks.json").json["keys"]
    assert key["kid"]
    shop.runtime.resources[SigningKeys].rotate(shop.clock.at, at_once=True)
    after = shop.program()
    header = json.loads(urlsafe_b64decode(after.access.split(".")[0] + "=="))
    assert header["kid"] != key["kid"]
    assert (program.who, after.who) == ("ada", "ada")


def test_j17_token_cookies_are_strict_and_end_with_what_they_hold(sqlite_url):
    with open_token_shop(
        sqlite_url, tokens=Tokens(cookies=True, refresh="7d", refresh_idle="7d"), production=True
    ) as shop:
        answer = shop.browser().post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        cookies = [one for one in answer.headers.getlist("Set-Cookie") if "ostiary_device" not in one]
        assert len(cookies) == 2
        for cookie in cookies:
            assert {"Secure", "HttpOnly", "SameSite=Lax", f"Max-Age={7 * 86_400}"} <= set(cookie.split("; "))


def test_j18_a_preflight_passes_and_asks_nothing(shop):
    answer = shop.app.test_client().options("/account")
    assert answer.status_code == 200
    assert "GET" in answer.headers["Allow"]


def test_j19_an_old_cookie_locks_nobody_out_of_a_public_page(sqlite_url):
    with open_token_shop(sqlite_url, tokens=Tokens(cookies=True)) as shop:
        browser = shop.browser()
        browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        shop.clock.pass_(DAY)
        assert browser.get("/who").json["subject"] == ""


def test_j20_a_token_is_verified_once(shop, monkeypatch):
    from ostiary.features.tokens.access_token import AccessTokens

    verified = []
    verify = AccessTokens._verify_anew

    def count(self, text, now):
        verified.append(now)
        return verify(self, text, now)

    monkeypatch.setattr(AccessTokens, "_verify_anew", count)
    program = shop.program()
    for _ in range(5):
        assert program.who == "ada"
    assert len(verified) == 1


def test_j21_trusting_an_issuer_is_one_line_that_checks_tls_and_asks_for_an_audience():
    from ostiary import Issuer

    app = Flask("resource")
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    with pytest.raises(ConfigurationError, match="audience"):
        Auth(app, [Tokens(stateless=True, trust=[Issuer("https://login.example", audience="")])])


def test_j22_every_setting_on_the_page_is_one_that_is_read_with_its_default():
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md").read_text("utf-8")
    settings = {name: field for name, field in Tokens.__dataclass_fields__.items() if field.metadata}
    assert len(settings) > 10
    for name, field in settings.items():
        assert f"OSTIARY_TOKENS_{name.upper()}" in page, name
        assert field.metadata["about"], name


@pytest.mark.parametrize("subject", [5, None, 1.5, b"ada"])
def test_j23_a_subject_is_text_and_the_error_says_what_to_write(shop, subject):
    with shop.app.app_context(), pytest.raises(TypeError, match=r"write auth\.tokens\.issue\(str\(…\)\)"):
        shop.auth.tokens.issue(subject)


def test_j24_issuer_and_audience_are_always_there_and_another_s_token_is_refused(sqlite_url):
    with open_token_shop(sqlite_url, tokens=Tokens(secret=SECRET, issuer="us", audience="us")) as shop:
        claims = _claims(shop.program().access)
        assert (claims["iss"], claims["aud"]) == ("us", "us")
        for wrong in ({"aud": "them"}, {"iss": "them"}, {"aud": ["them", "others"]}):
            assert _status(shop, _signed({**claims, **wrong})) == 401
        with shop.app.app_context():
            elsewhere = shop.auth.tokens.issue("ada", audience="them", scope=["order:read"])
        assert _status(shop, elsewhere.access_token) == 401


def test_j25_a_token_is_looked_for_in_the_header_alone(shop):
    token = shop.program().access
    client = shop.app.test_client()
    for name in ("jwt", "access_token", "token"):
        assert client.get(f"/account?{name}={token}").status_code == 401
        assert client.post("/note", json={name: token}).status_code == 401
        assert client.post("/note", data={name: token}).status_code == 401


def test_one_error_handler_replaces_every_answer(shop):
    @shop.auth.error_handler
    def answer(error):
        return {"msg": error.code}, error.status

    client = shop.app.test_client()
    program = shop.program()
    assert client.get("/account").json == {"msg": "not_authenticated"}
    assert _status(shop, "a.b.c") == 401
    shop.clock.pass_(15 * MINUTE)
    assert program.get("/account").json == {"msg": "token_expired"}
    assert program.refresh("x").json == {"msg": "invalid_grant"}


def test_a_check_of_the_applications_own_is_a_hook_of_the_sign_in_or_a_guard(shop):
    assert shop.program().get("/who").json["subject"] == "ada"
    with shop.app.app_context():
        assert shop.auth.tokens.verify(shop.program().access).subject == "ada"
    assert ostiary.__all__.count("Tokens") == 1
