"""Plain functions: callbacks that have run when their call is over. Coroutine functions and generators have not begun.

A listener that refuses by raising refuses nobody as ``async def``, or with a ``yield`` in it: its call raises nothing.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final

NOT_PLAIN: Final = "a coroutine function or a generator"
"""What a function is that is not plain, for those who are told."""


def is_coroutine_function(function: Any) -> bool:  # any callable
    """Whether calling this gives something that has to be awaited, however it is wrapped."""
    return _any_form(function, inspect.iscoroutinefunction)


def is_plain_function(function: Any) -> bool:  # any callable
    """Whether calling this runs it, however it is wrapped."""
    return not any(
        _any_form(function, is_kind)
        for is_kind in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    )


def has_not_run(answer: object) -> bool:
    """Whether a call answered what only begins when it is awaited or iterated; a coroutine is closed, never to be awaited."""
    if inspect.iscoroutine(answer):
        answer.close()
        return True
    return inspect.isgenerator(answer) or inspect.isasyncgen(answer)


def _any_form(function: Any, is_kind: Callable[[object], bool]) -> bool:
    while isinstance(function, partial):
        function = function.func
    # An object may have a class that says what its call is.
    return is_kind(function) or is_kind(getattr(function, "__call__", None))  # noqa: B004 - its kind is asked, not whether
