"""A pretend provider: a real server on this machine that publishes keys, signs tokens, and answers questions about them."""

import json
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from tests.outbound.server import Server, write_answer
from tests.shop import NOON

AUDIENCE = "https://api.shop.example"
NOW = NOON // 1000
JSON = {"Content-Type": "application/json"}


def new_key(algorithm: str = "ES256") -> Key:
    """A new key for an algorithm."""
    if algorithm == "Ed25519":
        return OKPKey.import_key(ed25519.Ed25519PrivateKey.generate())
    if algorithm in ("RS256", "PS256"):
        return RSAKey.import_key(rsa.generate_private_key(65_537, 2_048))
    return ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))


def public(key: Key, **members: Any) -> dict[str, Any]:
    """What a provider publishes of a key."""
    found = {**key.as_dict(private=False), **members}
    return {name: value for name, value in found.items() if value is not None}


class Provider:
    """One issuer, with its keys."""

    def __init__(self, server: Server, path: str = "", *, kind: str = "openid-configuration") -> None:
        self.server = server
        self.url = server.url + path
        self.kind = kind
        self.key = new_key()
        self.kid = "first"
        self.jwks: dict[str, Any] = {}
        self.publish(public(self.key, kid="first", alg="ES256", use="sig"))
        self.metadata: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        self.headers: dict[str, str] = {}
        self.status = 200
        self.introspected: dict[str, dict[str, Any]] = {}
        server.act = self.answer

    def publish(self, *keys: dict[str, Any]) -> None:
        self.jwks = {"keys": list(keys)}

    def rotate(self, kid: str) -> None:
        """A new key beside the old ones."""
        self.key, self.kid = new_key(), kid
        self.publish(*self.jwks["keys"], public(self.key, kid=kid, alg="ES256", use="sig"))

    def answer(self, handler: Any) -> None:
        path = handler.path
        if path.endswith("/jwks"):
            self._say(handler, self.status, self.jwks)
        elif path == f"{self.url.removeprefix(self.server.url)}/.well-known/{self.kind}":
            self._say(handler, self.status, self.metadata)
        elif path.endswith("/introspect"):
            [token] = parse_qs(self.server.requests[-1].body.decode())["token"]
            self._say(handler, self.status, self.introspected.get(token, {"active": False}))
        else:
            self._say(handler, 404, {})

    def _say(self, handler: Any, status: int, document: Any) -> None:
        write_answer(handler, status, json.dumps(document), {**JSON, **self.headers})

    def asked(self, ending: str) -> int:
        """How often an address was asked for."""
        return sum(request.path.endswith(ending) for request in self.server.requests)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good access token; None takes one away."""
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "248289761001",
            "client_id": "s6BhdRkqt3",
            "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
            "iat": NOW,
            "exp": NOW + 300,
            "scope": "order:read",
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def token(
        self,
        *,
        key: Any = None,
        alg: str = "ES256",
        header: dict[str, Any] | None = None,
        payload: bytes | None = None,
        **changed: Any,
    ) -> str:
        """A token. ``header`` changes its header, everything else its claims; None takes something away."""
        head = {"alg": alg, "kid": self.kid, "typ": "at+jwt", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        body = json.dumps(self.claims(**changed)).encode() if payload is None else payload
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        return jws.serialize_compact(head, body, key or self.key, registry=registry)
