"""What a type checker sees of a feature's constructor: its settings by name, each with its type.

Nothing here is run. A line without a comment must pass; a ``type: ignore`` is the assertion that the
line is an error, since an ignore that is not needed is itself one (``warn_unused_ignores``).
"""

from datetime import timedelta
from typing import assert_type

from ostiary import Passwords, RateLimits, Roles, Sessions
from ostiary.kernel.duration import Duration


def settings_are_given_by_name() -> None:
    Sessions()
    Sessions(idle="1h")
    Sessions(idle=3_600, absolute=timedelta(days=1), at_most=None)
    Passwords(lookup=lambda identifier: None, memory_kib=65_536)
    RateLimits(enabled=False)


def a_lookup_may_be_any_function_of_that_shape() -> None:
    def hash_of(identifier: str) -> str | None:
        return identifier or None

    def subject_and_hash_of(identifier: str) -> tuple[str, str] | None:
        return (identifier, identifier) if identifier else None

    Passwords(lookup=hash_of)
    Passwords(lookup=subject_and_hash_of)


def settings_of_another_type_are_errors() -> None:
    Sessions(idle=object())  # type: ignore[arg-type]
    Sessions(idle=None)  # type: ignore[arg-type]
    Sessions(at_most="5")  # type: ignore[arg-type]
    RateLimits(enabled="no")  # type: ignore[arg-type]
    Passwords(lookup="ada")  # type: ignore[arg-type]


def settings_by_position_are_errors() -> None:
    Sessions("1h")  # type: ignore[call-arg]
    RateLimits(False)  # type: ignore[call-arg] # noqa: FBT003 - by position is what is tried


def settings_that_do_not_exist_are_errors() -> None:
    Sessions(idel="1h")  # type: ignore[call-arg]


def a_feature_is_frozen_and_its_settings_have_their_types(sessions: Sessions) -> None:
    assert_type(sessions.idle, Duration)
    assert_type(sessions.at_most, int | None)
    assert_type(sessions.given, frozenset[str])
    sessions.idle = "1h"  # type: ignore[misc]


def roles_are_lists_of_permissions_and_roles() -> None:
    Roles()
    Roles({"admin": ["reader", "user:*"], "reader": ("report:read",)}, default=["reader"])
    Roles({"admin": 5})  # type: ignore[dict-item]
    Roles(["admin"])  # type: ignore[arg-type]
