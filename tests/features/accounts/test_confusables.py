"""The skeleton of UTS #39: equal for lookalikes, and stable."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.accounts.confusables import _CLASSES, _SEQUENCES, skeleton


@given(st.text(alphabet="abcimnrvw01l.æёаоω", max_size=20))
def test_a_skeleton_is_its_own_skeleton(text):
    assert skeleton(skeleton(text)) == skeleton(text)


def test_no_code_point_belongs_to_two_shapes():
    points = [point for members in _CLASSES for point in members.split()]
    assert len(points) == len(set(points))
    assert not set(points) & {one for one, _ in _SEQUENCES}


def test_every_code_point_of_the_table_is_decomposed_and_in_small_letters():
    # The table is applied to NFD of what is casefolded; anything else in it would never be met.
    for point in [point for members in _CLASSES for point in members.split()] + [one for one, _ in _SEQUENCES]:
        character = chr(int(point, 16))
        assert normalize("NFD", character) == character
        assert character.casefold() == character or character in "\u1e9d\u1e9f\u1eff"


@pytest.mark.parametrize(("one", "other"), [("l", "1"), ("rn", "m"), ("o", "0"), ("c\u0327", "ҫ")])
def test_lookalikes_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)
