"""Issuing and redeeming: a random token that leaves us once, is looked at as often as one likes, and is spent once.

Looking and spending are two verbs, because a link in a mail is opened by scanners and previews as well:
the page behind it looks, and only the button on the page spends.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from ostiary.features.one_time_tokens import store
from ostiary.features.one_time_tokens.one_time_token import OneTimeToken
from ostiary.kernel.clock import Millis
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.key_ring import KeyRing, SealBroken
from ostiary.kernel.secret import constant_time_equal, digest, new_secret, parse_token
from ostiary.storage.database import Database, Transaction

PURPOSE: Final = "one-time token"
"""The purpose that payloads are sealed for."""


class OneTimeTokenActions:
    """Issues, finds and spends one-time tokens, for features that send links.

    ``verification_lifetime``, ``reset_lifetime`` and ``invitation_lifetime`` are what the settings say, in milliseconds.
    """

    __slots__ = ("_database", "_key_ring", "invitation_lifetime", "reset_lifetime", "verification_lifetime")

    def __init__(
        self,
        *,
        database: Database,
        key_ring: KeyRing,
        verification_lifetime: Millis,
        reset_lifetime: Millis,
        invitation_lifetime: Millis,
    ) -> None:
        self._database = database
        self._key_ring = key_ring
        self.verification_lifetime = verification_lifetime
        self.reset_lifetime = reset_lifetime
        self.invitation_lifetime = invitation_lifetime

    def issue(
        self,
        tx: Transaction,
        *,
        purpose: str,
        subject: str | None = None,
        epoch: int = 0,
        binding: str | None = None,
        payload: Mapping[str, Any] | None = None,
        lifetime: Millis,
        now: Millis,
    ) -> str:
        """A new token, ``id.secret``: the only time that the secret is seen.

        ``binding``  a random text that only the asking browser has, such as the value of a cookie
        ``payload``  what is to be known again when the token is redeemed, as JSON has it; sealed at rest
        """
        token, secret = new_id(now, secrets.token_bytes(10)), new_secret()
        sealed = None
        if payload is not None:
            sealed = self._key_ring.seal(PURPOSE, json.dumps(dict(payload)).encode(), bound_to=token)
        store.add(
            tx,
            {
                "id": token,
                "purpose": purpose,
                "secret_hash": digest(secret),
                "binding_hash": None if binding is None else digest(binding),
                "subject": subject,
                "epoch": epoch,
                "payload": sealed,
                "created_at": now,
                "expires_at": now + lifetime,
            },
        )
        return f"{token}.{secret}"

    def find(self, token_text: str, *, purpose: str, now: Millis) -> OneTimeToken | None:
        """What a token stands for, left where it is; None if it is malformed, unknown, expired or for something else."""
        parts = parse_token(token_text)
        if parts is None:
            return None
        with self._database.read() as connection:
            row = store.find(connection, parts.id)
        if row is None or not constant_time_equal(row.secret_hash, digest(parts.secret)):
            return None
        if row.purpose != purpose or row.expires_at <= now:
            return None
        return self._read(row)

    def is_bound_to(self, token: OneTimeToken, binding: str | None) -> bool:
        """Whether it was issued to the browser that has this binding. False for a token that is bound to none."""
        if token.binding_hash is None or binding is None:
            return False
        return constant_time_equal(token.binding_hash, _digest_of_anything(binding))

    def spend(self, tx: Transaction, token_text: str, *, purpose: str, now: Millis) -> OneTimeToken | None:
        """Redeem a token, once: of any number at once one gets it, the others None, as for a token that never was."""
        parts = parse_token(token_text)
        if parts is None:
            return None
        row = store.spend(tx, parts.id, presented=digest(parts.secret), purpose=purpose, now=now)
        return None if row is None else self._read(row)

    def end(self, tx: Transaction, id: str, *, purpose: str) -> bool:
        """End one token by its id, whoever has it; False if there is none for this purpose."""
        return store.delete(tx, id, purpose=purpose)

    def end_all(self, tx: Transaction, *, subject: str, purpose: str | None = None) -> int:
        """End the tokens of a subject, all or those for one purpose; the answer is how many there were."""
        return store.delete_all(tx, subject=subject, purpose=purpose)

    def _read(self, row: Any) -> OneTimeToken | None:
        payload = None
        if row.payload is not None:
            try:
                payload = json.loads(self._key_ring.open(PURPOSE, row.payload, bound_to=row.id))
            except SealBroken:
                # Moved here from another row, or sealed under a key that is gone: worth nothing either way.
                return None
        return OneTimeToken(
            id=row.id,
            purpose=row.purpose,
            subject=row.subject,
            epoch=row.epoch,
            payload=payload,
            binding_hash=row.binding_hash,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def _digest_of_anything(text: str) -> bytes:
    # A stranger's cookie may hold half a surrogate pair, which has no UTF-8; a question mark matches nothing of ours.
    return digest(text.encode("utf-8", "replace").decode())
