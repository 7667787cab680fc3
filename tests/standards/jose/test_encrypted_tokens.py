"""Encrypted tokens (JWE): none is ever taken, since nothing here decrypts; so no flaw of decrypting can be used.

Each is made by a library as its sender would, with a key that we could have, and each is refused by its form alone: before a
password is stretched, a key agreed on, or anything inflated.
"""

import ast
import hashlib
import json
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.standards.jose.made_keys import RSA, pem, public_pem
from tests.standards.jose.vectors import A3_KEY, CLAIMS

import ostiary
from ostiary.standards.jose.algorithms import ALGORITHMS
from ostiary.standards.jose.base64url import decode_base64url, encode_base64url
from ostiary.standards.jose.jws import parse_compact
from ostiary.standards.jose.key_set import KeySet, parse_key_set
from ostiary.standards.jose.keys import parse_jwk, parse_pem
from ostiary.standards.jose.refusals import InvalidToken, KeyRefused

RS = parse_pem(pem(RSA), algorithm="RS256")
ES = parse_jwk(A3_KEY)
OURS = KeySet([RS, ES])
RSA_KEY = RSAKey.import_key(public_pem(RSA))
SECRET = OctKey.import_key(b"0123456789abcdef")


@pytest.fixture(autouse=True)
def nothing_is_computed(monkeypatch):
    """No work that a stranger could make expensive is done for him."""

    def made(*arguments, **named):
        pytest.fail("something was computed for a token that is none")

    def forbid():
        monkeypatch.setattr(hashlib, "pbkdf2_hmac", made)
        monkeypatch.setattr(zlib, "decompressobj", made)
        monkeypatch.setattr(zlib, "decompress", made)
        monkeypatch.setattr(jwe, "decrypt_compact", made)
        monkeypatch.setattr(RSA.__class__, "decrypt", made, raising=False)

    return forbid


def encrypted(alg, enc="A128CBC-HS256", key=None, payload=json.dumps(CLAIMS).encode(), **header):
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"])
    return jwe.encrypt_compact({"alg": alg, "enc": enc, **header}, payload, key or RSA_KEY, registry=registry)


def with_header(token, **changed):
    """The token with another header, as somebody writes it who hopes that it is believed."""
    header, rest = token.split(".", 1)
    members = {**json.loads(decode_base64url(header)), **changed}
    return f"{encode_base64url(json.dumps(members).encode())}.{rest}"


def refused(*tokens):
    for token in tokens:
        with pytest.raises(InvalidToken) as caught:
            parse_compact(token).verify(OURS, types={None, "jwt", "at+jwt"})
        assert caught.value.reason == "malformed"


@pytest.mark.attack("D1")
@pytest.mark.must("8725bis-3.13")
@pytest.mark.parametrize("count", [2**31 - 1, 1_200_001, 1_000, 1, 0, -1, "1000", None])
def test_no_password_is_stretched_however_often_a_header_asks(count, nothing_is_computed):
    good = encrypted("PBES2-HS256+A128KW", key=SECRET, p2c=1_000)
    nothing_is_computed()
    refused(with_header(good, p2c=count), good)


@pytest.mark.attack("D2")
@pytest.mark.must("8725bis-3.15")
def test_nothing_is_inflated(nothing_is_computed):
    bomb = encrypted("dir", "A128GCM", key=SECRET, payload=b"\0" * 1_000_000, zip="DEF")
    assert len(bomb) < 8_192, "a thousand times smaller than what it unpacks to"
    nothing_is_computed()
    refused(bomb)


@pytest.mark.attack("D3")
def test_there_is_no_padding_to_ask_about(nothing_is_computed):
    with pytest.warns(SecurityWarning):
        good = encrypted("RSA1_5")
    header, key, *rest = good.split(".")
    keys = [encode_base64url(bytes([0, byte]) + bytes(254)) for byte in range(8)]
    nothing_is_computed()
    refused(good, *[".".join((header, one, *rest)) for one in (key[::-1], *keys, "")])


@pytest.mark.attack("D4")
def test_a_key_for_one_padding_is_not_used_with_the_other_nor_for_signatures(nothing_is_computed):
    good = encrypted("RSA-OAEP")
    nothing_is_computed()
    refused(good, with_header(good, alg="RSA1_5"), with_header(good, alg="RS256"))
    published = {**parse_pem(public_pem(RSA), algorithm="RS256").public_members(), "alg": "RSA-OAEP"}
    assert len(parse_key_set({"keys": [published]}, algorithms=("RS256", "PS256"))) == 0
    with pytest.raises(KeyRefused):
        parse_jwk({**published, "use": "enc"})


@pytest.mark.attack("D6")
def test_what_lacks_a_part_or_has_one_of_another_length_is_none(nothing_is_computed):
    header, key, iv, text, tag = encrypted("A128GCMKW", "A128GCM", key=SECRET).split(".")
    nothing_is_computed()
    for parts in (
        (header, "", iv, text, tag),
        (header, key, "", text, tag),
        (header, key, iv, text, ""),
        (header, key, iv[:8], text, tag),
        (header, key, iv + iv, text, tag),
        (header, key, iv, text, tag[:8]),
        (header, "", "", "", ""),
    ):
        refused(".".join(parts))


@pytest.mark.attack("D7")
def test_whatever_is_changed_the_answer_is_the_same(nothing_is_computed):
    good = encrypted("dir", "A128CBC-HS256", key=OctKey.import_key(bytes(32)))
    nothing_is_computed()
    for part in range(5):
        parts = good.split(".")
        parts[part] = parts[part][:-2] + "AA" if parts[part] else "AAAA"
        refused(".".join(parts))


@pytest.mark.attack("D8")
def test_no_key_is_agreed_on_with_a_point_that_a_header_brings(nothing_is_computed):
    own = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    good = encrypted("ECDH-ES", "A128GCM", key=own)
    epk = {"kty": "EC", "crv": "P-256", "x": encode_base64url(bytes(32)), "y": encode_base64url(b"\1" * 32)}
    nothing_is_computed()
    refused(good, with_header(good, epk=epk), with_header(good, epk=None), with_header(good, epk={"kty": "EC"}))


@pytest.mark.attack("D9")
def test_a_key_that_wraps_one_way_is_not_used_the_other_way(nothing_is_computed):
    wrapped, sealed = encrypted("A128KW", key=SECRET), encrypted("A128GCMKW", key=SECRET)
    nothing_is_computed()
    refused(wrapped, sealed, with_header(wrapped, alg="A128GCMKW"), with_header(sealed, alg="A128KW"))


@pytest.mark.attack("D10")
def test_four_parts_and_six_are_none(nothing_is_computed):
    good = encrypted("RSA-OAEP")
    nothing_is_computed()
    refused(good.rpartition(".")[0], f"{good}.AAAA", f"{good}.", f".{good}")


@pytest.mark.attack("A25")
@pytest.mark.must("8725bis-2.3/3.3")
def test_what_was_encrypted_to_our_public_key_is_signed_by_nobody(nothing_is_computed):
    """Anybody has the public key: whoever takes decrypted for verified takes a stranger's claims (CVE-2023-51774)."""
    good = encrypted("RSA-OAEP", payload=b'{"sub": "admin"}', typ="at+jwt", kid=RS.kid)
    nothing_is_computed()
    refused(good, with_header(good, alg="RS256"))


def test_nothing_here_decrypts_and_the_list_of_algorithms_has_signatures_alone():
    assert set(ALGORITHMS) == {"ES256", "Ed25519", "HS256", "PS256", "RS256"}
    for source in Path(ostiary.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("joserfc"):
                names = {node.module, *(alias.name for alias in node.names)}
                assert not any("jwe" in (name or "") for name in names), source
