"""Resources: objects found by their type, one of each."""

from typing import Protocol

import pytest

from ostiary.kernel.resources import Resources


class Speaks(Protocol):
    def speak(self) -> str: ...


class Dog:
    def speak(self) -> str:
        return "woof"


def test_a_resource_is_found_by_its_class() -> None:
    resources, dog = Resources(), Dog()
    resources.add(dog)
    assert resources[Dog] is dog
    assert resources.find(Dog) is dog
    assert Dog in resources
    assert list(resources) == [dog]


def test_a_resource_is_found_by_the_protocol_it_was_added_under_alone() -> None:
    resources, dog = Resources(), Dog()
    resources.add(dog, as_type=Speaks)
    assert resources[Speaks] is dog  # type: ignore[type-abstract]
    assert Dog not in resources


def test_a_second_one_of_a_kind_is_refused() -> None:
    resources = Resources()
    resources.add(Dog())
    with pytest.raises(ValueError, match="there is already a Dog"):
        resources.add(Dog())


def test_what_is_not_there_is_a_lookup_error_that_says_so() -> None:
    resources = Resources()
    with pytest.raises(LookupError, match="no Dog here"):
        resources[Dog]
    assert resources.find(Dog) is None
    assert Dog not in resources
