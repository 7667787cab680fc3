"""What a CSRF token beside a token cookie is bound to: the family, which outlives each of its access tokens."""

from typing import Final

_FAMILY: Final = "family:"


def binding_of(family: str | None, jti: str) -> str:
    """The binding of a token: its family, or itself where it has none."""
    return f"{_FAMILY}{family}" if family is not None else f"token:{jti}"


def family_of_binding(binding: str | None) -> str | None:
    """The family that ``binding_of`` named."""
    return binding.removeprefix(_FAMILY) if binding is not None and binding.startswith(_FAMILY) else None
