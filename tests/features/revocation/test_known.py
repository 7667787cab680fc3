"""What is known to be revoked: learned in any order, asked in constant time, forgotten when it has expired."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.revocation.known import Known
from ostiary.kernel.joint_epoch import joint_epoch

TOKEN = {"jti": "t1", "family": "f1", "client": "c1", "subject": "ada", "epoch": 3}


def known(*rows) -> Known:
    made = Known()
    for row in rows:
        made.learn(*row)
    return made


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("token", "t1", 0, 10), "token"),
        (("family", "f1", 0, 10), "family"),
        (("client", "c1", 0, 10), "client"),
        (("epoch", "ada", 4, 10), "epoch"),
        (("epoch", "ada", 3, 10), None),
        (("epoch", "bob", 4, 10), None),
        (("rights", "ada", 4, 10), None),
        # The subject's own epoch of the token is compared with hers, and both with everybody's.
        (("everybody", "", joint_epoch(1, 0), 10), "everybody"),
        (("everybody", "", joint_epoch(0, 3), 10), None),
        # A key means something only within its kind.
        (("token", "f1", 0, 10), None),
        (("client", "t1", 0, 10), None),
        (("family", "ada", 9, 10), None),
    ],
)
def test_a_token_is_refused_for_what_was_revoked_and_for_nothing_else(row, reason) -> None:
    assert known(row).reason_against(**TOKEN) == reason


@pytest.mark.parametrize(
    ("everybody", "own", "reason"),
    [(2, 3, None), (2, 2, "epoch"), (1, 3, "everybody"), (1, 9, "everybody"), (3, 2, "epoch"), (3, 3, None)],
)
def test_each_of_two_epochs_ends_what_is_of_before(everybody, own, reason) -> None:
    made = known(("everybody", "", joint_epoch(2, 0), 10), ("epoch", "ada", 3, 10))
    assert made.reason_against(**{**TOKEN, "epoch": joint_epoch(everybody, own)}) == reason


def test_a_token_without_family_and_client_is_not_taken_for_one_that_has_them() -> None:
    rows = [("family", "", 0, 10), ("client", "", 0, 10), ("family", "None", 0, 10)]
    assert known(*rows).reason_against(**{**TOKEN, "family": None, "client": None}) is None


def test_a_kind_of_a_later_version_is_left_alone() -> None:
    made = known(("tenant", "t1", 1, 10))
    assert (len(made), made.reason_against(**TOKEN)) == (0, None)


def test_the_newest_rights_are_told_and_zero_where_nothing_was() -> None:
    made = known(("rights", "ada", 5, 10), ("rights", "ada", 4, 20))
    assert (made.rights_of("ada"), made.rights_of("bob")) == (5, 0)


def test_what_has_expired_is_forgotten_and_its_memory_given_back() -> None:
    made = known(*[(kind, f"k{end}", 1, end) for kind in Known()._ends for end in range(100)])
    made.forget(49)
    assert len(made) == 6 * 50
    assert {len(ends) for ends in made._ends.values()} == {50}
    assert {len(values) for values in made._values.values()} == {50}
    made.forget(99)
    assert not made._queue
    assert not any(made._ends.values())
    assert not any(made._values.values())


def test_what_is_told_again_lives_until_the_later_end_and_takes_no_more_room() -> None:
    made = known(
        *[("token", "t1", 0, end) for end in (50, 900, 20)], *[("epoch", "ada", n, 100 + n) for n in range(999)]
    )
    assert len(made) == 2
    made.forget(899)
    assert made.reason_against(**TOKEN) == "token"
    assert made.knows("token", "t1", until=900)
    assert not made.knows("token", "t1", until=901)
    made.forget(900)
    assert made.reason_against(**TOKEN) == "epoch"


def _calls(act) -> int:
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def test_asking_costs_the_same_among_a_hundred_thousand_as_among_ten() -> None:
    few, many = (known(*[("token", f"x{n}", 0, n + 10) for n in range(size)]) for size in (10, 100_000))
    assert len(many) == 100_000
    assert _calls(lambda: few.reason_against(**TOKEN)) == _calls(lambda: many.reason_against(**TOKEN))
    assert _calls(lambda: few.forget(9)) == _calls(lambda: many.forget(9))
    # Forgetting one is one step, however many are left.
    assert _calls(lambda: few.forget(10)) == _calls(lambda: many.forget(10))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["token", "family", "client", "epoch", "everybody", "rights"]),
        st.sampled_from(["t1", "f1", "c1", "ada"]),
        st.integers(0, 5),
        st.integers(1, 9),
    )
)


@given(rows=ROWS, again=ROWS, now=st.integers(0, 10))
def test_the_order_of_learning_and_learning_twice_change_nothing(rows, again, now) -> None:
    one, other = known(*rows, *again), known(*again, *reversed(rows), *rows)
    one.forget(now)
    other.forget(now)
    assert (one._ends, one._values) == (other._ends, other._values)
    assert all(end > now for ends in one._ends.values() for end in ends.values())
