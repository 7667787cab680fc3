"""Keys: what is too weak, too strange or not one's own to publish is not taken."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ostiary.features.tokens.signing_keys import generate_key
from ostiary.standards.jose.key_set import MOST_KEYS, KeySet, parse_key_set
from ostiary.standards.jose.key_strength import check_rsa_numbers
from ostiary.standards.jose.keys import key_of_secret, parse_jwk, parse_pem
from ostiary.standards.jose.refusals import KeyRefused

ES = generate_key("ES256")


def pem(private):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def reason(call, *arguments, **named):
    with pytest.raises(KeyRefused) as caught:
        call(*arguments, **named)
    return caught.value.reason


@pytest.mark.attack("A13")
@pytest.mark.asvs("V11.2.3")
@pytest.mark.parametrize("secret", [b"", b"12345678", b"a" * 31, b"a" * 64, b"abcdefg" * 10])
def test_a_weak_secret_is_refused(secret):
    assert reason(key_of_secret, secret) == "weak_key"


@pytest.mark.attack("A14")
@pytest.mark.asvs("V11.6.1")
def test_a_small_rsa_key_is_refused():
    small = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    assert reason(parse_pem, pem(small), algorithm="RS256") == "weak_key"


@pytest.mark.attack("A15")
@pytest.mark.parametrize("exponent", [1, 3, 17, 65_536, 2**300 + 1])
def test_a_strange_exponent_is_refused(exponent):
    assert reason(check_rsa_numbers, modulus=2**2_047 + 1, exponent=exponent) == "weak_key"


@pytest.mark.attack("A16")
def test_a_key_of_the_library_whose_keys_can_be_factored_is_refused():
    # A number of their form: a power of 65537 modulo the product of the first primes (CVE-2017-15361).
    primorial = 1
    for prime in (
        3,
        5,
        7,
        11,
        13,
        17,
        19,
        23,
        29,
        31,
        37,
        41,
        43,
        47,
        53,
        59,
        61,
        67,
        71,
        73,
        79,
        83,
        89,
        97,
        101,
        103,
    ):
        primorial *= prime
    for prime in (107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167):
        primorial *= prime
    modulus = pow(65_537, 12_345, primorial) + primorial * (2 ** (2_048 - primorial.bit_length()))
    assert modulus.bit_length() >= 2_048
    assert reason(check_rsa_numbers, modulus=modulus, exponent=65_537) == "weak_key"


@pytest.mark.attack("B2")
def test_an_rsa_key_says_which_of_its_two_algorithms_it_is_for():
    large = pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))
    assert reason(parse_pem, large) == "algorithm_not_said"
    assert parse_pem(large, algorithm="PS256").algorithm.name == "PS256"
    assert reason(parse_pem, large, algorithm="ES256") == "wrong_algorithm"


@pytest.mark.attack("B17")
@pytest.mark.parametrize(
    "members",
    [
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {**ES.public_members(), "alg": "ES384"},
        {**ES.public_members(), "kty": "RSA"},
        {**ES.public_members(), "crv": "secp256k1"},
        {"kty": "oct", "k": "A" * 43},
        {"kty": "XYZ"},
        {"kty": 7},
        {},
    ],
)
def test_a_key_whose_parts_do_not_belong_together_is_refused(members):
    with pytest.raises(KeyRefused):
        parse_jwk(members)


@pytest.mark.attack("B18")
def test_a_point_that_is_not_on_the_curve_is_refused():
    members = ES.public_members()
    for name in ("x", "y"):
        spoiled = {**members, name: "A" * 43}
        assert reason(parse_jwk, spoiled) == "unreadable_key"
    other = generate_key("ES256")
    assert reason(parse_jwk, {**ES.private_members(), "d": other.private_members()["d"]}) == "unreadable_key"


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}])
def test_a_key_for_something_else_signs_nothing(members):
    assert reason(parse_jwk, {**ES.public_members(), **members}) == "wrong_use"


def test_a_key_on_another_curve_is_refused():
    assert reason(parse_pem, pem(ec.generate_private_key(ec.SECP384R1()))) == "wrong_curve"
    assert parse_pem(pem(ed25519.Ed25519PrivateKey.generate())).algorithm.name == "Ed25519"
    assert reason(parse_pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----") == "unreadable_key"


@pytest.mark.attack("B14")
@pytest.mark.attack("B15")
def test_a_set_holds_no_two_of_one_name_and_no_secret_beside_public_keys():
    assert reason(KeySet, [ES, ES]) == "duplicate_kid"
    assert reason(KeySet, [ES, key_of_secret(b"Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")]) == "mixed_keys"


@pytest.mark.attack("B19")
def test_what_is_published_is_public():
    document = KeySet([ES]).document()
    assert set(document["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert KeySet([key_of_secret(b"Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")]).document() == {"keys": []}
    assert reason(parse_key_set, {"keys": [ES.private_members()]}, algorithms=["ES256"]) == "published_secret"


@pytest.mark.attack("B20")
@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": [1]}, {"keys": [{}] * (MOST_KEYS + 1)}])
def test_a_set_that_is_none_or_too_long_is_refused(document):
    with pytest.raises(KeyRefused):
        parse_key_set(document, algorithms=["ES256"])


def test_keys_for_other_purposes_are_passed_over():
    others = [
        {"kty": "XYZ"},
        {**ES.public_members(), "use": "enc", "kid": "e"},
        {**ES.public_members(), "alg": "ES512"},
    ]
    found = parse_key_set({"keys": [*others, ES.public_members()]}, algorithms=["ES256", "RS256"])
    assert [key.kid for key in found] == [ES.kid]


def test_no_key_shows_itself():
    assert str(ES.private_members()["d"]) not in repr(ES)
