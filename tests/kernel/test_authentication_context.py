"""Authentication context: what was proven, in the words of the standards."""

import pytest
from tests.shop import NOON

from ostiary.kernel.authentication_context import acr_of, amr_of, auth_time_of, wanted_acr
from ostiary.kernel.factor import CATEGORIES, Factor
from ostiary.kernel.requirement import Requirement


def factors(*kinds):
    return tuple(Factor(kind, at=NOON + number) for number, kind in enumerate(kinds))


@pytest.mark.parametrize(
    "kinds,amr,acr",
    [((), [], "0"), (("remember",), ["remember"], "0"), (("password",), ["pwd"], "urn:ostiary:acr:1"),
     (("password", "pin"), ["pwd", "pin"], "urn:ostiary:acr:1"), (("password", "totp"), ["pwd", "otp", "mfa"], "urn:ostiary:acr:2"),
     (("password", "passkey"), ["pwd", "pop", "mfa"], "phr"), (("verified_passkey",), ["pop", "user", "mfa"], "phr"),
     (("email",), ["email"], "urn:ostiary:acr:1")],
)  # fmt: skip
def test_proofs_have_the_names_of_rfc_8176_where_it_has_one(kinds, amr, acr):
    assert (amr_of(factors(*kinds)), acr_of(factors(*kinds))) == (amr, acr)


def test_every_kind_of_proof_has_a_name():
    for kind in CATEGORIES:
        assert all(amr_of(factors(kind)))


def test_the_time_is_that_of_the_last_proof_and_a_remembered_browser_proves_nothing():
    assert auth_time_of(factors("password", "totp", "remember")) == NOON + 1
    assert auth_time_of(factors("remember")) is None


def test_what_a_requirement_wants_is_what_would_meet_it():
    assert wanted_acr(Requirement()) is None
    assert wanted_acr(Requirement(factors=2)) == acr_of(factors("password", "totp"))
    assert wanted_acr(Requirement(phishing_resistant=True)) == acr_of(factors("passkey"))
