"""Compact tokens: what is refused before anything is believed, and the vectors of the standards."""

import json
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.tokens.signing_keys import generate_key
from ostiary.standards.jose.jws import LONGEST_TOKEN, parse_compact, sign_compact
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.keys import key_of_secret, parse_jwk, parse_pem
from ostiary.standards.jose.refusals import InvalidToken

TYPES = frozenset({"at+jwt"})
ES = generate_key("ES256")
ED = generate_key("Ed25519")
SECRET = b"Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"
HS = key_of_secret(SECRET)
RSA_PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
RSA_PEM = RSA_PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
RS, PS = parse_pem(RSA_PEM, algorithm="RS256"), parse_pem(RSA_PEM, algorithm="PS256")


def b64(value):
    raw = (
        value
        if isinstance(value, bytes)
        else json.dumps(value).encode()
        if not isinstance(value, str)
        else value.encode()
    )
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def good(key=ES, **claims):
    return sign_compact({"sub": "ada", **claims}, key, type="at+jwt")


def refused(text, keys=None):
    with pytest.raises(InvalidToken) as caught:
        parse_compact(text).verify(keys or KeySet([ES]), types=TYPES)
    return caught.value.reason


@pytest.mark.parametrize("key", [ES, ED, HS, RS, PS], ids=lambda key: key.algorithm.name)
def test_what_a_key_signs_it_verifies(key):
    assert parse_compact(good(key)).verify(KeySet([key]), types=TYPES) == {"sub": "ada"}


@pytest.mark.attack("A2")
@pytest.mark.attack("A3")
@pytest.mark.asvs("V9.1.2")
@pytest.mark.parametrize(
    "name", ["none", "noNE", "NONE", "nOnE", "none ", "None", "", "es256", "HS256", "EdDSA", "ES384"]
)
@pytest.mark.parametrize("signature", ["", "AA", "A" * 86])
def test_no_other_algorithm_is_ever_taken(name, signature):
    text = f"{b64({'alg': name, 'typ': 'at+jwt', 'kid': ES.kid})}.{b64({'sub': 'admin'})}.{signature}"
    assert refused(text) in ("malformed", "wrong_algorithm")


@pytest.mark.attack("A4")
@pytest.mark.attack("A5")
@pytest.mark.attack("A7")
def test_a_public_key_is_never_a_shared_secret():
    public = RSA_PRIVATE.public_key()
    forms = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        json.dumps(RS.public_members()).encode(),
    ]
    for secret in forms:
        signing_input = f"{b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': RS.kid})}.{b64({'sub': 'admin'})}"
        mac = HMAC(secret, hashes.SHA256())
        mac.update(signing_input.encode())
        assert refused(f"{signing_input}.{b64(mac.finalize())}", KeySet([RS])) == "wrong_algorithm"


@pytest.mark.attack("A8")
@pytest.mark.attack("A9")
def test_one_key_has_one_algorithm():
    signing_input = f"{b64({'alg': 'PS256', 'typ': 'at+jwt', 'kid': RS.kid})}.{b64({'sub': 'admin'})}"
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    signature = RSA_PRIVATE.sign(signing_input.encode(), pss, hashes.SHA256())
    assert refused(f"{signing_input}.{b64(signature)}", KeySet([RS])) == "wrong_algorithm"
    # And under the name of the key's own algorithm it is a wrong signature.
    own = f"{b64({'alg': 'RS256', 'typ': 'at+jwt', 'kid': RS.kid})}.{b64({'sub': 'admin'})}"
    assert (
        refused(f"{own}.{b64(RSA_PRIVATE.sign(own.encode(), pss, hashes.SHA256()))}", KeySet([RS])) == "bad_signature"
    )


@pytest.mark.attack("A1")
@pytest.mark.attack("A19")
@pytest.mark.attack("A20")
@pytest.mark.attack("A21")
def test_a_signature_has_exactly_the_length_of_its_algorithm():
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = parse_pem(pem, algorithm="ES256")
    signing_input = f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': key.kid})}.{b64({'sub': 'ada'})}"
    der = private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    right = key.sign(signing_input.encode())
    for wrong in (der, right + b"\x00", right[:-1], b"\x00" + right, b"\x00" * 64, b"\x01" * 4_000):
        assert refused(f"{signing_input}.{b64(wrong)}", KeySet([key])) == "bad_signature"
    assert parse_compact(f"{signing_input}.{b64(right)}").verify(KeySet([key]), types=TYPES)


@pytest.mark.attack("A22")
@pytest.mark.attack("A25")
@pytest.mark.attack("C14")
@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c.d.e", "a..c", ".b.c", "a.b.", "{}", "a.b.c", "e30.e30.e30"]
)
def test_what_is_not_three_parts_of_json_is_no_token(text):
    assert refused(text) in ("malformed", "wrong_type", "unknown_key", "wrong_algorithm")


@pytest.mark.attack("A23")
def test_whatever_is_changed_the_signature_is_wrong():
    header, payload, signature = good().split(".")
    other = b64({"sub": "admin"})
    assert refused(f"{header}.{other}.{signature}") == "bad_signature"
    assert refused(f"{header}.{payload}.{good(iat=1).split('.')[2]}") == "bad_signature"
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    assert refused(f"{header}.{payload}.{flipped}") == "bad_signature"


@pytest.mark.attack("B3")
@pytest.mark.attack("B5")
@pytest.mark.attack("B6")
@pytest.mark.attack("B24")
@pytest.mark.asvs("V9.1.3")
@pytest.mark.parametrize(
    "extra",
    [{"jwk": "own"}, {"jku": "https://evil.test/jwks"}, {"x5u": "https://evil.test"}, {"x5c": ["AA"]}, {"cty": "JWT"}],
)
def test_a_key_that_a_token_brings_is_never_looked_at(extra):
    thief = generate_key("ES256")
    if "jwk" in extra:
        extra = {"jwk": thief.public_members()}
    for kid in (ES.kid, thief.kid):
        header = {"alg": "ES256", "typ": "at+jwt", "kid": kid, **extra}
        signing_input = f"{b64(header)}.{b64({'sub': 'admin'})}"
        text = f"{signing_input}.{b64(thief.sign(signing_input.encode()))}"
        assert refused(text) in ("bad_signature", "unknown_key")


@pytest.mark.attack("B7")
@pytest.mark.attack("B8")
@pytest.mark.attack("B9")
@pytest.mark.parametrize("crit", [["bork"], ["cnf"], [], "exp", ["alg"], ["b64"], None, 1])
def test_what_is_critical_and_not_understood_is_refused(crit):
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ES.kid, "crit": crit}
    signing_input = f"{b64(header)}.{b64({'sub': 'ada'})}"
    assert refused(f"{signing_input}.{b64(ES.sign(signing_input.encode()))}") == "critical_header"


@pytest.mark.attack("B1")
@pytest.mark.attack("B11")
@pytest.mark.parametrize(
    "kid", ["' OR 1=1 --", "../../etc/passwd", "/dev/null", "a\u0000b", "k" * 5_000, {}, [], 7, True, None, ""]
)
def test_a_name_of_a_key_is_looked_up_and_nothing_else(kid):
    header = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    signing_input = f"{b64(header)}.{b64({'sub': 'ada'})}"
    assert refused(f"{signing_input}.{b64(ES.sign(signing_input.encode()))}") in (
        "unknown_key",
        "malformed",
        "too_large",
    )


@pytest.mark.attack("B23")
@pytest.mark.asvs("V9.2.2")
@pytest.mark.parametrize("type", ["JWT", "jwt", "logout+jwt", "dpop+jwt", "at+jwt ", "secevent+jwt", "application/JWT"])
def test_a_token_of_another_type_by_the_same_key_serves_no_other_purpose(type):
    assert refused(sign_compact({"sub": "ada"}, ES, type=type)) == "wrong_type"
    assert parse_compact(sign_compact({}, ES, type="application/AT+JWT")).verify(KeySet([ES]), types=TYPES) == {}


@pytest.mark.attack("C1")
@pytest.mark.attack("C2")
@pytest.mark.attack("C5")
@pytest.mark.attack("C6")
@pytest.mark.parametrize(
    "document",
    [
        '{"sub":"a","sub":"admin"}',
        '{"sub":"ada"} x',
        "[]",
        '"ada"',
        "1",
        "null",
        '{"exp":NaN}',
        '{"exp":Infinity}',
        '{"sub":"\\ud800"}',
        "\ufeff{}",
        "{" * 100,
        '{"a":' * 50 + "1" + "}" * 50,
        '{"n":' + "9" * 5_000 + "}",
    ],
)
def test_a_document_that_two_readers_would_read_differently_is_refused_in_header_and_payload(document):
    signing_input = f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': ES.kid})}.{b64(document)}"
    assert refused(f"{signing_input}.{b64(ES.sign(signing_input.encode()))}") == "malformed"
    signing_input = f"{b64(document)}.{b64({'sub': 'ada'})}"
    assert refused(f"{signing_input}.{b64(ES.sign(signing_input.encode()))}") in ("malformed", "wrong_type")


@pytest.mark.attack("C5")
@pytest.mark.parametrize("raw", [b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b"{\x00}"])
def test_other_encodings_are_no_json(raw):
    signing_input = f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': ES.kid})}.{b64(raw)}"
    assert refused(f"{signing_input}.{b64(ES.sign(signing_input.encode()))}") == "malformed"


@pytest.mark.attack("C3")
@pytest.mark.parametrize("spoil", ["=", "==", "+", "/", " ", "\n", "?", "\u0660"])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_no_text_but_the_one_of_its_bytes_is_read(spoil, part):
    parts = good().split(".")
    parts[part] += spoil
    assert refused(".".join(parts)) == "malformed"


def test_the_unused_bits_of_the_last_character_are_zero():
    header, payload, signature = good(ED).split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    assert refused(f"{header}.{payload}.{twin}", KeySet([ED])) == "malformed"


@pytest.mark.attack("C15")
@pytest.mark.attack("U3")
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_huge_part_is_refused_before_it_is_decoded(part):
    parts = good().split(".")
    parts[part] = "A" * 5_000_000
    assert refused(".".join(parts)) == "too_large"
    assert LONGEST_TOKEN == 8_192


@given(
    st.text(max_size=200)
    | st.from_regex(r"[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,90}", fullmatch=True)
)
def test_whatever_is_presented_is_refused_with_a_word(text):
    with pytest.raises(InvalidToken):
        parse_compact(text).verify(KeySet([ES]), types=TYPES)


# The standards' own vectors.


@pytest.mark.must("8725-3.2")
def test_rfc_7515_appendix_a_2_is_verified_and_its_type_is_what_is_asked():
    key = parse_jwk(
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
            "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
            "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
        algorithm="RS256",
    )
    text = (
        "eyJhbGciOiJSUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
        "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
        "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    )
    assert parse_compact(text).verify(KeySet([key]), types={None})["iss"] == "joe"
    assert refused(text, KeySet([key])) == "wrong_type"


def test_rfc_7515_appendix_a_3_is_verified():
    key = parse_jwk(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }
    )
    text = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert parse_compact(text).verify(KeySet([key]), types={None})["iss"] == "joe"


def test_rfc_8037_appendix_a_3_is_the_thumbprint_of_its_key_and_its_old_name_is_refused():
    key = parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    text = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    signing_input, _, signature = text.rpartition(".")
    from ostiary.standards.jose.base64url import decode_base64url

    assert key.verifies(signing_input.encode(), decode_base64url(signature))
    # RFC 9864: "EdDSA" says too little.
    with pytest.raises(InvalidToken, match="wrong_algorithm|malformed"):
        parse_compact(text).verify(KeySet([key]), types={None})


def test_rfc_7638_section_3_1_is_the_thumbprint_of_its_key():
    members = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM"
        "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91C"
        "bOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
    }
    assert parse_jwk(members, algorithm="RS256").kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
