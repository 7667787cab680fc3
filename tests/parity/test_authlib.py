"""Authlib's weak spots, as far as they concern what is here, each shown not to be one: small applications with tokens."""

import ast
from pathlib import Path

import pytest
from tests.shop import PASSWORD
from tests.token_shop import Program, open_token_shop

import ostiary

SOURCE = Path(ostiary.__file__).parent
# What breaks a header field, a quoted string, or a text that is formatted.
HOSTILE = ['a"b', "a\\b", 'x" , error="none', "a\r\nSet-Cookie: x=1", "%s{0}{}", "é\u2028", "\x00", "<script>"]


@pytest.fixture
def shop(sqlite_url):
    with open_token_shop(sqlite_url) as made:
        yield made


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/refresh", "/auth/token/revoke"])
def test_a20_no_text_of_a_stranger_breaks_an_answer_or_its_header(shop, path, text):
    client, held = shop.app.test_client(use_cookies=False), shop.program().refresh_token
    meant = {"identifier": "ada", "password": PASSWORD, "refresh_token": held, "token": held}
    for name in (
        "grant_type",
        "scope",
        "identifier",
        "refresh_token",
        "token",
        "token_type_hint",
        "client_id",
        "method",
    ):
        for answer in (
            client.post(path, json={**meant, name: text}),
            client.post(path, data={**meant, name: text}),
            client.post(path, json={**meant, name: [text]}),
        ):
            assert answer.status_code < 500, (name, answer.text)
            for field, value in answer.headers:
                assert value.isprintable() or field == "Date", (name, field, value)
                assert text not in value, (name, field, value)
                assert "x=1" not in value, (name, field, value)


def test_a22_an_async_view_is_guarded_and_answered(shop):
    @shop.app.get("/later")
    @shop.auth.require
    async def later():
        return {"by": shop.auth.principal.subject}

    assert shop.app.test_client().get("/later").status_code == 401
    assert shop.program().get("/later").json == {"by": "ada"}


def test_a23_nothing_is_read_from_the_address_of_the_token_endpoint(shop):
    program = shop.program()
    client = shop.app.test_client(use_cookies=False)
    for path, fields in (
        ("/auth/token", {"identifier": "ada", "password": PASSWORD}),
        ("/auth/token/refresh", {"refresh_token": program.refresh_token}),
        ("/auth/token/revoke", {"token": program.refresh_token}),
    ):
        for body in ({"json": {}}, {"data": {}}, {}):
            answer = client.post(path, query_string=fields, **body)
            assert answer.status_code in (400, 415, 422), (path, answer.status_code, answer.text)
    program.take(program.refresh())
    assert program.who == "ada", "nothing was exchanged or revoked by what stood in an address"


def test_a36_nothing_is_printed():
    """What is told goes to a log, to the console transport of mail, or through the commands' own output."""
    printing = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "pprint")
    ]
    assert not printing


def test_a39_an_access_token_lives_a_quarter_of_an_hour(shop):
    told = shop.token().json
    assert told["expires_in"] == 900
    program = Program(shop, shop.token())
    shop.clock.pass_(900_000)
    assert program.who == "401"
