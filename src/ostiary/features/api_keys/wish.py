"""What a new API key is to be: its name, scope, life, limit and place, checked before anything is looked up."""

from collections.abc import Iterable
from typing import Final

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import Duration, milliseconds, spell_duration
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.limit import parse_limit
from ostiary.kernel.permission import is_permission_pattern
from ostiary.kernel.principal import On, encode_place, is_place

_LONGEST_NAME: Final = 100
# A credential with more is not narrowed, and each is read at every request.
_MOST_PERMISSIONS: Final = 64
_LONGEST_PERMISSION: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """What a key is to be, checked. ``lives_for`` is in milliseconds; ``scope`` None narrows nothing."""

    name: str
    scope: tuple[str, ...] | None
    lives_for: Millis
    limit: str | None
    tenant: On | None


def parse_wish(
    *,
    name: object,
    scope: Iterable[str] | None,
    expires: Duration | None,
    limit: object,
    tenant: On | None,
    default: Millis,
    longest: Millis,
) -> KeyWish:
    """Check what a key is to be. Raises ``ValidationFailed`` with everything that is wrong, at once."""
    errors: list[FieldError] = []
    named = name.strip() if isinstance(name, str) else ""
    if not (0 < len(named) <= _LONGEST_NAME and named.isprintable()):
        text = f"Give it a name, in one line of at most {_LONGEST_NAME} characters."
        errors.append(FieldError("name", "unusable", text))
    permissions = None if scope is None else _permissions(scope, errors)
    lives_for = default if expires is None else _life(expires, longest, errors)
    if limit is not None and not _is_limit(limit):
        errors.append(FieldError("limit", "unusable", 'Write a limit as "600/minute" or "10/5m".'))
    if tenant is not None and not is_place(tenant):
        errors.append(FieldError("tenant", "unusable", 'A place is a kind and a name: ("org", "acme").'))
    if errors:
        raise ValidationFailed(*errors)
    return KeyWish(
        name=named,
        scope=permissions,
        lives_for=lives_for,
        limit=None if limit is None else str(limit),
        tenant=tenant,
    )


def tenant_text(wish: KeyWish) -> str | None:
    """The place of a wish as one column."""
    return encode_place(wish.tenant)


def _permissions(scope: Iterable[str], errors: list[FieldError]) -> tuple[str, ...]:
    # One text is a sequence of letters, and was meant as one permission.
    given: list[object] = [scope] if isinstance(scope, str) else list(scope)
    if not given:
        text = "An empty scope lets the key do nothing; without one it may do what its owner may."
        errors.append(FieldError("scope", "empty", text))
    if len(given) > _MOST_PERMISSIONS:
        errors.append(FieldError("scope", "too_many", f"At most {_MOST_PERMISSIONS} permissions."))
    found: set[str] = set()
    for one in given[:_MOST_PERMISSIONS]:
        if isinstance(one, str) and len(one) <= _LONGEST_PERMISSION and is_permission_pattern(one):
            found.add(one)
        else:
            text = 'A permission is written "order:read" or "order:*".'
            errors.append(FieldError("scope", "no_permission", text))
            break
    return tuple(sorted(found))


def _life(expires: Duration, longest: Millis, errors: list[FieldError]) -> Millis:
    try:
        life = milliseconds(expires)
    except ValueError:
        errors.append(FieldError("expires", "unusable", 'Say how long it lives: "90d", "12w", "24h".'))
        return longest
    if life > longest:
        errors.append(FieldError("expires", "too_long", f"A key lives for at most {spell_duration(longest)}."))
    return life


def _is_limit(limit: object) -> bool:
    try:
        parse_limit("api_keys.limit", limit)  # type: ignore[arg-type] # what it is, is what is being asked
    except (ValueError, AttributeError):
        return False
    return True
