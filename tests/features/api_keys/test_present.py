"""Presenting a key: who is let in, in which header field, until when, and everything that must not be taken for a key."""

import sqlite3

import pytest
from flask import Flask
from sqlalchemy import event, update
from tests.features.api_keys.keys import UNKNOWN, open_key_shop
from tests.shop import NOON, FrozenClock

from ostiary import ApiKeys
from ostiary.features.api_keys.key_text import KeyText, parse_key, spell_key, spell_secret
from ostiary.features.api_keys.present import key_reason
from ostiary.features.api_keys.store import api_keys
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, MINUTE, SECOND
from ostiary.kernel.secret import digest
from ostiary.storage.guard_reads import GuardReads

# The rule, without a database


def _row(**changes):
    row = {
        "secret_hash": digest("s"), "subject": "ada", "epoch": 3, "scope": None, "tenant": None, "of_member": 0,
        "allowance": None, "expires_at": NOON + DAY, "used_at": NOON, "current_epoch": 3, "rights": 0,
    }  # fmt: skip
    return tuple((row | changes).values())


@pytest.mark.asvs("V7.2.2")
@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, NOON, None),
        ({}, NOON + DAY - 1, None),
        ({}, NOON + DAY, "expired"),
        ({}, NOON + DAY + SECOND, "expired"),
        ({"current_epoch": 4}, NOON, "revoked"),
        ({"current_epoch": 2}, NOON, "revoked"),
        ({"secret_hash": digest("t")}, NOON, "wrong_secret"),
        ({"secret_hash": b""}, NOON, "wrong_secret"),
        # Whoever has the wrong secret learns nothing about the key.
        ({"secret_hash": digest("t"), "current_epoch": 9, "expires_at": 0}, NOON, "wrong_secret"),
    ],
)
def test_a_key_lives_until_the_very_instant_it_ends(changes, now, reason) -> None:
    assert key_reason(_row(**changes), "s", now) == reason


# Over HTTP


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Authorization", "Bearer {}"), ("Authorization", "bearer {}"), ("Authorization", "BEARER   {} "),
        ("X-API-Key", "{}"), ("x-api-key", " {} "),
    ],
)  # fmt: skip
def test_a_key_is_taken_from_either_header_field(keys, header, form) -> None:
    new = keys.create(scope=None)
    answer = keys.shop.app.test_client().get("/account", headers={header: form.format(new.secret)})
    assert (answer.status_code, answer.json) == (200, {"subject": "ada"})


@pytest.mark.attack("H16")
@pytest.mark.parametrize(("header", "vary"), [("Authorization", None), ("X-API-Key", "X-API-Key")])
def test_no_cache_gives_the_answer_for_one_key_to_another(keys, header, vary) -> None:
    answer = keys.ask(keys.create(scope=None).secret, "/account", header=header)
    assert (answer.status_code, answer.headers["Cache-Control"], answer.headers.get("Vary")) == (200, "no-store", vary)


@pytest.mark.attack("H16")
def test_what_a_cache_keeps_for_visitors_is_not_the_answer_to_a_key(keys) -> None:
    """Otherwise whoever asks first, without a key, decides what programs are answered that have one."""
    answer = keys.shop.app.test_client().get("/who")
    assert (answer.json["subject"], answer.headers["Vary"]) == ("", "Cookie, X-API-Key")


def test_a_program_is_a_program_narrowed_bound_and_without_a_factor(keys) -> None:
    seen = []
    keys.shop.app.add_url_rule("/principal", "principal", lambda: seen.append(keys.shop.auth.principal) or "")
    new = keys.create("robot-1", scope=["order:read", "invoice:*"], tenant=("org", "acme"))
    keys.ask(new.secret, "/principal")
    (principal,) = seen
    assert (principal.subject, principal.kind, principal.factors) == ("robot-1", "program", ())
    assert (principal.scope, principal.tenant) == (frozenset({"order:read", "invoice:*"}), ("org", "acme"))
    assert (principal.credential.kind, principal.credential.id) == ("api_key", new.key.id)


@pytest.mark.asvs("V7.2.1")
@pytest.mark.attack("H2")
def test_a_forged_key_is_401_everywhere_with_one_answer_for_every_reason(keys, clock) -> None:
    good, revoked, expired = keys.create(), keys.create(), keys.create(expires="1d")
    keys.revoke(revoked.key.id)
    clock.pass_(DAY)
    parts = parse_key(good.secret)
    bad = {
        "wrong_secret": spell_key(KeyText(**{**_parts(parts), "secret": spell_secret(b"\x07" * 32)})),
        "unknown": spell_key(KeyText(**{**_parts(parts), "id": UNKNOWN})),
        "revoked_row": revoked.secret,
        "expired": expired.secret,
        "wrong_environment": spell_key(KeyText(**{**_parts(parts), "environment": "live"})),
        "wrong_checksum": good.secret[:-1] + ("A" if good.secret[-1] != "A" else "B"),
        "malformed": good.secret + "x",
        "injected": f"ost_test_' OR 1=1 --.{parts.secret}",
    }
    answers = set()
    for path in ("/who", "/account", "/auth/api-keys", "/auth/sign-out"):
        for text in bad.values():
            answer = keys.ask(text, path)
            answers.add((answer.status_code, answer.data, answer.headers["WWW-Authenticate"]))
            by_header = keys.ask(text, path, header="X-API-Key")
            assert (by_header.status_code, by_header.json["title"]) == (401, answer.json["title"]), (path, text)
            assert by_header.headers["WWW-Authenticate"] == 'ApiKey realm="api", header="X-API-Key"'
    ((status, _, challenge),) = answers
    assert (status, challenge) == (401, 'Bearer error="invalid_token", error_description="The key is not valid"')
    reasons = {event.reason for event in keys.shop.events if event.name() == "credential_rejected"}
    assert reasons == {"wrong_secret", "unknown", "expired", "wrong_environment", "wrong_checksum", "malformed"}
    assert keys.who(good.secret) == "ada"


def _parts(key):
    return {"prefix": key.prefix, "environment": key.environment, "id": key.id, "secret": key.secret}


def test_a_key_of_another_prefix_is_none_of_ours(keys) -> None:
    other = spell_key(KeyText(**{**_parts(parse_key(keys.create().secret)), "prefix": "acme"}))
    assert keys.who(other, header="X-API-Key") == 401
    # Whoever reads other tokens in this header field decides about it; here nobody does.
    assert keys.ask(other, "/account").status_code == 401


@pytest.mark.parametrize("token", ["eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "abc", "ost", "ost_", "OST_LIVE_x"])
def test_a_token_that_does_not_look_like_a_key_is_left_to_whoever_reads_tokens(keys_here, token) -> None:
    keys_here.ask(token)
    assert [one for one in keys_here.shop.events if getattr(one, "kind", None) == "api_key"] == []


def test_another_scheme_is_no_key(keys_here) -> None:
    secret = keys_here.create().secret
    for value in (f"Basic {secret}", f"Token {secret}", secret, f"Bearer{secret}", f"Bearer\t{secret}", "Bearer", ""):
        answer = keys_here.shop.app.test_client().get("/account", headers={"Authorization": value})
        assert answer.status_code == 401, value


@pytest.mark.must("9700-4.3.2")
def test_a_key_in_the_address_or_in_the_body_is_no_credential(keys_here) -> None:
    secret = keys_here.create().secret
    client = keys_here.shop.app.test_client()
    for name in ("access_token", "api_key", "key", "X-API-Key"):
        assert client.get("/account", query_string={name: secret}).status_code == 401
        assert client.post("/note", data={name: secret}).status_code == 401
        client.set_cookie(name, secret)
        assert client.get("/account").status_code == 401


def test_a_key_in_both_header_fields_is_refused_and_neither_is_chosen(keys_here) -> None:
    ada, bob = keys_here.create("ada").secret, keys_here.create("bob").secret
    for one, other in ((ada, bob), (ada, ada)):
        answer = keys_here.ask(one, "/who", **{"X-API-Key": other})
        assert (answer.status_code, answer.json["code"]) == (400, "two_credentials")


def test_a_header_field_that_comes_twice_is_no_key(keys_here) -> None:
    """As servers hand it on: joined by a comma (RFC 9110 §5.3)."""
    secret = keys_here.create().secret
    client = keys_here.shop.app.test_client()
    for name, value in (("HTTP_X_API_KEY", secret), ("HTTP_AUTHORIZATION", f"Bearer {secret}")):
        for joined in (f"{value},{value}", f"{value}, {value}"):
            assert client.get("/who", environ_overrides={name: joined}).status_code == 401


def test_the_key_wins_over_the_cookie_and_the_two_are_never_merged(keys_here) -> None:
    browser = keys_here.shop.browser()
    browser.sign_in("bob")
    secret = keys_here.create("ada").secret
    answer = browser.get("/who", headers={"X-API-Key": secret})
    assert answer.json == {"subject": "ada", "methods": []}
    # A bad key is not made good by a cookie.
    assert browser.get("/who", headers={"X-API-Key": secret[:-1]}).status_code == 401


def test_a_request_with_a_key_needs_no_csrf_token_and_one_with_a_cookie_beside_a_bad_key_gets_no_further(
    keys_here,
) -> None:
    secret = keys_here.create().secret
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert keys_here.ask(secret, "/note", method="POST", **cross).status_code == 200


@pytest.mark.attack("W1")
def test_a_copy_of_the_table_opens_nothing(keys) -> None:
    new = keys.create()
    (row,) = keys.rows()
    secret = parse_key(new.secret).secret
    assert row.secret_hash == digest(secret)
    assert secret not in repr(tuple(row))
    stolen = spell_key(KeyText(**{**_parts(parse_key(new.secret)), "secret": spell_secret(bytes(row.secret_hash))}))
    assert keys.who(stolen) == 401


@pytest.mark.asvs("V7.4.2")
def test_suspension_and_signing_out_everywhere_end_every_key_at_the_next_request(keys) -> None:
    ada, bob = keys.create("ada"), keys.create("bob")
    keys.shop.suspend("ada")
    assert (keys.who(ada.secret), keys.who(bob.secret)) == (401, "bob")
    assert keys.list("ada") == []
    # What is made afterwards is good.
    assert keys.who(keys.create("ada").secret) == "ada"


def test_a_change_of_rights_reaches_the_principal_at_the_next_request(keys) -> None:
    from ostiary.storage.subjects import raise_rights

    seen = []
    keys.shop.app.add_url_rule("/rights", "rights", lambda: seen.append(keys.shop.auth.principal.rights_version) or "")
    secret = keys.create().secret
    keys.ask(secret, "/rights")
    with keys.shop.database.write() as tx:
        raise_rights(tx, "ada", now=NOON)
    keys.ask(secret, "/rights")
    assert seen == [0, 1]


# One statement, and none for what cannot be a key


@pytest.fixture
def statements(keys_here):
    """Every statement of a request: of the guard's own connection, and of every other."""
    keys_here.who(keys_here.create().secret)
    said = []
    reads = keys_here.shop.runtime.resources[GuardReads]
    (cursor,) = reads._here.stash
    cursor.connection.set_trace_callback(said.append)
    engine = keys_here.shop.database.engine()

    def note(connection, cursor, statement, *_):
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_a_request_with_a_key_is_one_statement(keys_here, statements) -> None:
    secret = keys_here.create().secret
    keys_here.who(secret)
    statements.clear()
    assert keys_here.who(secret) == "ada"
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


def test_a_mistyped_key_is_refused_without_asking_the_database(keys_here, statements) -> None:
    secret = keys_here.create().secret
    statements.clear()
    for bad in (secret[:-1], secret[:-3] + "000", secret.replace("_test_", "_live_"), "ost_test_", secret + "0"):
        assert keys_here.who(bad) == 401
    assert statements == []


def test_a_key_that_must_not_work_here_is_not_looked_up(sqlite_url, tmp_path) -> None:
    """A live key on a developer's machine, a test key in production."""
    with open_key_shop(sqlite_url) as development:
        test_key = development.create().secret
    with open_key_shop(sqlite_url, production=True) as production:
        live_key = production.create().secret
        assert live_key.startswith("ost_live_")
        assert (production.who(test_key), production.who(live_key)) == (401, "ada")
    with open_key_shop(sqlite_url) as development:
        assert (development.who(test_key), development.who(live_key)) == ("ada", 401)


# Last used


def test_last_used_is_written_once_a_minute_with_the_network(keys, clock) -> None:
    new = keys.create()
    assert (keys.list()[0].used_at, keys.list()[0].used_from) == (None, None)
    seen = []
    for _ in range(3):
        keys.who(new.secret)
        seen.append(keys.rows()[0].used_at)
        clock.pass_(MINUTE // 2)
    assert seen == [NOON, NOON, NOON + MINUTE]
    assert keys.list()[0].used_from == "127.0.0.1"


def test_last_used_waits_for_nobody(keys_here) -> None:
    secret = keys_here.create().secret
    keys_here.who(secret)
    keys_here.shop.clock.pass_(MINUTE)
    writer = sqlite3.connect(keys_here.shop.database.file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert keys_here.who(secret) == "ada"
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    assert keys_here.rows()[0].used_at == NOON


def test_a_clock_that_was_set_back_writes_nothing_and_lets_in(keys, clock) -> None:
    secret = keys.create().secret
    keys.who(secret)
    clock.at = NOON - DAY
    assert keys.who(secret) == "ada"
    assert keys.rows()[0].used_at == NOON


# Limits


@pytest.mark.attack("R13")
def test_a_key_used_too_often_is_429_and_the_others_go_on(database_url, clock: FrozenClock) -> None:
    with open_key_shop(database_url, clock=clock, keys=ApiKeys(limit="3/minute")) as keys:
        one, other = keys.create().secret, keys.create().secret
        assert [keys.ask(one).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        answer = keys.ask(one)
        assert (answer.json["code"], answer.headers["Retry-After"]) == ("too_many_attempts", "20")
        assert keys.who(other) == "ada"
        clock.pass_(20 * SECOND)
        assert keys.ask(one).status_code == 200
        limited = [event.limit for event in keys.shop.events if event.name() == "rate_limited"]
        assert limited == ["api_keys.limit"] * 3


def test_a_limit_of_its_own_wins_over_that_of_the_application(sqlite_url) -> None:
    with open_key_shop(sqlite_url, keys=ApiKeys(limit="2/minute")) as keys:
        few, many = keys.create(limit="1/minute").secret, keys.create(limit="100/minute").secret
        assert [keys.ask(few).status_code for _ in range(2)] == [200, 429]
        assert {keys.ask(many).status_code for _ in range(10)} == {200}


def test_a_request_is_counted_once_however_often_it_asks_who_is_calling(sqlite_url) -> None:
    with open_key_shop(sqlite_url, keys=ApiKeys(limit="1/minute")) as keys:
        auth = keys.shop.auth
        keys.shop.app.add_url_rule("/often", "often", lambda: {"all": [auth.principal.subject for _ in range(5)]})
        assert keys.ask(keys.create().secret, "/often").json == {"all": ["ada"] * 5}


def test_a_stranger_who_knows_an_id_uses_up_nothing(sqlite_url) -> None:
    with open_key_shop(sqlite_url, keys=ApiKeys(limit="2/minute")) as keys:
        new = keys.create()
        forged = spell_key(KeyText(**{**_parts(parse_key(new.secret)), "secret": spell_secret(b"\x07" * 32)}))
        assert {keys.who(forged) for _ in range(10)} == {401}
        assert [keys.ask(new.secret).status_code for _ in range(3)] == [200, 200, 429]


# Settings that concern presenting


def test_the_header_field_can_have_another_name_or_none(sqlite_url) -> None:
    with open_key_shop(sqlite_url, keys=ApiKeys(header="Shop-Key", prefix="shop")) as keys:
        secret = keys.create().secret
        assert secret.startswith("shop_test_")
        assert keys.who(secret, header="Shop-Key") == "ada"
        assert keys.who(secret, header="X-API-Key") == ""
        assert keys.ask("", "/account").headers["WWW-Authenticate"].count("Shop-Key") == 1
    with open_key_shop(sqlite_url, keys=ApiKeys(header=None, prefix="shop")) as keys:
        assert (keys.who(secret), keys.who(secret, header="X-API-Key")) == ("ada", "")


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ".",
        "ost_test_",
        "ost_live_" + "A" * 10_000,
        "\x7f",
        "ost_test_\xff\xfe",
        "ost_test_%00",
        "{}",
        "a" * 60_000,
        ",",
        ";",
    ],
)
def test_whatever_a_stranger_sends_is_401_and_never_an_error_of_ours(keys_here, value) -> None:
    environ = {"HTTP_X_API_KEY": value, "REQUEST_METHOD": "GET", "PATH_INFO": "/who"}
    assert keys_here.shop.app.test_client().get("/who", environ_overrides=environ).status_code == 401
    environ = {"HTTP_AUTHORIZATION": f"Bearer ost_test_{value}"}
    assert keys_here.shop.app.test_client().get("/who", environ_overrides=environ).status_code == 401


@pytest.mark.parametrize("column", ["scope", "tenant", "allowance"])
def test_a_row_that_was_written_to_by_somebody_else_lets_nobody_do_more(keys, column) -> None:
    secret = keys.create(scope=["order:read"], tenant=("org", "acme"), limit="5/minute").secret
    with keys.shop.database.write() as tx:
        tx.execute(update(api_keys).values({column: ""}))
    answer = keys.ask(secret, "/account")
    assert answer.status_code in (403, 429)


def test_keys_alone_need_no_sessions_and_have_no_pages(tmp_path) -> None:
    app = Flask("alone", instance_path=str(tmp_path))
    app.testing = True
    auth = Auth(app, [ApiKeys()])
    app.add_url_rule("/me", "me", auth.require(lambda: {"subject": auth.principal.subject}))
    with app.app_context():
        new = auth.api_keys.create("robot-1", name="export")
    client = app.test_client()
    answer = client.get("/me", headers={"X-API-Key": new.secret})
    assert (answer.status_code, answer.json) == (200, {"subject": "robot-1"})
    assert client.get("/me").headers["WWW-Authenticate"] == 'Bearer realm="api", ApiKey realm="api", header="X-API-Key"'
    assert client.get("/auth/api-keys").status_code == 404


@pytest.mark.parametrize("keys_first", [True, False])
def test_keys_and_access_tokens_share_the_header_field_and_neither_is_taken_for_the_other(tmp_path, keys_first) -> None:
    from ostiary import Tokens

    app = Flask("both", instance_path=str(tmp_path))
    app.testing = True
    features = [ApiKeys(), Tokens(secret="Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test-of-both")]
    auth = Auth(app, features if keys_first else features[::-1])
    app.add_url_rule("/me", "me", auth.require(lambda: {"via": auth.principal.credential.kind}))
    with app.app_context():
        key, token = auth.api_keys.create("ada", name="export").secret, auth.tokens.issue("ada").access_token
    client = app.test_client()

    def ask(**headers):
        answer = client.get("/me", headers={name.replace("_", "-"): value for name, value in headers.items()})
        return answer.json.get("via") or answer.json["code"]

    assert ask(Authorization=f"Bearer {key}") == ask(X_API_Key=key) == "api_key"
    assert ask(Authorization=f"Bearer {token}") == "bearer"
    assert ask(Authorization=f"Bearer {token}", X_API_Key=key) == "two_credentials"
    assert ask(X_API_Key=token) == "invalid_credential"
    for bad in (key[:-1], token[:-2], f"ost_test_{token}", f"{key}.x.y", "abc"):
        assert ask(Authorization=f"Bearer {bad}") == "invalid_token", bad


@pytest.mark.parametrize("bearer", [True, False])
def test_a_narrowed_key_where_it_may_not_go_is_told_so(keys_here, bearer):
    secret = keys_here.create(scope=["order:read"]).secret
    headers = {"Authorization": f"Bearer {secret}"} if bearer else {"X-API-Key": secret}
    answer = keys_here.shop.app.test_client(use_cookies=False).get("/account", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert ('Bearer error="insufficient_scope"' in challenge) is bearer, "RFC 6750 section 3 is about that scheme alone"
