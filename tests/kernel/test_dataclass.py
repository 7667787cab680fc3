"""Our ``@dataclass`` beside the standard library's: for frozen classes, nobody can tell them apart."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import KW_ONLY, FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from ostiary.kernel import dataclass as ours


class Plain:
    """Two fields."""

    left: int
    right: str


class Defaults:
    """Each kind of default, and what may not be seen, compared or hashed."""

    first: int
    second: int = 2
    third: list[int] = field(default_factory=list[int], hash=False)
    unseen: str = field(default="", repr=False)
    apart: str = field(default="", compare=False)
    shared: ClassVar[int] = 7


class Mixed:
    """Arguments by position and by name."""

    first: int
    named: int = field(default=1, kw_only=True)
    second: int = 3
    _: KW_ONLY
    last: int


class Derived:
    """What its own code sets."""

    given: int
    doubled: int = field(init=False)
    counted: list[int] = field(init=False, default_factory=list[int], compare=False)
    fixed: int = field(init=False, default=5)

    def __post_init__(self) -> None:
        if self.given < 0:
            message = "less than nothing"
            raise ValueError(message)
        object.__setattr__(self, "doubled", self.given * 2)


class Empty:
    """Nothing at all."""


class Own:
    """Functions of its own are kept."""

    value: int

    def __init__(self, *, text: str) -> None:
        object.__setattr__(self, "value", int(text))

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "Own!"


_CALLS: list[tuple[type, list[tuple[tuple[Any, ...], dict[str, Any]]]]] = [
    (Plain, [((1, "x"), {}), ((1,), {"right": "x"}), ((), {"right": "x", "left": 1}), ((2, "y"), {}), ((1,), {})]),
    (Defaults, [((1,), {}), ((1, 2), {}), ((1,), {"third": [4]}), ((1,), {"unseen": "a"}), ((1,), {"apart": "b"})]),
    (Mixed, [((1,), {"last": 4}), ((1, 3), {"last": 4, "named": 1}), ((1, 3, 4), {}), ((1,), {"last": 4, "no": 1})]),
    (Derived, [((2,), {}), ((3,), {}), ((-1,), {}), ((1,), {"doubled": 2})]),
    (Empty, [((), {}), ((1,), {})]),
    (Own, [((), {"text": "1"}), ((), {"text": "2"}), ((1,), {})]),
]
_FORMS = [{}, {"kw_only": True}, {"eq": False}]


def _both(cls: type, **form: bool) -> tuple[type[Any], type[Any]]:
    def again() -> type[Any]:
        members = {
            name: copy.copy(value) for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}
        }
        return type(cls.__name__, (), members)

    standard: Callable[[type[Any]], type[Any]] = dataclasses.dataclass(frozen=True, slots=True, **form)  # type: ignore[call-overload]
    mine: Callable[[type[Any]], type[Any]] = ours.dataclass(frozen=True, slots=True, **form)  # type: ignore[call-overload]
    return standard(again()), mine(again())


def _made(cls: type[Any], call: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
    """The instance, or the class of what was raised instead."""
    try:
        return cls(*call[0], **call[1])
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("form", _FORMS, ids=str)
@pytest.mark.parametrize(("cls", "calls"), _CALLS, ids=lambda value: getattr(value, "__name__", ""))
def test_it_makes_what_the_standard_one_makes(cls: type, calls: list[Any], form: dict[str, bool]) -> None:
    standard, mine = _both(cls, **form)
    assert str(inspect.signature(mine)) == str(inspect.signature(standard))
    assert mine.__match_args__ == standard.__match_args__
    assert mine.__slots__ == standard.__slots__
    pairs = [(_made(standard, call), _made(mine, call)) for call in calls]
    for theirs, own in pairs:
        if isinstance(theirs, type):
            assert own is theirs
            continue
        # One that is compared by identity says nothing of its own about its hash.
        assert repr(own) == repr(theirs) or form.get("eq") is False
        assert dataclasses.asdict(own) == dataclasses.asdict(theirs)
        if form.get("eq", True):
            assert hash(own) == hash(theirs)
        for other_theirs, other_own in pairs:
            assert (own == other_own) is (theirs == other_theirs)


@pytest.mark.parametrize("cls", [Plain, Defaults, Derived], ids=lambda cls: cls.__name__)
def test_nothing_changes_an_instance(cls: type) -> None:
    _, mine = _both(cls)
    value = mine(1, "x") if cls is Plain else mine(1)
    name = dataclasses.fields(mine)[0].name
    for attempt in (
        lambda: setattr(value, name, 2),
        lambda: delattr(value, name),
        lambda: setattr(value, "unknown", 2),
        lambda: vars(value),
    ):
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            attempt()
    assert getattr(value, name) == 1


def test_a_default_is_made_anew_for_each() -> None:
    _, mine = _both(Defaults)
    assert mine(1).third is not mine(1).third


@ours.dataclass(frozen=True, slots=True)
class Base:
    """What others inherit from."""

    one: int
    two: int = 2


@ours.dataclass(frozen=True, slots=True, kw_only=True)
class Below(Base):
    """One field more, and another default."""

    two: int = 3
    three: int


def test_a_class_inherits_fields_and_adds_its_own() -> None:
    below = Below(one=1, three=4)
    assert (below.one, below.two, below.three) == (1, 3, 4)
    assert below != Base(1, 3)
    assert [one.name for one in dataclasses.fields(below)] == ["one", "two", "three"]


def test_an_instance_is_copied_changed_and_pickled() -> None:
    below = Below(one=1, three=4)
    assert dataclasses.replace(below, one=9) == Below(one=9, three=4)
    for again in (copy.copy(below), copy.deepcopy(below), pickle.loads(pickle.dumps(below))):
        assert again == below
        assert again is not below
        with pytest.raises(FrozenInstanceError):
            again.one = 2


def test_what_is_not_frozen_is_the_standard_one() -> None:
    @ours.dataclass(slots=True)
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    assert Counter.__hash__ is None
