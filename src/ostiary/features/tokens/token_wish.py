"""What tokens are asked for with: the scope they are narrowed to, extra claims, the audience, and how long they live."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, cast

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.permission import is_permission_pattern
from ostiary.kernel.principal import On, decode_place, encode_place

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """The wish of one issue, kept with its family, so that what is refreshed is never wider than what was issued.

    ``scope`` None is unrestricted; ``audience`` None the one of the settings; ``access`` and ``refresh`` None the settings'
    lifetimes, in milliseconds. ``tenant`` is the place they are bound to: the one of the session they are issued beside.
    """

    scope: frozenset[str] | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _NO_CLAIMS)
    audience: tuple[str, ...] | None = None
    access: Millis | None = None
    refresh: Millis | None = None
    tenant: On | None = None

    def as_json(self) -> dict[str, Any]:
        """The wish as a pending sign-in keeps it."""
        return {
            "scope": None if self.scope is None else sorted(self.scope),
            "claims": dict(self.claims),
            "audience": None if self.audience is None else list(self.audience),
            "access": self.access,
            "refresh": self.refresh,
            "tenant": encode_place(self.tenant),
        }


def wish_of_json(fields: Mapping[str, Any]) -> TokenWish:
    """The wish that ``as_json`` wrote."""
    scope, audience = fields["scope"], fields["audience"]
    return TokenWish(
        scope=None if scope is None else frozenset(scope),
        claims=fields["claims"],
        audience=None if audience is None else tuple(audience),
        access=fields["access"],
        refresh=fields["refresh"],
        tenant=decode_place(fields["tenant"]),
    )


def make_wish(
    *,
    scope: Iterable[str] | None = None,
    claims: Mapping[str, Any] | None = None,
    audience: str | Iterable[str] | None = None,
    access: Duration | None = None,
    refresh: Duration | None = None,
) -> TokenWish:
    """The wish of a call. Raises ``ConfigurationError`` for what can mean nothing, ``ValueError`` for a lifetime of nothing."""
    return TokenWish(
        scope=None if scope is None else _scope(scope),
        claims=dict(claims or {}),
        audience=None if audience is None else _audience(audience),
        access=None if access is None else milliseconds(access),
        refresh=None if refresh is None else milliseconds(refresh),
    )


def _scope(scope: Iterable[str]) -> frozenset[str]:
    if isinstance(scope, str):
        # "order:read" would be ten scopes of one letter.
        what = f"scope={scope!r} is text"
        raise misconfigured("scope_is_text", what, f"write a list: scope={scope.split()!r}")
    names = frozenset(scope)
    wrong = sorted(
        repr(name) for name in names if not isinstance(cast("object", name), str) or not is_permission_pattern(name)
    )
    if wrong:
        cure = 'a scope names permissions, resource:action in lower case, as in "order:read" or "order:*"'
        raise misconfigured("not_a_permission", f"scope=… names {wrong[0]}", cure)
    return names


def _audience(audience: str | Iterable[str]) -> tuple[str, ...]:
    names = (audience,) if isinstance(audience, str) else tuple(audience)
    if not names or not all(isinstance(cast("object", name), str) and name for name in names):
        raise misconfigured(
            "no_audience", f"audience={audience!r} names nobody", 'name it: audience="https://api.example"'
        )
    return names
