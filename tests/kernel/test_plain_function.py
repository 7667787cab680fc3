"""Plain functions: what has run when its call is over, however it is wrapped, and what has not begun."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from ostiary.kernel.plain_function import has_not_run, is_coroutine_function, is_plain_function


def plain() -> str:
    return "done"


async def coroutine() -> str:
    return "done"


def generator() -> Iterator[str]:
    yield "done"


async def async_generator() -> AsyncIterator[str]:
    yield "done"


class Plain:
    def __call__(self) -> str:
        return "done"

    async def method(self) -> str:
        return "done"


class Coroutine:
    async def __call__(self) -> str:
        return "done"


class Generator:
    def __call__(self) -> Iterator[str]:
        yield "done"


@pytest.mark.parametrize(
    "function", [plain, Plain(), partial(plain), lambda: "done", print, str, {}.get, object(), None]
)
def test_what_runs_when_it_is_called_is_plain(function: Any) -> None:
    assert is_plain_function(function)
    assert not is_coroutine_function(function)


@pytest.mark.parametrize(
    "function", [coroutine, Coroutine(), partial(coroutine), partial(partial(Coroutine())), Plain().method]
)
def test_what_has_to_be_awaited_is_not(function: Any) -> None:
    assert not is_plain_function(function)
    assert is_coroutine_function(function)


@pytest.mark.parametrize("function", [generator, Generator(), partial(generator), async_generator])
def test_what_has_to_be_iterated_is_not(function: Any) -> None:
    assert not is_plain_function(function)
    assert not is_coroutine_function(function)


@pytest.mark.parametrize("function", [coroutine, generator, async_generator])
def test_what_such_a_function_answers_has_not_run(function: Any) -> None:
    # A coroutine that nobody closed would warn that it was never awaited, which is an error here.
    assert has_not_run(function())


@pytest.mark.parametrize("answer", [None, "done", [], iter(()), plain])
def test_any_other_answer_has(answer: Any) -> None:
    assert not has_not_run(answer)
