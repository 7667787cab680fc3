"""What a stranger wrote, on an operator's terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.cli.terminal import printable


@pytest.mark.attack("T13")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada", "ada"),
        ("Zoë 李", "Zoë 李"),
        (None, "-"),
        ("", "-"),
        ("a\nb\r", r"a\nb\r"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),
        ("\x9b1A", r"\x9b1A"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_not_printable_is_spelled_out(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_nothing_else_than_one_printable_line_comes_out(text):
    assert printable(text).isprintable()
