"""The keys of an issuer: a rotation is seen at once, and a storm of invented key ids costs one request a minute."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from joserfc.jwk import ECKey
from tests.outbound.server import Server
from tests.shop import FrozenClock

from ostiary.outbound import DocumentUnavailable, OutboundClient
from ostiary.outbound.jwks_cache import JwksCache
from ostiary.standards.jose.key_set import parse_key_set
from ostiary.standards.strict_json import decode_json_object

MINUTE = 60_000
JSON = {"Content-Type": "application/jwk-set+json"}


def published(*kids: str) -> str:
    """A document of keys with these names, each time new ones."""
    return json.dumps({"keys": [{**jwk(generate_private_key(SECP256R1())), "kid": kid} for kid in kids]})


def jwk(key) -> dict:
    return ECKey.import_key(key.public_key()).as_dict(private=False)


def read(body: bytes):
    return parse_key_set(decode_json_object(body), algorithms=("ES256",))


def known(keys: JwksCache, kid: str) -> bool:
    return kid in keys.get_with(kid)


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def server():
    with Server() as made:
        made.answers(200, published("first"), JSON)
        yield made


@pytest.fixture
def keys(server, clock):
    return keys_at(server.url, clock)


def keys_at(url, clock) -> JwksCache:
    client = OutboundClient(allow_loopback=True)
    return JwksCache("the issuer", lambda: url, read, client=client, clock=clock)


@pytest.mark.attack("P10")
def test_a_rotation_is_seen_at_the_first_token_of_the_new_key(server, keys, clock) -> None:
    assert known(keys, "first")
    clock.pass_(5_000)
    server.answers(200, published("first", "second"), JSON)
    assert known(keys, "second")
    assert known(keys, "first")
    assert len(server.requests) == 2


@pytest.mark.attack("B13")
def test_a_thousand_invented_key_ids_cost_one_request_a_minute(server, keys, clock) -> None:
    keys.get_with("first")
    clock.pass_(5_000)
    with ThreadPoolExecutor(8) as threads:
        assert not any(threads.map(lambda number: known(keys, f"invented-{number}"), range(1_000)))
    assert len(server.requests) == 2
    assert known(keys, "first")
    clock.pass_(MINUTE)
    assert not known(keys, "invented")
    assert len(server.requests) == 3


@pytest.mark.attack("B13")
def test_the_first_request_of_all_is_enough_for_invented_key_ids(server, keys) -> None:
    assert not any(known(keys, f"invented-{number}") for number in range(1_000))
    assert len(server.requests) == 1


@pytest.mark.attack("B13")
@pytest.mark.attack("X3")
def test_known_keys_stay_while_the_issuer_is_down(server, keys, clock) -> None:
    keys.get_with("first")
    clock.pass_(2 * 60 * MINUTE)
    server.answers(500)
    assert known(keys, "first")
    with pytest.raises(DocumentUnavailable):
        keys.get_with("invented")
    clock.pass_(24 * 60 * MINUTE)
    with pytest.raises(DocumentUnavailable):
        keys.get_with("first")


def test_a_key_that_its_issuer_took_back_is_gone_once_the_answer_is_old(server, keys, clock) -> None:
    keys.get_with("first")
    server.answers(200, published("second"), JSON)
    clock.pass_(60 * MINUTE)
    assert not known(keys, "first")
    assert "first" not in keys.get()


def test_an_issuer_that_is_down_at_the_start_is_asked_again_later(server, keys, clock) -> None:
    server.answers(503)
    with pytest.raises(DocumentUnavailable):
        keys.get_with("first")
    server.answers(200, published("first"), JSON)
    clock.pass_(10_000)
    assert known(keys, "first")


@pytest.mark.attack("B12")
def test_the_key_of_one_issuer_is_none_of_anothers(server, clock) -> None:
    with Server() as other:
        other.answers(200, published("first"), JSON)
        ours, theirs = keys_at(server.url, clock), keys_at(other.url, clock)
        mine, other_key = ours.get().find("first"), theirs.get().find("first")
        assert mine.public_members() != other_key.public_members()


def test_an_etag_is_not_sent_to_another_address(server, clock) -> None:
    server.answers(200, published("first"), {**JSON, "ETag": '"v1"'})
    where = iter([server.url + "/old", server.url + "/new"])
    client = OutboundClient(allow_loopback=True)
    keys = JwksCache("the issuer", lambda: next(where), read, client=client, clock=clock)
    keys.get_with("first")
    clock.pass_(60 * MINUTE)
    keys.get_with("first")
    assert [(request.path, "if-none-match" in request.headers) for request in server.requests] == [
        ("/old", False),
        ("/new", False),
    ]
