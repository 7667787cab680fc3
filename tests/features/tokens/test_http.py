"""The addresses of tokens for programs: factor by factor, refresh, narrow, revoke; and never a cookie."""

import logging

import pytest
from sqlalchemy import select
from tests.shop import PASSWORD
from tests.token_shop import Program, TokenShop, open_token_shop

from ostiary import ApiKeys, RateLimits, Sessions, SignIn, Tokens
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.factor import Evidence, Factor
from ostiary.storage.revocations import revocations


class TotpForm:
    """A second method: six digits, which the test knows."""

    kind = "totp"
    fields = ()

    def prove(self, call):
        from ostiary.kernel.clock import Clock
        from ostiary.kernel.errors import SignInRefused
        from ostiary.web.body import read_fields

        if read_fields(call.request).text("code") != "123456":
            raise SignInRefused
        return Evidence("ada", Factor("totp", at=call.resources[Clock].now()))


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url) as made:
        yield made


@pytest.fixture
def strict(sqlite_url):
    with open_token_shop(sqlite_url, sign_in=SignIn(policy=2, vouches=("totp",))) as made:
        from ostiary.features.sign_in import SignInMethods

        made.runtime.resources[SignInMethods].forms.append(TotpForm())
        yield made


# Signing in


def test_a_proof_gives_both_tokens_and_no_cookie(shop):
    answer = shop.token()
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_a_wrong_proof_is_refused_as_on_the_sign_in_page(shop):
    wrong = shop.token(identifier="ada", password="wrong")
    unknown = shop.token(identifier="eve", password="wrong")
    assert (wrong.status_code, wrong.json) == (unknown.status_code, unknown.json)
    assert (wrong.status_code, wrong.json["code"]) == (401, "invalid_credentials")


@pytest.mark.attack("G3")
def test_nothing_gives_a_token_for_a_request_that_changes_nothing(shop):
    browser = shop.browser()
    for path in ("/auth/token", "/auth/token/refresh", "/vouch/ada"):
        assert browser.get(path).status_code == 405, path


def test_guesses_are_counted_as_on_the_sign_in_page(sqlite_url):
    with open_token_shop(sqlite_url, sign_in=SignIn(nearby_limit="3/15m")) as shop:
        answers = [shop.token(identifier="ada", password="wrong").status_code for _ in range(4)]
        assert answers == [401, 401, 401, 429]


@pytest.mark.must("9700-2.4")
def test_there_is_no_password_grant(shop):
    answer = shop.token(grant_type="password", username="ada", password=PASSWORD)
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_factor_by_factor_through_a_handle(strict):
    first = strict.token()
    assert (first.status_code, first.json["code"], first.json["methods"]) == (401, "factor_needed", ["totp"])
    assert first.json["next"] == "/auth/token"
    assert first.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert "Set-Cookie" not in first.headers
    second = strict.token(handle=first.json["handle"], method="totp", code="123456")
    assert Program(strict, second).who == "ada"
    assert strict.families()[0].factors.count("@") == 2


@pytest.mark.attack("L8")
def test_a_handle_is_spent_and_worth_nothing_to_anybody_else(strict):
    handle = strict.token().json["handle"]
    assert strict.token(handle=handle, method="totp", code="000000").status_code == 401
    # A wrong proof has not spent it: nothing was concluded.
    assert strict.token(handle=handle, method="totp", code="123456").status_code == 200
    again = strict.token(handle=handle, method="totp", code="123456")
    assert (again.status_code, again.json["code"]) == (401, "factor_needed")


def test_what_a_browser_began_no_program_finishes_nor_the_other_way_round(strict):
    browser = strict.browser()
    browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
    cookie = browser.cookie("ostiary_pending")
    assert strict.token(handle=cookie, method="totp", code="123456").status_code == 401
    handle = strict.token().json["handle"]
    browser.set_cookie("ostiary_pending", handle)
    answer = browser.post("/auth/sign-in", json={"method": "totp", "code": "123456"})
    assert answer.status_code == 401


def test_what_was_wished_for_at_the_first_step_holds_at_the_last(strict):
    strict.wish = {"scope": ["order:read"], "access": "1m"}
    first = strict.app.test_client().post("/login", json={"identifier": "ada", "password": PASSWORD})
    assert first.status_code == 401
    second = strict.token(handle=first.json["handle"], method="totp", code="123456")
    assert (second.json["scope"], second.json["expires_in"]) == ("order:read", 60)


def test_neither_a_session_nor_an_old_token_that_comes_along_is_looked_at(database_url):
    with open_token_shop(database_url, Sessions()) as shop:
        browser = shop.browser()
        answer = browser.post(
            "/auth/token",
            json={"identifier": "ada", "password": PASSWORD},
            headers={"Authorization": "Bearer a.b.c", "Sec-Fetch-Site": "cross-site", "Cookie": "ostiary_session=x"},
        )
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers


@pytest.mark.must("9700-4.3.2")
@pytest.mark.attack("C18")
def test_a_token_in_the_address_or_the_body_is_nobody(shop):
    program = shop.program()
    assert program.client.get(f"/account?access_token={program.access}").status_code == 401
    assert program.client.post(f"/note?jwt={program.access}", data={"access_token": program.access}).status_code == 401


# Refreshing


@pytest.mark.must("9700-4.14.2")
def test_a_refresh_narrows_and_never_widens(shop):
    shop.wish = {"scope": ["order:*", "note:read"]}
    program = Program(shop, shop.app.test_client().post("/login", json={"identifier": "ada", "password": PASSWORD}))
    wide = program.refresh(scope="order:read admin:all")
    assert (wide.status_code, wide.json["error"]) == (400, "invalid_scope")
    narrow = program.refresh(scope="order:read")
    assert narrow.json["scope"] == "order:read"
    program.take(narrow)
    assert program.refresh().json["scope"] == "note:read order:*", "the family keeps what it was given"


def test_lifetimes_audience_and_claims_of_a_call_hold_at_every_refresh(shop):
    shop.wish = {"access": "2m", "refresh": "1h", "claims": {"plan": "pro"}}
    program = Program(shop, shop.app.test_client().post("/login", json={"identifier": "ada", "password": PASSWORD}))
    for _ in range(2):
        assert program.get("/who").json["claims"] == {"plan": "pro"}
        answer = program.refresh()
        assert answer.json["expires_in"] == 120
        program.take(answer)
    shop.clock.pass_(60 * MINUTE)
    assert program.refresh().status_code == 400


def test_another_grant_than_a_refresh_is_refused(shop):
    program = shop.program()
    answer = program.refresh(grant_type="client_credentials")
    assert answer.json["error"] == "unsupported_grant_type"
    assert program.refresh(grant_type="refresh_token").status_code == 200


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(shop):
    program = shop.program()
    assert program.refresh(program.access).status_code == 400
    program.access = program.refresh_token
    assert program.who == "401"


def test_without_a_refresh_token_a_request_is_malformed(shop):
    answer = shop.app.test_client().post("/auth/token/refresh", json={})
    assert (answer.status_code, answer.json["field"]) == (400, "refresh_token")


def test_what_an_expired_token_is_told_is_that_it_has_expired(shop):
    program = shop.program()
    shop.clock.pass_(15 * MINUTE)
    answer = program.get("/account")
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


# Revoking


@pytest.mark.must("7009-2.1-a")
@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "nonsense"])
def test_revoking_a_refresh_token_ends_the_family_whatever_the_hint_says(shop, hint):
    program, other = shop.program(), shop.program()
    data = {"token": program.refresh_token, **({} if hint is None else {"token_type_hint": hint})}
    assert program.client.post("/auth/token/revoke", data=data).status_code == 200
    assert (program.who, other.who) == ("401", "ada")
    assert program.refresh().status_code == 400


@pytest.mark.attack("C21")
def test_revoking_an_access_token_ends_that_one(shop):
    program = shop.program()
    assert program.client.post("/auth/token/revoke", data={"token": program.access}).status_code == 200
    assert program.who == "401"
    program.take(program.refresh())
    assert program.who == "ada"


@pytest.mark.must("7009-2.2")
@pytest.mark.parametrize("token", ["x", "a.b.c", "0" * 26 + ".1." + "A" * 43])
def test_revoking_what_is_nobody_s_is_no_error(shop, token):
    answer = shop.app.test_client().post("/auth/token/revoke", data={"token": token})
    assert answer.status_code == 200


@pytest.mark.must("7009-5")
def test_nobody_tries_tokens_at_the_address_of_revoking_without_end(sqlite_url):
    with open_token_shop(sqlite_url, RateLimits()) as shop:
        client = shop.app.test_client(use_cookies=False)
        statuses = [client.post("/auth/token/revoke", data={"token": "x"}).status_code for _ in range(301)]
        assert statuses == [200] * 300 + [429]


@pytest.mark.must("9700-4.9.3")
@pytest.mark.attack("W9")
@pytest.mark.attack("W1")
def test_of_a_token_s_whole_life_neither_log_nor_file_nor_event_holds_a_secret(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "shop.sqlite3"
    with open_token_shop(f"sqlite:///{file}", ApiKeys()) as shop:
        program, texts = shop.program(), []
        with shop.app.app_context():
            texts.append(shop.auth.api_keys.create("ada", name="nightly").secret)
        for _ in range(3):
            texts += [program.access, program.refresh_token]
            assert program.who == "ada"
            program.take(program.refresh())
        shop.clock.pass_(2 * MINUTE)
        for secret in (texts[2], texts[0] + "x", texts[1] + "x", "x" + texts[2]):
            program.refresh(secret)
            program.client.get("/account", headers={"Authorization": f"Bearer {secret}"})
            program.client.post("/auth/token/revoke", data={"token": secret})
        kept = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        said = caplog.text + repr(shop.events)
        for text in texts:
            # What proves it: the signature, the MAC, the secret. The id may be seen.
            secret = text.rpartition(".")[2]
            assert secret not in said
            assert secret.encode() not in kept


# Step-up


@pytest.mark.asvs("V10.3.4")
def test_a_proof_that_is_too_old_is_401_with_what_is_wanted(shop):
    program = shop.program()
    assert program.get("/recent").status_code == 200
    shop.clock.pass_(6 * MINUTE)
    program.take(program.refresh())
    answer = program.get("/recent")
    assert (answer.status_code, answer.json["code"]) == (401, "step_up_needed")
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_user_authentication"')
    assert 'max_age="300"' in challenge


def test_a_narrowed_token_is_403_with_its_scope(shop):
    shop.wish = {"scope": ["order:read"]}
    program = Program(shop, shop.app.test_client().post("/login", json={"identifier": "ada", "password": PASSWORD}))
    answer = program.get("/account")
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


# Without a database


def test_what_looks_after_stored_tokens_is_refused_where_there_are_none(stateless):
    tokens = stateless.auth.tokens
    for act in (lambda: tokens.families("ada"), lambda: tokens.end_family("x"), tokens.revoke_everybody):
        with stateless.app.app_context(), pytest.raises(ConfigurationError, match="stateless"):
            act()
    assert stateless.app.test_client().get("/auth/tokens").status_code == 404


@pytest.fixture
def stateless():
    with open_token_shop(None) as made:
        yield made


def test_stateless_tokens_need_no_database_and_cannot_be_refreshed(stateless: TokenShop):
    answer = stateless.token()
    assert "refresh_token" not in answer.json
    assert Program(stateless, answer).who == "ada"
    assert stateless.runtime.database is None
    assert stateless.app.test_client().post("/auth/token/refresh", json={}).status_code == 404
    assert stateless.names() == ["sign_in_succeeded"]


@pytest.mark.parametrize("verb", ["refresh", "revoke", "revoke_all"])
def test_what_needs_to_be_stored_is_refused_where_nothing_is(stateless, verb):
    with stateless.app.app_context(), pytest.raises(ConfigurationError, match="stateless"):
        getattr(stateless.auth.tokens, verb)("x")


def test_a_refresh_lifetime_where_there_are_no_refresh_tokens_is_refused(stateless):
    with stateless.app.app_context(), pytest.raises(ConfigurationError, match="stateless"):
        stateless.auth.tokens.issue("ada", refresh="1d")


def test_tokens_that_are_not_on_are_told():
    from flask import Flask
    from tests.shop import KEY

    from ostiary.flask import Auth

    app = Flask("none")
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    auth = Auth(app, [])
    with app.app_context(), pytest.raises(ConfigurationError, match=r"add Tokens\(\)"):
        auth.tokens.issue("ada")


def test_lifetimes_of_nothing_are_refused(shop):
    with shop.app.app_context():
        for lifetime in (0, "0m", -1):
            with pytest.raises(ValueError, match="positive|not a duration"):
                shop.auth.tokens.issue("ada", access=lifetime)


def test_roles_are_refused_where_there_are_none(shop):
    with shop.app.app_context(), pytest.raises(ConfigurationError, match="Roles"):
        shop.auth.tokens.issue("ada", roles=["admin"])


def test_a_number_is_no_subject(shop):
    with shop.app.app_context(), pytest.raises(TypeError, match=r"auth.tokens.issue\(str"):
        shop.auth.tokens.issue(5)


def test_what_is_issued_never_shows_itself(shop):
    with shop.app.app_context():
        issued = shop.auth.tokens.issue("ada")
        assert issued.access_token not in repr(issued)
        assert issued.refresh_token not in repr(issued)


def test_verifying_by_hand_is_what_the_guard_does(shop):
    program = shop.program()
    with shop.app.app_context():
        principal = shop.auth.tokens.verify(program.access)
        assert (principal.subject, principal.credential.kind) == ("ada", "bearer")
        renewed = shop.auth.tokens.refresh(program.refresh_token)
        shop.auth.tokens.revoke(renewed.refresh_token)
        from ostiary.kernel.errors import InvalidCredential

        with pytest.raises(InvalidCredential):
            shop.auth.tokens.verify(program.access)


def test_grant_of_one_family_is_not_good_with_other_settings(sqlite_url):
    with open_token_shop(sqlite_url, tokens=Tokens(issuer="https://a.test", audience="https://b.test")) as shop:
        assert shop.program().who == "ada"


@pytest.mark.parametrize("scope", ["Bad", "order:read Ü", "a", ":", "order:read " * 300, "\u0000"])
def test_a_scope_that_is_none_is_a_refusal_and_no_failure(shop, scope):
    answer = shop.app.test_client().post("/auth/token/refresh", json={"refresh_token": "x", "scope": scope})
    assert answer.status_code == 400
    token = shop.token().json["refresh_token"]
    body = {"refresh_token": token, "scope": "Bad"}
    assert shop.app.test_client().post("/auth/token/refresh", json=body).json["code"] == "invalid_scope"
    assert shop.app.test_client().post("/auth/token/refresh", json={"refresh_token": token}).status_code == 200


def test_a_token_for_somebody_else_is_revoked_as_well(shop):
    shop.wish = {"audience": "https://billing.example"}
    sent = {"identifier": "ada", "password": PASSWORD}
    token = shop.app.test_client(use_cookies=False).post("/login", json=sent).json["access_token"]
    assert shop.app.test_client().post("/auth/token/revoke", json={"token": token}).status_code == 200
    with shop.database.read() as connection:
        assert [row.kind for row in connection.execute(select(revocations))] == ["token"]
