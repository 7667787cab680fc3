"""Settings of passwords: each with its unit, its reason and the source of its default."""

import os
from collections.abc import Callable, Iterable
from typing import TypeAlias

from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting

Lookup: TypeAlias = Callable[[str], str | tuple[str, str] | None]
"""identifier → the stored hash, or (subject, stored hash), or None when there is nobody of that name."""


def _slots() -> int:
    # One core stays free for the requests of those who are already signed in.
    return max(1, (os.cpu_count() or 2) - 1)


@feature
class PasswordsSettings(Feature):
    """``OSTIARY_PASSWORDS_…``"""

    lookup: Lookup | None = setting(
        default=None,
        about="The application's own users: a function from an identifier to the stored hash, or to "
        "(subject, hash), or None. Without a subject, the identifier is the subject.",
    )
    memory_kib: int = setting(
        default=65_536,
        about="Memory of Argon2id in KiB. 64 MiB: RFC 9106 §4, the second recommended option.",
    )
    passes: int = setting(default=3, about="Passes of Argon2id over its memory. RFC 9106 §4, second option.")
    lanes: int = setting(default=4, about="Lanes of Argon2id. RFC 9106 §4, second option.")
    hash_slots: int = setting(
        factory=_slots,
        about="How many hashes are computed at once; each takes memory_kib. Default: the cores less one.",
    )
    waiting: int = setting(
        default=64,
        about="How many requests may wait for a slot; beyond it the answer is 503 with Retry-After, before any work.",
    )
    patience: Duration = setting(default="10s", about="How long a request waits for a slot before it answers 503.")

    def floor_problems(self) -> Iterable[Problem]:
        """Parameters below the floor of OWASP's Password Storage page (ASVS 5.0 V11.4.2): m=19 MiB, t=2, p=1."""
        if self.memory_kib * self.passes < 19_456 * 2 or self.lanes < 1:
            yield Problem(
                code="weak_password_hash",
                what=f"Argon2id with {self.memory_kib} KiB and {self.passes} passes is too easy to guess against",
                cure="memory_kib=19456, passes=2, lanes=1 is the least; leave them out for the default",
            )
        if self.hash_slots < 1 or self.waiting < 0:
            yield Problem(
                code="no_hash_slots",
                what=f"hash_slots={self.hash_slots}, waiting={self.waiting} lets nobody sign in",
                cure="hash_slots is at least 1, and waiting at least 0",
            )
