"""Settings of API keys: each with its unit, its reason and the source of its default."""

from collections.abc import Iterable
from typing import Final

from ostiary.features.api_keys.key_text import PREFIX
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.limit import LimitText, parse_limit

# What these fields mean is not ours to say.
_TAKEN: Final = frozenset({"authorization", "proxy-authorization", "cookie", "host", "origin", "content-type"})
_HEADER_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@feature
class ApiKeysSettings(Feature):
    """``OSTIARY_API_KEYS_…``"""

    prefix: str = setting(
        default="ost",
        about="What every key begins with, so that a secret scanner knows whose it is: two to sixteen lower-case letters "
        "and digits, such as your product's name. Keys that were made under another prefix are not accepted.",
    )
    header: str | None = setting(
        default="X-API-Key",
        about="The header field that a key may come in beside `Authorization: Bearer`. None: only the latter.",
    )
    limit: LimitText | None = setting(
        default=None,
        about='How often each key may be used, unless it has a limit of its own: "600/minute". None: no limit.',
    )
    expires: Duration = setting(
        default="365d",
        about="How long a key lives for which nobody says otherwise. No key lives for ever (ASVS 5.0 V7.2.2).",
    )
    longest: Duration = setting(
        default="730d",
        about="How long a key may live at most, whatever its maker says.",
    )
    at_most: int = setting(
        default=100,
        about="How many keys an owner may have at once. Nobody looks after more, and a script that makes one at every "
        "start is noticed.",
    )

    def setting_problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if PREFIX.fullmatch(self.prefix) is None:
            yield Problem(
                code="impossible_prefix",
                what=f"ApiKeys(prefix={self.prefix!r}) cannot begin a key",
                cure="two to sixteen lower-case letters and digits, the first a letter",
            )
        if self.header is not None and not _may_be_named(self.header):
            yield Problem(
                code="impossible_header",
                what=f"ApiKeys(header={self.header!r}) cannot carry a key",
                cure='the name of a header field of your own, such as "X-API-Key", or None',
            )
        if self.limit is not None:
            try:
                parse_limit("api_keys.limit", self.limit)
            except ValueError as error:
                yield Problem(code="unreadable_limit", what="ApiKeys(limit=…) cannot be read", cure=str(error))
        if milliseconds(self.expires) > milliseconds(self.longest):
            yield Problem(
                code="expires_later_than_longest",
                what=f"ApiKeys(expires={self.expires!r}) is longer than longest={self.longest!r}",
                cure="make expires the shorter of the two",
            )
        if self.at_most < 1:
            yield Problem(
                code="no_keys_allowed",
                what=f"ApiKeys(at_most={self.at_most}) lets nobody have a key",
                cure="at least 1",
            )


def _may_be_named(header: str) -> bool:
    name = header.lower()
    return bool(name) and name not in _TAKEN and _HEADER_LETTERS.issuperset(name) and name[0].isalpha()
