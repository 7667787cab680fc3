"""The joint epoch: the order of pairs is the order of the numbers."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.joint_epoch import joint_epoch, own_epoch

EVERYBODYS = st.integers(0, 2**20)
OWN = st.integers(0, 2**32 - 1)


@given(EVERYBODYS, OWN, EVERYBODYS, OWN)
def test_joint_epochs_are_ordered_as_pairs_are(everybody, own, later, others) -> None:
    assert (joint_epoch(everybody, own) < joint_epoch(later, others)) == ((everybody, own) < (later, others))


@given(EVERYBODYS, OWN)
def test_the_subject_s_own_is_read_back_and_fits_into_what_json_carries_exactly(everybody, own) -> None:
    assert own_epoch(joint_epoch(everybody, own)) == own
    assert joint_epoch(everybody, own) < 2**53
