"""Foreign tokens at the door of an application: in ``Authorization: Bearer``, beside its own, with the answers of RFC 6750."""

import pytest
from flask import Flask
from tests.features.tokens.provider import AUDIENCE, Provider
from tests.outbound.server import Server
from tests.shop import KEY, FrozenClock

from ostiary import Accounts, ConfigurationError, Introspection, Issuer, Roles, Tokens
from ostiary.flask import Auth


@pytest.fixture
def provider():
    with Server() as server:
        yield Provider(server)


def application(provider, *further, scope="ignored", **settings):
    app = Flask("api")
    app.testing = True
    app.config["OSTIARY_SECRET_KEY"] = KEY
    issuer = Issuer(provider.url, audience=AUDIENCE, scope=scope, **settings)
    tokens = Tokens(stateless=not further, secret="0123456789abcdefghijklmnopqrstuvwxyz", trust=[issuer])
    auth = Auth(app, [tokens, *further])
    app.extensions["ostiary"].clock = FrozenClock()

    @app.get("/who")
    @auth.require
    def who():
        return {"subject": auth.principal.subject, "kind": auth.principal.kind}

    @app.post("/note")
    @auth.require
    def note():
        return {"by": auth.principal.subject}

    return app, auth


def twice():
    return {"seen": True}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_foreign_token_opens_a_guarded_view(provider) -> None:
    client = application(provider)[0].test_client()
    answer = client.get("/who", headers=bearer(provider.token()))
    assert answer.json == {"subject": f"{provider.url}#248289761001", "kind": "person"}
    assert client.post("/note", headers=bearer(provider.token())).status_code == 200, "no cookie, so no CSRF"


@pytest.mark.must("9068-4")
@pytest.mark.parametrize("changed", [{"aud": "other"}, {"exp": 1}, {"sub": None}, {"iss": "https://nobody.example"}])
def test_one_that_is_not_good_is_invalid_token(provider, changed) -> None:
    answer = application(provider)[0].test_client().get("/who", headers=bearer(provider.token(**changed)))
    assert answer.status_code == 401
    assert 'Bearer error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.attack("X3")
def test_one_whose_issuer_is_down_is_answered_with_503(provider) -> None:
    provider.status = 500
    answer = application(provider)[0].test_client().get("/who", headers=bearer(provider.token()))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


def test_a_narrowed_token_does_not_pass_a_guard_that_names_no_permission(provider) -> None:
    answer = application(provider, scope="claim")[0].test_client().get("/who", headers=bearer(provider.token()))
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_factors_are_not_believed_unless_the_application_says_so(provider) -> None:
    token = provider.token(amr=["pwd", "otp"], auth_time=provider.claims()["iat"])
    for word, status in (("otp", 200), ("sms", 401)):
        app, auth = application(provider, factors={"pwd": "password", word: "totp"})
        app.get("/twice")(auth.require(factors=2)(twice))
        answer = app.test_client().get("/twice", headers=bearer(token))
        assert answer.status_code == status
    assert "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]


def test_a_guard_that_asks_for_factors_nobody_is_believed_stops_the_start(provider) -> None:
    app, auth = application(provider)
    app.get("/twice")(auth.require(factors=2)(twice))
    with pytest.raises(ConfigurationError, match="requirement_cannot_be_met"):
        app.test_client().get("/twice", headers=bearer(provider.token()))


def test_an_opaque_token_is_introspected(provider) -> None:
    endpoint = Introspection(url=provider.url + "/introspect", client_id="shop", client_secret="s")
    client = application(provider, introspection=endpoint)[0].test_client()
    provider.introspected["opaque"] = {"active": True, "sub": "ada", "aud": AUDIENCE}
    assert client.get("/who", headers=bearer("opaque")).json["subject"] == f"{provider.url}#ada"
    assert client.get("/who", headers=bearer("another")).status_code == 401


def test_a_linked_account_is_the_caller_until_it_is_suspended(provider) -> None:
    app, auth = application(provider, Accounts())
    client, token = app.test_client(), provider.token(sub="ada")
    with app.app_context():
        account = auth.accounts.create(email="ada@shop.example", verified=True)
        assert client.get("/who", headers=bearer(token)).json["subject"] == f"{provider.url}#ada"
        runtime = app.extensions["ostiary"].runtime
        with runtime.database.write() as tx:
            runtime.actions["accounts"].link_upstream(tx, account.id, provider.url, "ada")
        assert client.get("/who", headers=bearer(token)).json["subject"] == account.id
        auth.accounts.suspend(account.id, reason="abuse")
    answer = client.get("/who", headers=bearer(token))
    assert answer.status_code == 401
    assert "suspended" not in answer.text


def test_nothing_is_fetched_at_the_start(provider) -> None:
    application(provider)
    assert not provider.server.requests


@pytest.mark.must("8725-3.9")
def test_an_issuer_without_an_audience_stops_the_start(provider) -> None:
    app = Flask("api")
    app.config["OSTIARY_SECRET_KEY"] = KEY
    with pytest.raises(ConfigurationError, match="issuer_without_audience"):
        Auth(app, [Tokens(stateless=True, trust=[Issuer("https://login.example")])])


@pytest.mark.asvs("V8.3.2")
def test_a_role_that_is_taken_is_taken_from_who_comes_with_a_foreign_token(provider) -> None:
    app, auth = application(provider, Roles({"clerk": ["order:*"]}))
    app.add_url_rule("/orders", "orders", auth.require("order:read")(lambda: "orders"))
    subject, headers = f"{provider.url}#248289761001", bearer(provider.token())
    for change, expected in (("assign", 200), ("revoke", 403), ("assign", 200)):
        with app.app_context():
            getattr(auth.roles, change)(subject, "clerk")
        assert app.test_client().get("/orders", headers=headers).status_code == expected
