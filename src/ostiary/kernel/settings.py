"""Where settings come from: code, then ``app.config``, then the environment, then the default.

``OSTIARY_SESSIONS_IDLE`` is the field ``idle`` of the feature ``sessions``, in ``app.config`` and in
the environment alike; ``OSTIARY_SESSIONS_IDLE_FILE`` names a file that holds it. Every value that
cannot be read is a problem with its cure, and all problems are told together.
"""

import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature
from ostiary.kernel.secret import Secret

PREFIX = "OSTIARY_"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})

F = TypeVar("F", bound=Feature)


class Unreadable(ValueError):
    """A setting whose text does not fit its type. The message says what would fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where an application's settings may stand: its configuration and its environment."""

    config: Mapping[str, Any]
    environment: Mapping[str, str]

    def find(self, name: str) -> tuple[str, Any] | None:
        """The value of ``OSTIARY_<name>`` with the place it stands at, or None."""
        key = PREFIX + name
        if key in self.config:
            return f"app.config[{key!r}]", self.config[key]
        for place, mapping in (("app.config", self.config), ("the environment", self.environment)):
            if f"{key}_FILE" in mapping:
                return self._from_file(f"{key}_FILE in {place}", str(mapping[f"{key}_FILE"]))
        if key in self.environment:
            return f"the environment variable {key}", self.environment[key]
        return None

    @staticmethod
    def _from_file(place: str, path: str) -> tuple[str, str]:
        try:
            return place, Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
            message = f"{place} names a file that cannot be read ({type(error).__name__})"
            raise Unreadable(message) from error

    def names(self) -> Iterator[tuple[str, bool]]:
        """Every ``OSTIARY_`` name that is set, without the prefix, and whether it stands in ``app.config``."""
        for mapping, in_config in ((self.config, True), (self.environment, False)):
            for key in mapping:
                if isinstance(key, str) and key.startswith(PREFIX):
                    yield key.removeprefix(PREFIX), in_config


def setting_names(features: Iterable[type[Feature]]) -> frozenset[str]:
    """The names, without the prefix, of every setting these features have."""
    return frozenset(f"{kind.name}_{field.name}".upper() for kind in features for field in fields(kind))  # type: ignore[arg-type]


def resolve(value: F, sources: Sources, problems: list[Problem]) -> F:
    """A new value of the feature with every setting that was not given in code looked up and read."""
    kind = type(value)
    hints = typing.get_type_hints(kind)
    arguments: dict[str, Any] = {}
    for field in fields(value):  # type: ignore[arg-type]
        name = f"{kind.name}_{field.name}".upper()
        current = getattr(value, field.name)
        place, raw = f"{kind.__name__}({field.name}=…)", current
        try:
            if field.name not in value.given and (found := sources.find(name)) is not None:
                place, raw = found
            arguments[field.name] = read_setting(raw, hints[field.name])
        except Unreadable as error:
            arguments[field.name] = current
            problems.append(
                Problem(code="unreadable_setting", what=f"{place} cannot be read", cure=f"{error} ({PREFIX}{name})")
            )
    return kind(**arguments)


def read_setting(raw: object, hint: object) -> object:
    """The value a setting has, read by its type. Text is what an environment variable gives."""
    if hint == Duration:
        return _read_duration(raw)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _read_union(raw, get_args(hint))
    if origin is Literal:
        choices = get_args(hint)
        if raw in choices:
            return raw
        message = f"it must be one of {', '.join(repr(choice) for choice in choices)}"
        raise Unreadable(message)
    if origin in (tuple, frozenset, Sequence) and isinstance(raw, str):
        parts = [part for part in (piece.strip() for piece in raw.split(",")) if part]
        return frozenset(parts) if origin is frozenset else tuple(parts)
    if origin is Callable and not callable(raw):
        message = "it must be a function, and so can be given in code only"
        raise Unreadable(message)
    reader = _READERS.get(hint)
    return reader(raw) if reader is not None else raw


def _read_union(raw: object, members: tuple[object, ...]) -> object:
    if raw is None and type(None) in members:
        return None
    rest = tuple(member for member in members if member is not type(None))
    if set(get_args(Duration)) <= set(rest):
        return _read_duration(raw)
    refusals: list[str] = []
    for member in rest:
        try:
            return read_setting(raw, member)
        except Unreadable as error:
            refusals.append(str(error))
    raise Unreadable(" or ".join(refusals))


def _read_duration(raw: object) -> object:
    try:
        milliseconds(raw)  # type: ignore[arg-type] # what it is, is what is being asked
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return raw


def _read_bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    message = "it must be true or false (1 or 0, yes or no, on or off)"
    raise Unreadable(message)


def _read_int(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    text = str(raw).strip()
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19:
        return int(text)
    message = "it must be a whole number"
    raise Unreadable(message)


def _read_text(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    message = f"it must be text, not {type(raw).__name__}"
    raise Unreadable(message)


def _read_secret(raw: object) -> Secret:
    return raw if isinstance(raw, Secret) else Secret(_read_text(raw))


_READERS: Mapping[object, Callable[[object], object]] = types.MappingProxyType(
    {bool: _read_bool, int: _read_int, str: _read_text, Secret: _read_secret}
)


def unknown_setting(name: str, known: Iterable[str]) -> Problem:
    """The problem of a name that nothing reads, with the nearest name that something does."""
    bare = name.removesuffix("_FILE")
    near = get_close_matches(bare, list(known), n=1, cutoff=0.6)
    cure = f"did you mean {PREFIX}{near[0]}?" if near else "remove it; docs/reference/settings.md lists every name"
    return Problem(code="unknown_setting", what=f"{PREFIX}{name} is not a setting of Ostiary", cure=cure)
