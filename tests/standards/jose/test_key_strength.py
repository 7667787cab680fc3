"""The strength of keys: what is too short, too regular, or can be factored is not taken."""

import math

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.standards.jose.made_keys import pem

from ostiary.standards.jose.key_strength import check_rsa_numbers
from ostiary.standards.jose.keys import key_of_secret, parse_pem
from ostiary.standards.jose.refusals import KeyRefused


def reason(call, *arguments, **named):
    with pytest.raises(KeyRefused) as caught:
        call(*arguments, **named)
    return caught.value.reason


@pytest.mark.attack("A13")
@pytest.mark.asvs("V11.2.3")
@pytest.mark.must("8725-3.5")
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
    primorial = math.prod(n for n in range(3, 168) if all(n % p for p in range(2, math.isqrt(n) + 1)))
    modulus = pow(65_537, 12_345, primorial) + primorial * (2 ** (2_048 - primorial.bit_length()))
    assert modulus.bit_length() >= 2_048
    assert reason(check_rsa_numbers, modulus=modulus, exponent=65_537) == "weak_key"
