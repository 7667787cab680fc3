"""Key sets: unmixed, each key with a name of its own, and of somebody's published set only what is wanted."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.standards.jose.made_keys import RSA, SECRET, number
from tests.standards.jose.vectors import A3_KEY, ED25519_KEY

from ostiary.standards.jose.key_set import MOST_KEYS, KeySet, parse_key_set
from ostiary.standards.jose.keys import key_of_secret, parse_jwk
from ostiary.standards.jose.refusals import KeyRefused

EC = {name: value for name, value in A3_KEY.items() if name != "d"}
ED = {name: value for name, value in ED25519_KEY.items() if name != "d"}
NUMBERS = RSA.public_key().public_numbers()
RSA_JWK = {"kty": "RSA", "n": number(NUMBERS.n), "e": "AQAB"}
ALL = ("ES256", "Ed25519", "RS256", "PS256")


def refusal(document, algorithms=ALL):
    with pytest.raises(KeyRefused) as caught:
        parse_key_set(document, algorithms=algorithms)
    return caught.value.reason


@pytest.mark.attack("B14")
def test_two_keys_of_one_name_are_refused():
    assert refusal({"keys": [{**EC, "kid": "a"}, {**ED, "kid": "a"}]}) == "duplicate_kid"
    assert refusal({"keys": [EC, EC]}) == "duplicate_kid"


@pytest.mark.attack("B15")
def test_a_secret_and_public_keys_in_one_set_are_refused():
    with pytest.raises(KeyRefused) as caught:
        KeySet([key_of_secret(SECRET), parse_jwk(A3_KEY)])
    assert caught.value.reason == "mixed_keys"
    assert refusal({"keys": [EC, {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}]}) == "published_secret"


@pytest.mark.attack("B19")
def test_a_set_that_publishes_a_private_key_is_refused_whole():
    assert refusal({"keys": [ED, A3_KEY]}) == "published_secret"


@pytest.mark.attack("B2")
def test_a_key_without_an_algorithm_is_bound_to_the_only_one_that_fits_or_passed_over():
    assert [key.algorithm.name for key in parse_key_set({"keys": [RSA_JWK]}, algorithms=["RS256"])] == ["RS256"]
    assert len(parse_key_set({"keys": [RSA_JWK]}, algorithms=["RS256", "PS256"])) == 0
    assert [key.algorithm.name for key in parse_key_set({"keys": [EC]}, algorithms=ALL)] == ["ES256"]


def test_what_is_not_wanted_is_passed_over():
    document = {
        "keys": [
            {**EC, "use": "enc", "kid": "e"},
            {"kty": "AKP"},
            {**RSA_JWK, "alg": "RSA-OAEP"},
            {**EC, "alg": "ES512", "kid": "512"},
            {**ED, "alg": "Ed25519"},
        ]
    }
    assert [key.algorithm.name for key in parse_key_set(document, algorithms=ALL)] == ["Ed25519"]
    assert len(parse_key_set(document, algorithms=["RS256"])) == 0


@pytest.mark.attack("A14")
def test_a_weak_key_makes_the_set_unusable():
    small = rsa.generate_private_key(65_537, 1_024).public_key().public_numbers()
    assert refusal({"keys": [EC, {"kty": "RSA", "n": number(small.n), "e": "AQAB", "alg": "RS256"}]}) == "weak_key"


@pytest.mark.attack("B20")
@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": [7]}, {"keys": [[]]}])
def test_what_is_no_set_is_refused(document):
    assert refusal(document) == "unreadable_key"


@pytest.mark.attack("B20")
def test_a_set_of_very_many_keys_is_refused_before_any_is_read():
    assert refusal({"keys": [EC] * (MOST_KEYS + 1)}) == "too_many_keys"


@pytest.mark.attack("A10")
@pytest.mark.must("8725-3.1-a")
def test_algorithms_have_to_be_named_and_be_for_published_keys():
    with pytest.raises(TypeError):
        parse_key_set({"keys": []})
    for algorithms in ((), ("HS256",), ("none",), ("ES256", "EdDSA")):
        assert refusal({"keys": [EC]}, algorithms) == "wrong_algorithm"


@pytest.mark.attack("B19")
def test_of_shared_secrets_nothing_is_published():
    assert KeySet([key_of_secret(SECRET)]).document() == {"keys": []}
    [published] = KeySet([parse_jwk(A3_KEY)]).document()["keys"]
    assert published["kid"] == parse_jwk(A3_KEY).kid
    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
