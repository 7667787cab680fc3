"""The parity page: every test that it names exists, and no row goes without one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "parity.md").read_text("utf-8")
LATER = [line for line in PAGE.splitlines() if line.startswith("Still to come, ")]
NAMED = re.compile(r"`([a-z_/0-9]+\.py)::(test_\w+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| there ", "| | there "))]


def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 50
    assert not [f"{file}::{test}" for file, test in named if test not in _tests_of(file)]


def test_everything_in_the_shape_of_a_test_is_read_as_one() -> None:
    assert PAGE.count("::") == len(NAMED.findall(PAGE))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_names_a_test(row: str) -> None:
    assert NAMED.search(row), "also what is refused can be shown"


@pytest.mark.parametrize(
    ("letter", "numbers"),
    [
        ("L", range(1, 20)),
        ("J", range(1, 26)),
        ("A", [*range(1, 13), *range(20, 47)]),
        ("S", range(1, 39)),
        ("X", range(1, 21)),
    ],
)
def test_every_weak_spot_of_a_library_has_a_row_or_is_said_to_be_still_to_come(letter, numbers) -> None:
    told = [int(number) for row in ROWS for number in re.findall(rf"^\| {letter}(\d+) \|", row)]
    later = [number for text in LATER for number in _numbers(letter, text)]
    assert told == sorted(set(told))
    assert sorted(told + later) == list(numbers)


def _numbers(letter: str, text: str) -> Iterator[int]:
    for first, last in re.findall(rf"\b{letter}(\d+)(?:–{letter}(\d+))?", text):
        yield from range(int(first), int(last or first) + 1)


WEAK_SPOTS = [
    (f"parity/{path.name}", name)
    for path in sorted((ROOT / "tests" / "parity").glob("test_*.py"))
    for name in sorted(_tests_of(f"parity/{path.name}"))
    if re.match(r"test_[ljasx]\d", name)
]


@pytest.mark.parametrize(("file", "test"), WEAK_SPOTS, ids=lambda part: part)
def test_a_test_of_a_weak_spot_is_on_its_row(file: str, test: str) -> None:
    rows = [row for row in ROWS if f"`{file}::{test}`" in row]
    for letter, number in re.findall(r"_([ljasx])(\d+)(?=_)", test):
        assert any(row.startswith(f"| {letter.upper()}{number} ") for row in rows), f"{letter}{number}"
