"""Authlib's resource protector: bearer tokens that are JWTs, verified by a shared secret."""

import time
from collections.abc import Iterator

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc7523 import JWTBearerTokenValidator
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey

from benchmarks.case import SECRET, Case, get
from benchmarks.workplace import Workplace

PACKAGE = "authlib"


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:  # noqa: ARG001 - as every peer
    """Its guard, HS256."""
    app, key = Flask("authlib"), OctKey.import_key(SECRET)
    require = ResourceProtector()
    require.register_token_validator(JWTBearerTokenValidator(key))

    @app.get("/guarded")
    @require()
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    now = int(time.time())
    claims = {"sub": "ada", "iat": now, "exp": now + 86_400, "client_id": "shop", "grant_type": "password", "scope": ""}
    token = jwt.encode({"alg": "HS256"}, claims, key)
    run = get(app, authorizations=[f"Bearer {token}"])
    yield Case(group="JWT guard, HS256", name="Authlib's ResourceProtector, HS256", run=run)
