"""JWKS: the public halves of our keys, at ``/.well-known/jwks.json``, for services that verify our tokens (RFC 7517 §5)."""

from typing import Final

from ostiary.features.tokens.signing_keys import SigningKeys
from ostiary.kernel.clock import Clock
from ostiary.web.route import Answer, Call, Route

KEPT_FOR: Final = 300
"""Seconds that a copy is good for: a fraction of the time that a key is published before it signs."""


def show_keys(call: Call) -> Answer:
    """The key that signs, the next one, and those whose tokens are still about."""
    now = call.resources[Clock].now()  # type: ignore[type-abstract] # found by the protocol it fulfils
    keys = call.resources[SigningKeys]  # type: ignore[type-abstract]
    return Answer(facts=keys.published(now).document(), kept_for=KEPT_FOR)


ROUTES: Final = (
    Route(
        rule="/.well-known/jwks.json",
        endpoint="jwks",
        method="GET",
        answer=show_keys,
        requires=None,
        at_root=True,
        reads_credentials=False,
        about="The public keys of our access tokens (RFC 7517), which caches may keep for five minutes.",
    ),
)
