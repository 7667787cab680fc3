"""Verifying signatures: what joserfc signs and verifies, we verify; and nothing else, and never with an error."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jws import JWSRegistry
from tests.standards.jose.made_keys import RSA, SECRET, pem

from ostiary.standards.jose.keys import key_of_secret, parse_pem

CURVE = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "HS256": key_of_secret(SECRET),
    "ES256": parse_pem(pem(CURVE)),
    "Ed25519": parse_pem(pem(ed25519.Ed25519PrivateKey.generate())),
    "RS256": parse_pem(pem(RSA), algorithm="RS256"),
    "PS256": parse_pem(pem(RSA), algorithm="PS256"),
}
# SEC 2 §2.4.2: the order of the group of P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
every_algorithm = pytest.mark.parametrize("name", KEYS)


def joserfc_verifies(name: str, signing_input: bytes, signature: bytes) -> bool:
    model = JWSRegistry(algorithms=[name]).get_alg(name)
    return model.verify(signing_input, signature, KEYS[name]._key)


@every_algorithm
@given(signing_input=st.binary(max_size=200), place=st.integers(0, 10_000), other=st.binary(max_size=200))
def test_what_joserfc_says_we_say(name, signing_input, place, other):
    key = KEYS[name]
    signature = key.sign(signing_input)
    assert len(signature) == key.signature_length
    damaged = bytearray(signature)
    damaged[place % len(signature)] ^= 1 << place % 8
    for said, by in ((signing_input, signature), (signing_input, bytes(damaged)), (other, signature)):
        assert key.verifies(said, by) is joserfc_verifies(name, said, by)
    assert key.verifies(signing_input, signature)
    assert not key.verifies(signing_input, bytes(damaged))


@every_algorithm
@given(st.data())
def test_whatever_is_sent_as_a_signature_is_no_error(name, data):
    key = KEYS[name]
    length = data.draw(st.one_of(st.just(key.signature_length), st.integers(0, 600)))
    assert not key.verifies(b"input", data.draw(st.binary(min_size=length, max_size=length)))


@pytest.mark.parametrize("r", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
def test_numbers_at_the_edges_of_the_curve_sign_nothing(r, s):
    # CVE-2022-21449: zeros were a signature of everything.
    assert not KEYS["ES256"].verifies(b"input", r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_a_signature_in_asn1_is_none():
    assert not KEYS["ES256"].verifies(b"input", CURVE.sign(b"input", ec.ECDSA(SHA256())))


@pytest.mark.parametrize(
    "scheme",
    [
        padding.PKCS1v15(),
        padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=0),
        padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.MAX_LENGTH),
        padding.PSS(mgf=padding.MGF1(SHA384()), salt_length=32),
    ],
    ids=["PKCS1", "no salt", "longest salt", "another mask"],
)
def test_ps256_has_one_padding(scheme):
    assert not KEYS["PS256"].verifies(b"input", RSA.sign(b"input", scheme, SHA256()))


def test_rs256_has_one_padding_and_one_hash():
    pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
    assert not KEYS["RS256"].verifies(b"input", RSA.sign(b"input", pss, SHA256()))
    assert not KEYS["RS256"].verifies(b"input", RSA.sign(b"input", padding.PKCS1v15(), SHA384()))
