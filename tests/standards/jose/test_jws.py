"""Compact tokens: the examples of the standard, and everything that is not one to the letter."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.standards.jose.made_keys import RSA, SECRET, pem, public_pem
from tests.standards.jose.vectors import (
    A1_SECRET,
    A1_TOKEN,
    A2_KEY,
    A2_TOKEN,
    A3_KEY,
    A3_TOKEN,
    CLAIMS,
    ED25519_INPUT,
    ED25519_KEY,
    ED25519_SIGNATURE,
    PAYLOAD,
)

from ostiary.standards.jose.base64url import decode_base64url, encode_base64url
from ostiary.standards.jose.jws import LONGEST_TOKEN, parse_compact, sign_compact
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.keys import key_of_secret, parse_jwk, parse_pem
from ostiary.standards.jose.refusals import InvalidToken

ES = parse_jwk(A3_KEY)
ED = parse_jwk(ED25519_KEY)
RS = parse_pem(pem(RSA), algorithm="RS256")
PS = parse_pem(pem(RSA), algorithm="PS256")
HS = key_of_secret(SECRET)
KEYS = [ES, ED, RS, PS, HS]
ANY = {None, "jwt", "at+jwt"}


def verify(token, *keys, types=ANY):
    return parse_compact(token).verify(KeySet(keys), types=types)


def refusal(token, *keys, types=ANY):
    with pytest.raises(InvalidToken) as caught:
        verify(token, *(keys or (ES,)), types=types)
    return caught.value.reason


def write(document):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return encode_base64url(text)


def token_of(header, claims=None, key=ES, signature=None):
    """A token with any header at all, signed by the key all the same."""
    signing_input = f"{write(header)}.{write(CLAIMS if claims is None else claims)}"
    made = key.sign(signing_input.encode()) if signature is None else signature
    return f"{signing_input}.{encode_base64url(made)}"


HEADER = {"alg": "ES256", "kid": ES.kid, "typ": "JWT"}


# The examples


@pytest.mark.must("7515-5.2")
def test_the_examples_of_rfc_7515_verify():
    assert verify(A1_TOKEN, key_of_secret(decode_base64url(A1_SECRET))) == CLAIMS
    assert verify(A2_TOKEN, parse_jwk(A2_KEY, algorithm="RS256")) == CLAIMS
    assert verify(A3_TOKEN, ES) == CLAIMS
    # They say no type, which is asked for all the same.
    assert refusal(A3_TOKEN, ES, types={"at+jwt"}) == "wrong_type"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.algorithm.name)
def test_what_is_signed_verifies_and_says_its_type_and_key(key):
    token = sign_compact({"sub": "adä"}, key, type="at+jwt")
    parsed = parse_compact(token)
    assert (parsed.algorithm, parsed.kid, parsed.type) == (key.algorithm.name, key.kid, "at+jwt")
    assert verify(token, key) == {"sub": "adä"}


# Algorithms


@pytest.mark.must("CS-JWT")
@pytest.mark.must("8725-3.2")
@pytest.mark.attack("A2")
@pytest.mark.attack("A3")
@pytest.mark.must("8725bis-2.11")
@pytest.mark.asvs("V9.1.2")
@pytest.mark.parametrize(
    "name", ["none", "noNE", "NONE", "nOnE", "none ", "None", "es256", "ES256 ", "ES384", "RS256", "HS256", "EdDSA"]
)
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.algorithm.name)
def test_no_token_chooses_its_algorithm(name, key):
    if name != key.algorithm.name:
        for signature in (None, b"\0", bytes(64)):
            header = {**HEADER, "alg": name, "kid": key.kid}
            assert refusal(token_of(header, key=key, signature=signature), key) == "wrong_algorithm"
        unsigned = f"{write({'alg': name, 'kid': key.kid})}.{PAYLOAD}."
        assert refusal(unsigned, key) == "malformed"


@pytest.mark.attack("A4")
@pytest.mark.attack("A5")
@pytest.mark.attack("A7")
@pytest.mark.asvs("V9.1.2")
@pytest.mark.parametrize("key", [RS, PS, ES, ED], ids=lambda key: key.algorithm.name)
def test_a_mac_made_with_a_public_key_is_no_signature(key):
    native = parse_pem(public_pem(RSA), algorithm="RS256")
    forms = [public_pem(RSA), public_pem(RSA).strip(), public_pem(RSA, PublicFormat.PKCS1), json.dumps(key.public_members()),
             json.dumps(native.public_members()), ""]  # fmt: skip
    forms = [form.encode() for form in forms] + [RSA.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)]
    for form in forms:
        signing_input = f"{write({'alg': 'HS256', 'kid': key.kid, 'typ': 'JWT'})}.{PAYLOAD}"
        mac = hmac.digest(form, signing_input.encode(), "sha256")
        assert refusal(f"{signing_input}.{encode_base64url(mac)}", key) == "wrong_algorithm"


@pytest.mark.attack("A8")
@pytest.mark.attack("A9")
@pytest.mark.must("8725-3.1-b")
def test_a_key_is_used_with_its_own_algorithm_only():
    header = {"alg": "PS256", "kid": RS.kid}
    assert refusal(token_of(header, key=PS), RS) == "wrong_algorithm"
    assert refusal(token_of({**header, "alg": "RS256"}, key=PS), RS) == "bad_signature"
    assert refusal(token_of({"alg": "RS256", "kid": PS.kid}, key=PS), PS) == "wrong_algorithm"


@pytest.mark.attack("A10")
@pytest.mark.attack("A11")
@pytest.mark.must("8725-3.1-a")
def test_keys_and_types_have_to_be_given_and_nothing_takes_an_algorithm_from_a_token():
    with pytest.raises(TypeError):
        parse_compact(A3_TOKEN).verify()
    with pytest.raises(TypeError):
        parse_compact(A3_TOKEN).verify(KeySet([ES]))


# Signatures


@pytest.mark.attack("A1")
@pytest.mark.attack("A19")
@pytest.mark.attack("A21")
@pytest.mark.parametrize("extra", [b"\0", b"\0" * 64, b"\0" * 4_000])
def test_a_signature_of_another_length_is_refused_before_anything_is_computed(extra):
    made = ES.sign(A3_TOKEN.rpartition(".")[0].encode())
    for signature in (made + extra, extra + made, made[:-1], made[:32]):
        assert refusal(f"{A3_TOKEN.rpartition('.')[0]}.{encode_base64url(signature)}") == "bad_signature"
    assert refusal(f"{A3_TOKEN.rpartition('.')[0]}.{'A' * 21_830}") == "too_large"


@pytest.mark.attack("A20")
def test_a_signature_in_asn1_is_refused():
    signing_input = A3_TOKEN.rpartition(".")[0]
    raw = ES.sign(signing_input.encode())
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert refusal(f"{signing_input}.{encode_base64url(der)}") == "bad_signature"


@pytest.mark.parametrize(
    "r", [0, 1, 2**256 - 1, int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)]
)
def test_a_signature_of_numbers_that_none_has_is_refused(r):
    for pair in ((r, r), (0, r), (r, 0)):
        raw = b"".join(one.to_bytes(32, "big") for one in pair)
        assert refusal(f"{A3_TOKEN.rpartition('.')[0]}.{encode_base64url(raw)}") == "bad_signature"


@pytest.mark.attack("A17")
def test_a_signature_with_padding_of_one_s_own_is_refused():
    signing_input = token_of({"alg": "RS256", "kid": RS.kid}, key=RS).rpartition(".")[0].encode()
    numbers = RSA.private_numbers()
    n, d = numbers.public_numbers.n, numbers.d
    digest = hashlib.sha256(signing_input).digest()
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
    size = 256

    def padded(info, start=b"\x00\x01", fill=b"\xff", tail=b""):
        return start + fill * (size - len(info) - 3 - len(tail)) + b"\x00" + info + tail

    forged = [
        padded(without_null + digest),
        padded(prefix + digest, start=b"\x00\x02"),
        padded(prefix + digest, fill=b"\xfe"),
        padded(prefix + digest, tail=b"\x00" * 100),
        b"\x00\x01\xff\x00" + prefix + digest + b"\x00" * (size - 4 - len(prefix) - 32),
        padded(digest),
    ]
    for block in forged:
        signature = pow(int.from_bytes(block, "big"), d, n).to_bytes(size, "big")
        assert refusal(f"{signing_input.decode()}.{encode_base64url(signature)}", RS) == "bad_signature"
    good = pow(int.from_bytes(padded(prefix + digest), "big"), d, n).to_bytes(size, "big")
    assert verify(f"{signing_input.decode()}.{encode_base64url(good)}", RS) == CLAIMS


def test_a_pss_signature_with_a_salt_of_another_length_is_refused():
    signing_input = token_of({"alg": "PS256", "kid": PS.kid}, key=PS).rpartition(".")[0]
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=20)
    signature = RSA.sign(signing_input.encode(), pss, hashes.SHA256())
    assert refusal(f"{signing_input}.{encode_base64url(signature)}", PS) == "bad_signature"


@pytest.mark.attack("A23")
@pytest.mark.asvs("V9.1.1")
@pytest.mark.parametrize("token,key", [(A1_TOKEN, key_of_secret(decode_base64url(A1_SECRET))), (A3_TOKEN, ES)])
def test_no_character_of_a_token_can_be_changed(token, key):
    for at in range(0, len(token), 7):
        for other in ("A", "B"):
            changed = token[:at] + other + token[at + 1 :]
            if changed != token:
                with pytest.raises(InvalidToken):
                    verify(changed, key)


@pytest.mark.asvs("V9.1.1")
def test_what_a_token_claims_cannot_be_reached_before_it_is_verified():
    parsed = parse_compact(A3_TOKEN)
    assert [name for name in dir(parsed) if not name.startswith("_")] == [
        "algorithm",
        "header",
        "kid",
        "said_issuer",
        "type",
        "verify",
    ]
    assert "joe" not in repr(parsed)


def test_a_header_that_was_seen_before_is_not_read_again_and_another_one_is(monkeypatch):
    seen = parse_compact(A3_TOKEN).header
    other = token_of({"alg": "ES256", "kid": "another"})
    assert parse_compact(other, seen=seen).kid == "another"
    monkeypatch.setattr("ostiary.standards.jose.jws._parse_header", None)
    assert parse_compact(A3_TOKEN, seen=seen).header is seen


# Headers


@pytest.mark.attack("B3")
@pytest.mark.attack("B5")
@pytest.mark.attack("B6")
@pytest.mark.asvs("V9.1.3")
@pytest.mark.must("8725-3.10")
def test_a_key_that_a_token_brings_along_is_not_looked_at(monkeypatch):
    import socket

    def no_socket(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    own = parse_pem(pem(RSA), algorithm="RS256")
    for extra in (
        {"jwk": own.public_members()},
        {"jku": "https://trusted.example@127.0.0.1/"},
        {"x5u": "http://127.0.0.1/"},
        {"x5c": ["AA=="]},
    ):
        assert refusal(token_of({"alg": "RS256", "kid": own.kid, **extra}, key=own), ES) == "unknown_key"
        assert refusal(token_of({"alg": "RS256", **extra}, key=own), ES) == "wrong_algorithm"
        assert refusal(token_of({**HEADER, **extra}, signature=bytes(64))) == "bad_signature"


@pytest.mark.attack("B7")
@pytest.mark.attack("B8")
@pytest.mark.attack("B9")
@pytest.mark.must("7515-4.1.11")
@pytest.mark.parametrize("crit", [["bork"], ["cnf"], [], "exp", ["alg"], ["exp", "exp"], [7], None, 1, {}, ["b64"]])
def test_what_is_critical_is_refused(crit):
    assert refusal(token_of({**HEADER, "crit": crit, "cnf": {}, "bork": 1, "b64": False})) == "critical_header"
    assert refusal(token_of({**HEADER, "crit": crit})) == "critical_header"
    assert refusal(token_of({**HEADER, "b64": False})) == "critical_header"


@pytest.mark.attack("B11")
@pytest.mark.attack("B1")
@pytest.mark.parametrize("kid", ["' OR 1=1 --", "../../etc/passwd", "/dev/null", "a\u0000b", "k" * 256])
def test_a_name_that_is_nobody_s_finds_no_key(kid):
    assert refusal(token_of({**HEADER, "kid": kid})) == "unknown_key"


@pytest.mark.attack("B11")
@pytest.mark.parametrize("member", ["kid", "alg", "typ"])
@pytest.mark.parametrize("value", [{}, [], 7, True, None, "", "k" * 1_000])
def test_a_member_of_the_header_that_is_no_text_is_refused(member, value):
    assert refusal(token_of({**HEADER, member: value})) == "malformed"


def test_a_header_that_names_no_algorithm_is_refused():
    assert refusal("e30.e30.e30") == "wrong_algorithm"


def test_a_token_without_a_name_is_verified_by_the_only_key():
    token = token_of({"alg": "ES256"})
    assert verify(token, ES) == CLAIMS
    assert refusal(token, ES, ED) == "unknown_key"


@pytest.mark.attack("B23")
@pytest.mark.asvs("V9.2.2")
@pytest.mark.must("8725-3.11")
@pytest.mark.must("9068-2.1")
@pytest.mark.parametrize(
    "typ,good",
    [("at+jwt", True), ("application/at+jwt", True), ("AT+JWT", True), ("application/AT+JWT", True), ("JWT", False), ("jwt", False),
     ("application/JWT", False), ("dpop+jwt", False), ("logout+jwt", False), ("secevent+jwt", False), ("at+jwt ", False), ("text/at+jwt", False), ("application/application/at+jwt", False), (None, False)],
)  # fmt: skip
def test_a_token_of_another_type_is_refused(typ, good):
    header = {name: value for name, value in {**HEADER, "typ": typ}.items() if value is not None}
    if good:
        assert verify(token_of(header), ES, types={"at+jwt"}) == CLAIMS
    else:
        assert refusal(token_of(header), ES, types={"at+jwt"}) == "wrong_type"


@pytest.mark.attack("B24")
@pytest.mark.must("8725-3.3")
def test_a_token_inside_a_token_is_refused():
    inner = f"{write({'alg': 'none'})}.{PAYLOAD}."
    assert refusal(token_of({**HEADER, "cty": "JWT"}, claims=inner.encode())) == "malformed"


# Encoding


@pytest.mark.attack("C14")
@pytest.mark.attack("A22")
@pytest.mark.attack("C15")
@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "....", "a", "a.b", "a.b.", ".b.c", "a..c", "a.b.c", "a.b.c.d", "a.b.c.d.e", "{}", A3_TOKEN + ".", "." + A3_TOKEN,
     A3_TOKEN.rpartition(".")[0], A3_TOKEN.rpartition(".")[0] + ".", f"{{{A3_TOKEN}}}", f'"{A3_TOKEN}"', A3_TOKEN + "\n",
     " " + A3_TOKEN, A3_TOKEN.replace(".", ". "), A3_TOKEN + "=", A3_TOKEN.replace(".", "\u3002"), "\ud800.\ud800.\ud800"],
)  # fmt: skip
def test_what_is_no_compact_token_to_the_letter_is_refused(text):
    assert refusal(text) == "malformed"


@pytest.mark.attack("C3")
@pytest.mark.parametrize("spoil", ["=", "==", "+", "/", " ", "\n", "?", "\u0660"])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_no_text_but_the_one_of_its_bytes_is_read(spoil, part):
    parts = A3_TOKEN.split(".")
    parts[part] += spoil
    assert refusal(".".join(parts)) == "malformed"


@pytest.mark.attack("C3")
def test_the_unused_bits_of_the_last_character_are_zero():
    token = sign_compact({"sub": "ada"}, ED, type="JWT")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    assert refusal(twin, ED) == "malformed"


@pytest.mark.attack("C15")
@pytest.mark.attack("U3")
@pytest.mark.must("8725bis-3.14")
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_long_text_is_refused_by_its_length(part):
    parts = A3_TOKEN.split(".")
    parts[part] = "A" * 50_000_000
    assert refusal(".".join(parts)) == "too_large"
    assert refusal("A" * (LONGEST_TOKEN + 1)) == "too_large"


@pytest.mark.attack("C1")
@pytest.mark.attack("C2")
@pytest.mark.must("7515-4")
@pytest.mark.must("7519-4")
def test_a_name_that_occurs_twice_is_refused():
    assert refusal(token_of(b'{"alg":"ES256","alg":"HS256"}')) == "malformed"
    assert refusal(token_of(HEADER, claims=b'{"sub":"a","sub":"admin"}')) == "malformed"
    assert refusal(token_of(HEADER, claims=b'{"a":{"b":1,"b":2}}')) == "malformed"
    assert refusal(token_of(HEADER, claims=b'{"sub":"a","\\u0073ub":"admin"}')) == "malformed"


@pytest.mark.attack("C5")
@pytest.mark.attack("C6")
@pytest.mark.attack("C17")
@pytest.mark.must("7515-10.12")
@pytest.mark.must("8725-3.7")
@pytest.mark.parametrize(
    "document",
    ['{"alg":"ES256"}'.encode("utf-16"), b'\xef\xbb\xbf{"alg":"ES256"}', b'{"alg":"ES256\xff"}', b'{"alg":"ES256","a":"\\ud800"}',
     b"{\0}\0", b'{"alg":"ES256"}x', b'{"alg":"ES256"}{}',  b"{" * 100, b'{"alg":"ES256","a":' * 50 + b"1" + b"}" * 50, b"[]", b'"a"', b"7", b"null", b"", b"{", b'{"alg":"ES256","a":NaN}',
     b'{"alg":"ES256","a":Infinity}', b'{"alg":"ES256","a":1e400}', b'{"alg":"ES256","a":' + b"9" * 5_000 + b"}",
     b'{"alg":"ES256","a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", b"{'alg':'ES256'}", b'{"alg":"ES256",}'],
)  # fmt: skip
def test_what_is_no_strict_json_is_refused_in_header_and_claims(document):
    assert refusal(token_of(document)) in {"malformed", "too_large"}
    assert refusal(token_of(HEADER, claims=document)) in {"malformed", "too_large"}


@given(
    st.text(max_size=200)
    | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode())
    | st.from_regex(r"[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,90}", fullmatch=True)
)
def test_whatever_a_stranger_writes_nothing_but_invalid_token_is_raised(text):
    for token in (text, f"{text}.{text}.{text}", f"{A3_TOKEN.split('.')[0]}.{text}.{text}"):
        with pytest.raises(InvalidToken):
            verify(token, ES)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
        max_leaves=10,
    )
)
def test_whatever_header_and_claims_are_nothing_but_invalid_token_is_raised(value):
    header = {**HEADER, **value} if isinstance(value, dict) else value
    for token in (token_of(header, signature=bytes(64)), token_of(HEADER, claims=value, signature=bytes(64))):
        with pytest.raises(InvalidToken):
            verify(token, ES)


@pytest.mark.must("7519-7.2")
def test_the_one_who_is_said_to_have_issued_it_is_only_said():
    assert parse_compact(A3_TOKEN).said_issuer() == "joe"
    assert parse_compact(token_of(HEADER, claims={"iss": 7})).said_issuer() is None
    assert parse_compact(token_of(HEADER, claims={})).said_issuer() is None


def test_the_ed25519_example_of_rfc_8037_is_refused_by_its_name():
    assert refusal(f"{ED25519_INPUT}.{ED25519_SIGNATURE}", ED) in {"wrong_algorithm", "malformed"}
