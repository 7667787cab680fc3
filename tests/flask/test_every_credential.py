"""Every kind of credential at every guarded route: rights only narrow, and no kind opens what another of the same person does not."""

from dataclasses import dataclass

import pytest
from tests.badges import Roles
from tests.features.tokens.provider import AUDIENCE, Provider
from tests.outbound.server import Server
from tests.shop import PASSWORD
from tests.token_shop import open_token_shop

from ostiary import ApiKeys, Introspection, Issuer, Sessions, SignIn, Tokens, any_of
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.permission import any_covers

HELD = {"ada": ("order:read", "invoice:*"), "bob": ()}


@dataclass(frozen=True, kw_only=True)
class Route:
    """A guarded view: what its guard demands, and how old a proof may be for it, in minutes."""

    path: str
    permission: str | None = None
    role: str | None = None
    via: tuple[str, ...] | None = None
    factors: int = 1
    proven: bool = False
    fresh: int | None = None

    def guard(self, auth):
        wanted = {"role": self.role, "factors": self.factors}
        if self.via is not None:
            wanted["via"] = any_of(*self.via)
        if self.proven:
            wanted["proof"] = "password"
        if self.fresh is not None:
            wanted["fresh"] = f"{self.fresh}m"
        return auth.require(self.permission, **wanted)


ROUTES = [
    Route(path="/bare"),
    Route(path="/read", permission="order:read"),
    Route(path="/write", permission="order:write"),
    Route(path="/bill", permission="invoice:send"),
    Route(path="/staff", role="clerk"),
    Route(path="/boss", role="boss"),
    Route(path="/browser", via=("session",)),
    Route(path="/program", via=("bearer", "api_key")),
    Route(path="/read-by-key", permission="order:read", via=("api_key",)),
    Route(path="/proven", proven=True),
    Route(path="/read-proven", permission="order:read", proven=True),
    Route(path="/read-recent", permission="order:read", fresh=5),
    Route(path="/two", factors=2),
]


@dataclass(frozen=True, kw_only=True)
class Presented:
    """A credential: of which kind, whose, narrowed to what, and whether a password stands behind it."""

    name: str
    kind: str
    subject: str = "ada"
    scope: tuple[str, ...] | None = None
    proven: bool = False


CREDENTIALS = [
    Presented(name="session", kind="session", proven=True),
    Presented(name="session of bob", kind="session", subject="bob", proven=True),
    Presented(name="bearer", kind="bearer", proven=True),
    Presented(name="refreshed bearer", kind="bearer", proven=True),
    Presented(name="bearer of bob", kind="bearer", subject="bob", proven=True),
    Presented(name="bearer for order:read", kind="bearer", scope=("order:read",), proven=True),
    Presented(name="bearer for order:*", kind="bearer", scope=("order:*",), proven=True),
    Presented(name="bearer for everything", kind="bearer", scope=("*",), proven=True),
    Presented(name="bearer for nothing", kind="bearer", scope=(), proven=True),
    Presented(name="bearer of bob for everything", kind="bearer", subject="bob", scope=("*",), proven=True),
    Presented(name="key", kind="api_key"),
    Presented(name="key in X-API-Key", kind="api_key"),
    Presented(name="key for order:read", kind="api_key", scope=("order:read",)),
    Presented(name="foreign", kind="bearer"),
    Presented(name="foreign for order:read order:write", kind="bearer", scope=("order:read", "order:write")),
    Presented(name="opaque for invoice:send", kind="bearer", scope=("invoice:send",)),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('every')}/shop.sqlite3"
    with Server() as server, Server() as second:
        plain, narrowing = Provider(server), Provider(second)
        asked = Introspection(url=narrowing.url + "/introspect", client_id="shop", client_secret="s3cret")
        trust = [
            Issuer(plain.url, audience=AUDIENCE, subject=lambda claims: claims["sub"], scope="ignored"),
            Issuer(narrowing.url, audience=AUDIENCE, subject=lambda claims: claims["sub"], introspection=asked),
        ]
        rights = Roles(roles={"ada": ("clerk",)}, permissions=HELD)
        vouching = SignIn(vouches=("totp",))
        with open_token_shop(url, Sessions(), ApiKeys(), rights, tokens=Tokens(trust=trust), sign_in=vouching) as made:
            for route in ROUTES:
                view = route.guard(made.auth)(lambda: {"subject": made.auth.principal.subject})
                made.app.add_url_rule(route.path, route.path, view, methods=["GET", "POST"])
            made.presented = _present(made, plain, narrowing)
            yield made


def _present(shop, plain, narrowing):
    """The client and the headers of each credential."""
    found = {}

    def carry(name, secret, field="Authorization"):
        value = f"Bearer {secret}" if field == "Authorization" else secret
        found[name] = (shop.app.test_client(use_cookies=False), {field: value})

    for name, who in (("session", "ada"), ("session of bob", "bob")):
        browser = shop.browser()
        browser.post("/auth/sign-in", json={"identifier": who, "password": PASSWORD})
        found[name] = (browser, {})
    for one in CREDENTIALS:
        if one.kind == "bearer" and one.name.startswith("bearer"):
            shop.wish = {} if one.scope is None else {"scope": list(one.scope)}
            answer = shop.app.test_client().post("/login", json={"identifier": one.subject, "password": PASSWORD})
            carry(one.name, answer.json["access_token"])
    program = shop.program()
    carry("refreshed bearer", program.refresh().json["access_token"])
    with shop.app.app_context():
        key = shop.auth.api_keys.create("ada", name="whole").secret
        narrowed = shop.auth.api_keys.create("ada", name="narrowed", scope=["order:read"]).secret
    carry("key", key)
    carry("key in X-API-Key", key, "X-API-Key")
    carry("key for order:read", narrowed)
    carry("foreign", plain.token(sub="ada"))
    carry("foreign for order:read order:write", narrowing.token(sub="ada", scope="order:read order:write"))
    narrowing.introspected["0paque"] = {"active": True, "sub": "ada", "aud": AUDIENCE, "scope": "invoice:send"}
    carry("opaque for invoice:send", "0paque")
    return found


def _passes(credential, route):
    """What must come of it, by the person's rights and what the credential was given, both at once."""
    held = HELD[credential.subject]
    if route.via is not None and credential.kind not in route.via:
        return False
    if route.permission is not None and not any_covers(held, route.permission):
        return False
    if route.role is not None and (credential.subject, route.role) != ("ada", "clerk"):
        return False
    # A narrowed credential passes where a permission is named that it was given, and nowhere else.
    if credential.scope is not None and not (route.permission and any_covers(credential.scope, route.permission)):
        return False
    return route.factors == 1 and (credential.proven or not (route.proven or route.fresh))


@pytest.mark.asvs("V8.2.1")
@pytest.mark.must("9700-2.3")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda credential: credential.name)
def test_a_credential_opens_what_its_owner_may_and_it_was_given(shop, credential, route, method):
    client, headers = shop.presented[credential.name]
    answer = client.open(route.path, method=method, headers=headers)
    if _passes(credential, route):
        assert (answer.status_code, answer.json) == (200, {"subject": credential.subject})
        # Whatever it opens, its owner opens in person, but for what is for programs alone.
        whole = "session" if credential.subject == "ada" else "session of bob"
        if route.via is None:
            assert shop.presented[whole][0].open(route.path, method=method).status_code == 200
    else:
        assert answer.status_code in (401, 403)


@pytest.mark.parametrize("credential", CREDENTIALS, ids=lambda credential: credential.name)
def test_who_is_signed_in_is_the_same_person_whatever_was_presented(shop, credential):
    client, headers = shop.presented[credential.name]
    assert client.get("/who", headers=headers).json["subject"] == credential.subject


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_nobody_passes_no_guard(shop, route):
    client = shop.app.test_client()
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer a.b.c"}, {"X-API-Key": "x"}):
        answer = client.get(route.path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("credential", [one for one in CREDENTIALS if one.proven], ids=lambda one: one.name)
def test_time_takes_proofs_away_and_gives_none(shop, credential):
    client, headers = shop.presented[credential.name]
    recent = next(route for route in ROUTES if route.fresh)
    shop.clock.pass_(6 * MINUTE)
    try:
        assert client.get(recent.path, headers=headers).status_code in (401, 403)
    finally:
        shop.clock.pass_(-6 * MINUTE)
