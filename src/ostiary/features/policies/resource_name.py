"""A resource by its name, ``article:42``: what an operator writes, found by the function the application gave for its type."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints
from uuid import UUID

from ostiary.kernel.declared_policies import type_name
from ostiary.kernel.errors import FieldError, ValidationFailed, misconfigured


def check_finder(finder: Callable[..., Any]) -> None:
    """Refuse a function that does not take one id. Raises ``ConfigurationError``."""
    if len(inspect.signature(finder).parameters) != 1:
        what = f"{getattr(finder, '__qualname__', finder)!r} finds nothing by one id"
        raise misconfigured("finder_parameters", what, "take the id alone: def load_article(id: int)")


def find_resource(finders: Mapping[type, Callable[[Any], Any]], name: str) -> Any:
    """What ``article:42`` names, or the class for ``article`` alone. Raises ``ValidationFailed``."""
    kind, colon, id = name.partition(":")
    known = {type_name(type_): type_ for type_ in finders}
    type_ = known.get(kind)
    if type_ is None:
        listed = ", ".join(sorted(known)) or "none; write @auth.resource(Article) above a function of its id"
        raise _refused("unknown_type", f"{kind!r} is no kind of resource that can be found: {listed}")
    if not colon:
        return type_
    finder = finders[type_]
    found = finder(_converted(finder, id))
    if found is None:
        raise _refused("not_found", f"there is no {kind} {id!r}")
    return found


def _converted(finder: Callable[..., Any], id: str) -> Any:
    """The id as the function's annotation says it is."""
    (parameter,) = inspect.signature(finder).parameters
    wanted = get_type_hints(finder).get(parameter, str)
    if wanted not in (int, UUID):
        return id
    try:
        return wanted(id)
    except ValueError:
        raise _refused("not_an_id", f"{id!r} is no {wanted.__name__}") from None


def _refused(code: str, message: str) -> ValidationFailed:
    return ValidationFailed(FieldError("resource", code, message))
