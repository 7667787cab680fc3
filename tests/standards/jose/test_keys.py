"""Keys: named by their thumbprint, read from JWK and PEM, and what is published of them is the public half."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from tests.standards.jose.made_keys import OTHER, RSA, SECRET, number, pem, public_pem
from tests.standards.jose.vectors import (
    A3_KEY,
    ED25519_INPUT,
    ED25519_KEY,
    ED25519_SIGNATURE,
    ED25519_THUMBPRINT,
    THUMBPRINT,
    THUMBPRINT_KEY,
)

from ostiary.standards.jose.base64url import decode_base64url, encode_base64url
from ostiary.standards.jose.keys import key_of_secret, parse_jwk, parse_pem
from ostiary.standards.jose.refusals import KeyRefused


def refusal(act):
    with pytest.raises(KeyRefused) as caught:
        act()
    return caught.value.reason


def test_the_name_of_a_key_is_the_thumbprint_of_rfc_7638():
    unnamed = {name: value for name, value in THUMBPRINT_KEY.items() if name != "kid"}
    assert parse_jwk(unnamed).kid == THUMBPRINT
    assert parse_jwk(THUMBPRINT_KEY).kid == "2011-04-29"
    assert parse_jwk(THUMBPRINT_KEY, kid=THUMBPRINT).kid == THUMBPRINT
    assert parse_jwk(ED25519_KEY).kid == ED25519_THUMBPRINT


def test_the_signature_of_rfc_8037_is_good_and_its_name_for_the_algorithm_is_not():
    key = parse_jwk(ED25519_KEY)
    assert key.algorithm.name == "Ed25519"
    assert encode_base64url(key.sign(ED25519_INPUT.encode())) == ED25519_SIGNATURE
    assert key.verifies(ED25519_INPUT.encode(), decode_base64url(ED25519_SIGNATURE))
    assert refusal(lambda: parse_jwk({**ED25519_KEY, "alg": "EdDSA"})) == "wrong_algorithm"


@pytest.mark.attack("B17")
@pytest.mark.parametrize("name", ["ES384", "RS256", "HS256", "none", 7, ""])
def test_a_key_that_names_an_algorithm_it_does_not_fit_is_refused(name):
    assert refusal(lambda: parse_jwk({**A3_KEY, "alg": name})) == "wrong_algorithm"


def test_a_key_of_another_family_is_refused():
    assert refusal(lambda: parse_pem(pem(ed448.Ed448PrivateKey.generate()))) == "unknown_key_type"
    assert refusal(lambda: parse_jwk({"kty": "AKP", "alg": "ML-DSA-44"})) == "unknown_key_type"
    assert refusal(lambda: parse_jwk({"kty": ["EC"]})) == "unknown_key_type"


@pytest.mark.attack("A15")
@pytest.mark.parametrize("exponent", [1, 3, 17, 65_535, 65_536, 65_538, 2**300 + 1])
def test_a_jwk_with_a_small_or_even_public_exponent_is_refused(exponent):
    members = {"kty": "RSA", "n": number(RSA.public_key().public_numbers().n), "e": number(exponent), "alg": "RS256"}
    assert refusal(lambda: parse_jwk(members)) == "weak_key"


@pytest.mark.attack("B2")
def test_an_rsa_key_says_which_of_its_two_algorithms_it_is_for():
    assert refusal(lambda: parse_pem(pem(RSA))) == "algorithm_not_said"
    assert parse_pem(pem(RSA), algorithm="PS256").algorithm.name == "PS256"
    assert refusal(lambda: parse_pem(pem(RSA), algorithm="ES256")) == "wrong_algorithm"


@pytest.mark.attack("B17")
@pytest.mark.parametrize(
    "members",
    [
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {**A3_KEY, "kty": "RSA"},
        {**A3_KEY, "crv": "secp256k1"},
        {"kty": "oct", "k": "A" * 43},
        {"kty": "XYZ"},
        {"kty": 7},
        {},
    ],
)
def test_a_key_whose_parts_do_not_belong_together_is_refused(members):
    with pytest.raises(KeyRefused):
        parse_jwk(members)


@pytest.mark.attack("B17")
def test_a_key_on_another_curve_is_refused():
    assert refusal(lambda: parse_pem(pem(ec.generate_private_key(ec.SECP384R1())))) == "wrong_curve"
    assert parse_pem(pem(ed25519.Ed25519PrivateKey.generate())).algorithm.name == "Ed25519"


@pytest.mark.attack("B18")
@pytest.mark.must("8725-3.4")
@pytest.mark.parametrize(
    "spoiled", [{"x": "A" * 43}, {"y": "A" * 43}, {"x": "A" * 43, "y": "A" * 43}, {"x": A3_KEY["y"]}]
)
def test_a_point_that_is_not_on_the_curve_is_refused(spoiled):
    public = {name: value for name, value in A3_KEY.items() if name != "d"}
    assert refusal(lambda: parse_jwk({**public, **spoiled})) == "unreadable_key"
    assert refusal(lambda: parse_jwk({**A3_KEY, **spoiled})) == "unreadable_key"


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}])
def test_a_key_for_something_else_signs_nothing(members):
    public = {name: value for name, value in A3_KEY.items() if name != "d"}
    assert refusal(lambda: parse_jwk({**public, **members})) == "wrong_use"


def test_no_key_shows_itself():
    for key in (parse_jwk(A3_KEY), parse_pem(pem(RSA), algorithm="RS256")):
        assert str(key.private_members()["d"]) not in repr(key)
    assert SECRET.decode() not in repr(key_of_secret(SECRET))


@pytest.mark.parametrize("members", [A3_KEY, ED25519_KEY])
def test_a_private_half_under_another_key_s_public_half_is_refused(members):
    other = parse_pem(pem(OTHER if members["kty"] == "EC" else ed25519.Ed25519PrivateKey.generate())).private_members()
    assert refusal(lambda: parse_jwk({**members, "d": other["d"]})) == "unreadable_key"


@pytest.mark.attack("A4")
@pytest.mark.attack("A5")
@pytest.mark.attack("A7")
@pytest.mark.asvs("V9.1.2")
def test_no_form_of_a_public_key_can_be_a_secret():
    openssh = OTHER.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    der = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    texts = [
        public_pem(RSA),
        public_pem(RSA).strip(),
        public_pem(RSA, PublicFormat.PKCS1),
        public_pem(OTHER),
        json.dumps(parse_pem(public_pem(OTHER)).public_members()),
    ]
    for secret in (*(text.encode() for text in texts), openssh, der):
        assert refusal(lambda secret=secret: key_of_secret(secret)) == "key_as_secret"
    assert refusal(lambda: parse_jwk({"kty": "oct", "k": encode_base64url(SECRET)})) == "shared_secret"


def test_the_name_of_a_secret_tells_nothing_to_guess_against_that_a_token_does_not():
    key = key_of_secret(SECRET)
    assert key.kid == key_of_secret(SECRET).kid != key_of_secret(SECRET[::-1]).kid
    assert len(key.kid) == 16
    assert refusal(key.public_members) == "shared_secret"


@pytest.mark.parametrize(
    "members",
    [{"kty": "EC"}, {**A3_KEY, "x": 7}, {**A3_KEY, "x": None}, {**A3_KEY, "y": "="}, {**A3_KEY, "d": "!"},
     {**A3_KEY, "x": "AA"}, {**A3_KEY, "kid": ""}, {**A3_KEY, "kid": 7}, {**A3_KEY, "kid": "k" * 257},
     {"kty": "RSA", "n": "!", "e": "AQAB"}, {**A3_KEY, "x": "AA" + A3_KEY["x"]}],
)  # fmt: skip
def test_a_jwk_that_is_not_one_is_refused(members):
    assert refusal(lambda: parse_jwk(members)) == "unreadable_key"


def test_pem_is_read_in_each_of_its_private_forms_and_as_public_key():
    kid = parse_pem(pem(OTHER)).kid
    assert parse_pem(pem(OTHER, form=PrivateFormat.TraditionalOpenSSL)).kid == kid
    public = parse_pem(public_pem(OTHER))
    assert (public.kid, public.can_sign) == (kid, False)
    assert refusal(lambda: public.sign(b"x")) == "public_key"
    assert refusal(public.private_members) == "public_key"


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "\ud800"]
)
def test_what_is_no_pem_is_refused_without_being_shown(text):
    with pytest.raises(KeyRefused) as caught:
        parse_pem(text)
    assert "AAAA" not in str(caught.value)


def test_a_pem_key_with_a_password_is_refused_with_the_cure():
    assert refusal(lambda: parse_pem(pem(OTHER, BestAvailableEncryption(b"secret")))) == "encrypted_key"


@pytest.mark.attack("B19")
def test_what_is_published_of_a_key_is_its_public_half():
    for key in (parse_jwk(A3_KEY), parse_jwk(ED25519_KEY), parse_pem(pem(RSA), algorithm="PS256")):
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key.public_members())
        assert key.public_members()["alg"] == key.algorithm.name
        assert parse_jwk(key.public_members()).kid == key.kid
        assert parse_jwk(key.private_members()).can_sign


@pytest.mark.attack("A26")
def test_a_mac_is_compared_in_constant_time():
    import inspect

    from joserfc import jwa

    assert "compare_digest" in inspect.getsource(jwa.HMACAlgorithm.verify)
