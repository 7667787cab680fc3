"""Credentials and roles of the tests' own: a badge that a program presents, a cookie, what somebody holds."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.shop import NOON

from ostiary.kernel.factor import Factor
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.principal import Credential, On, Principal
from ostiary.kernel.requirement import Place
from ostiary.web.contribution import Contribution
from ostiary.web.credential_reader import Presented, Reading, Rejected

# "Badge ada" is hers, "Badge ada;order:read" is hers and narrowed; everything else is forged.
_BADGE = re.compile(r"Badge ([a-z]{1,20})(?:;([a-z:*]+))?")


class BadgeReader:
    """Reads ``Authorization: Badge ada`` (or the same in another field): a credential of a program."""

    kind: ClassVar[str] = "badge"
    ambient: ClassVar[bool] = False
    cookies: ClassVar[tuple[str, ...]] = ()

    def __init__(self, field: str = "HTTP_AUTHORIZATION") -> None:
        self.field = field
        self.header = "Authorization"
        self.challenge = 'Badge realm="tests"'
        self.asked = 0

    def read(self, environ: Mapping[str, Any], now: int) -> Reading:
        self.asked += 1
        text = environ.get(self.field)
        if text is None:
            return None
        match = _BADGE.fullmatch(text)
        if match is None:
            return Rejected("forged")
        scope = frozenset({match[2]}) if match[2] else None
        principal = Principal(match[1], kind="program", credential=Credential("badge", f"b-{match[1]}"), scope=scope)
        return Presented(principal, f"b-{match[1]}")


class CookieReader:
    """A cookie ``who=ada`` is hers; ``who=old`` was once."""

    kind = "session"
    ambient = True
    header = "Cookie"
    cookies = ("who",)
    challenge = 'Cookie cookie-name="who"'

    def __init__(self) -> None:
        self.asked = 0
        self.used = 0

    def read(self, environ, now):
        self.asked += 1
        value = environ["HTTP_COOKIE"].partition("who=")[2]
        if not value:
            return None
        if value == "old":
            return Rejected("ended", subject="ada")
        principal = Principal(value, credential=Credential("session", "s1"), factors=(Factor("password", at=NOON),))
        return Presented(principal, "s1", self.note)

    def note(self) -> None:
        self.used += 1


@feature
class Badges(Feature):
    """Badges in two fields of the header, so that a request can present two."""

    name: ClassVar[str] = "badges"

    def credential_kinds(self) -> frozenset[str]:
        return frozenset({"badge"})

    def contribute(self, resources: object) -> Contribution:
        return Contribution(actions=self, readers=(BadgeReader(), BadgeReader("HTTP_X_BADGE")))


class Held:
    """Who holds what: subject → names, with ``name@org:acme`` for one that holds at a place only."""

    def __init__(self, roles: Mapping[str, tuple[str, ...]], permissions: Mapping[str, tuple[str, ...]]) -> None:
        self._roles = roles
        self._permissions = permissions

    def roles(self, principal: Principal, on: Place) -> frozenset[str]:
        return _at(self._roles.get(principal.subject, ()), on)

    def permissions(self, principal: Principal, on: Place) -> frozenset[str]:
        return _at(self._permissions.get(principal.subject, ()), on)

    def belongs(self, principal: Principal, place: On) -> bool:
        """Nobody ever leaves."""
        return bool(principal) and bool(place)


def _at(names: tuple[str, ...], on: Place) -> frozenset[str]:
    here = "" if on is None else f"{on[0]}:{on[1]}"
    return frozenset(name.partition("@")[0] for name in names if name.partition("@")[2] in ("", here))


@feature
class Roles(Feature):
    """What somebody holds, written down in the test."""

    name: ClassVar[str] = "roles"

    roles: Mapping[str, tuple[str, ...]] = setting(factory=dict, about="subject → roles")
    permissions: Mapping[str, tuple[str, ...]] = setting(factory=dict, about="subject → permissions")

    def contribute(self, resources: object) -> Contribution:
        return Contribution(actions=self, rights=Held(self.roles, self.permissions))
