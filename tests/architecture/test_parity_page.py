"""The parity page: every test that it names exists, and no row goes without one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "parity.md").read_text("utf-8")
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


def test_every_weak_spot_of_flask_login_has_a_row() -> None:
    assert [row.split("|")[1].strip() for row in ROWS if re.match(r"\| L\d+ ", row)] == [f"L{n}" for n in range(1, 20)]


def test_a_test_of_a_weak_spot_says_so_in_its_name() -> None:
    """And the other way round: each that is named after one is on its row."""
    for test in sorted(name for name in _tests_of("parity/test_flask_login.py") if re.match(r"test_l\d", name)):
        for number in re.findall(r"_l(\d+)(?=_)", test):
            on_its_row = [row for row in ROWS if row.startswith(f"| L{number} ") and f"::{test}`" in row]
            assert on_its_row or len(re.findall(r"_l\d+(?=_)", test)) > 1 or number == "17", test
