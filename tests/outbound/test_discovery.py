"""Discovery: where an issuer's document is, and that it counts only for the issuer it was asked for."""

import json

import pytest
from tests.outbound.server import Server, write_answer
from tests.shop import FrozenClock

from ostiary.outbound import Discovery, DocumentUnavailable, OutboundClient
from ostiary.outbound.discovery import metadata_urls, read_metadata

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        (
            "https://login.example",
            (
                "https://login.example/.well-known/openid-configuration",
                "https://login.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://login.example/",
            (
                "https://login.example/.well-known/openid-configuration",
                "https://login.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://login.example:8443/realms/shop",
            (
                "https://login.example:8443/realms/shop/.well-known/openid-configuration",
                "https://login.example:8443/.well-known/oauth-authorization-server/realms/shop",
            ),
        ),
    ],
)
def test_the_document_is_where_either_standard_puts_it(issuer, expected) -> None:
    assert metadata_urls(issuer) == expected


@pytest.mark.must("8414-3.3")
@pytest.mark.must("8414-4")
@pytest.mark.parametrize(
    "said",
    [
        "https://evil.example",
        "https://login.example/",
        "https://LOGIN.example",
        "https://login.example ",
        "http://login.example",
        "https://login.example:443",
        "https://login.example/a",
        "https://login.exampl\u0435",
        "",
        None,
        ["https://login.example"],
        7,
    ],
)
def test_the_document_of_another_issuer_is_not_used(said) -> None:
    with pytest.raises(ValueError, match="another issuer"):
        read_metadata({"issuer": said, "jwks_uri": "https://login.example/jwks"}, "https://login.example")


@pytest.mark.must("8414-4")
def test_issuers_are_not_normalised() -> None:
    composed, decomposed = "https://login.example/\u00e9", "https://login.example/e\u0301"
    with pytest.raises(ValueError, match="another issuer"):
        read_metadata({"issuer": decomposed, "jwks_uri": "https://login.example/jwks"}, composed)


@pytest.mark.parametrize("said", [None, "", 7, [], {}, "https://login.example/" + "x" * 3_000])
def test_a_document_without_the_address_of_the_keys_is_not_used(said) -> None:
    with pytest.raises(ValueError, match="jwks_uri"):
        read_metadata({"issuer": "https://login.example", "jwks_uri": said}, "https://login.example")


@pytest.fixture
def server():
    with Server() as made:
        yield made


def discovery(issuer: str) -> Discovery:
    return Discovery(issuer, client=OutboundClient(allow_loopback=True), clock=FrozenClock())


@pytest.mark.parametrize("kind", ["openid-configuration", "oauth-authorization-server/realms/shop"])
def test_either_document_is_found(server, kind) -> None:
    issuer = server.url + "/realms/shop"
    document = json.dumps({"issuer": issuer, "jwks_uri": issuer + "/jwks", "token_endpoint": issuer + "/token"})

    def act(handler):
        write_answer(handler, *((200, document, JSON) if handler.path.endswith(kind) else (404,)))

    server.act = act
    assert discovery(issuer).get().jwks_uri == issuer + "/jwks"


@pytest.mark.must("8414-3.3")
def test_an_issuer_that_speaks_for_another_is_not_believed(server) -> None:
    document = {"issuer": "https://login.example", "jwks_uri": server.url + "/jwks"}
    server.answers(200, json.dumps(document), JSON)
    with pytest.raises(DocumentUnavailable, match="another issuer"):
        discovery(server.url).get()


@pytest.mark.parametrize("body", ['{"issuer": "a", "issuer": "b"}', "[]", "", "{" * 100_000, '{"a": NaN}'])
def test_a_document_is_read_strictly(server, body) -> None:
    server.answers(200, body, JSON)
    with pytest.raises(DocumentUnavailable):
        discovery(server.url).get()
