"""Access tokens without an application: a key, a clock that stands, and what a stranger could write."""

import json

import pytest
from tests.shop import NOON

from ostiary.features.tokens.access_token import AccessTokens, Grant
from ostiary.features.tokens.signing_keys import ConfiguredKeys, generate_key
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.factor import Factor
from ostiary.standards.jose.base64url import decode_base64url
from ostiary.standards.jose.jws import sign_compact

SHOP = "https://shop.example"


class Mint:
    """Access tokens of one application, and the same claims written by hand with the same key."""

    def __init__(self, algorithm="ES256", issuer=SHOP, key=None, lifetime=15 * MINUTE):
        self.key = key or generate_key(algorithm)
        self.tokens = AccessTokens(
            ConfiguredKeys(lambda: [self.key]), issuer=issuer, audience=issuer, lifetime=lifetime
        )

    def grant(self, subject="ada", **kwargs):
        kwargs = {"factors": (Factor("password", at=NOON),), "epoch": 3, "rights": 2, **kwargs}
        return Grant(subject=subject, **kwargs)

    def issue(self, subject="ada", now=NOON, **kwargs):
        return self.tokens.issue(self.grant(subject, **kwargs), now=now).text

    def claims(self, token=None):
        return json.loads(decode_base64url((token or self.issue()).split(".")[1]))

    def written(self, type="at+jwt", without=(), **changes):
        """A token whose claims somebody with the key chose."""
        claims = {**self.claims(), **changes}
        return sign_compact({name: value for name, value in claims.items() if name not in without}, self.key, type=type)


@pytest.fixture
def mint():
    return Mint()
