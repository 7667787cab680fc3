"""Names and rules are joined by the same two words, and never with one another."""

from dataclasses import dataclass

import pytest

from ostiary import all_of, any_of
from ostiary.kernel.combinable import Combinable
from ostiary.kernel.requirement import Names


@dataclass(frozen=True)
class Part(Combinable):
    name: str

    def combine(self, mode, parts):
        return Part(f"{mode}({', '.join(part.name for part in parts)})")


def test_names_become_names():
    assert any_of("a", "b") == Names("any", ("a", "b"))
    assert all_of("a") == Names("all", ("a",))


def test_what_can_be_combined_says_how():
    assert any_of(Part("a"), Part("b")) == Part("any(a, b)")
    assert all_of(Part("a"), Part("b")) == Part("all(a, b)")


@pytest.mark.parametrize("parts", [("a", Part("b")), (Part("a"), "b"), (Part("a"), None)])
def test_the_two_are_not_mixed(parts):
    with pytest.raises(TypeError, match="not one with the other"):
        any_of(*parts)


@pytest.mark.parametrize("parts", [(), ("",), (5,), (None,)])
def test_nothing_is_no_name(parts):
    with pytest.raises(ValueError, match="at least one name"):
        all_of(*parts)


def test_what_does_not_say_how_cannot_be_combined():
    with pytest.raises(TypeError):
        any_of(Combinable(), Combinable())
