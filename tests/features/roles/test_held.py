"""What somebody holds: everywhere, at a place, for a time; a place adds to what is held everywhere and to nothing else."""

from hypothesis import given
from hypothesis import strategies as st
from tests.shop import NOON

from ostiary.features.roles.definitions import Definitions
from ostiary.features.roles.held import LONGEST_REMEMBERED, Holding, work_out
from ostiary.storage.revocations import SUBJECT_ROWS_LIVE

ACME, OTHER, TEAM = ("org", "acme"), ("org", "other"), ("team", "acme")
DEFINITIONS = Definitions(
    {"editor": ["writer", "article:*"], "writer": ["note:write"], "reader": ["article:read"]}, ["reader"]
)


def _work_out(*holdings, now=NOON):
    return work_out(holdings, DEFINITIONS, {}, version=3, now=now)


def _hold(role, place=None, ends_at=None):
    return Holding(role=role, place=place, ends_at=ends_at)


def test_who_was_given_nothing_holds_what_everybody_holds() -> None:
    held = _work_out()
    assert (held.at(None).roles, held.at(ACME).roles) == ({"reader"}, {"reader"})
    assert held.version == 3


def test_a_role_of_a_place_counts_there_and_a_role_of_everywhere_everywhere() -> None:
    held = _work_out(_hold("editor", ACME), _hold("writer"))
    assert held.at(None).roles == {"reader", "writer"}
    assert held.at(ACME).roles == {"reader", "writer", "editor"}
    assert held.at(OTHER).roles == held.at(TEAM).roles == {"reader", "writer"}
    assert held.at(ACME).permissions == {"article:read", "note:write", "article:*"}


def test_what_has_ended_is_not_held_at_the_very_instant() -> None:
    assert "editor" in _work_out(_hold("editor", ACME, NOON + 1)).at(ACME).roles
    assert "editor" not in _work_out(_hold("editor", ACME, NOON)).at(ACME).roles


def test_what_is_worked_out_is_good_until_the_next_end() -> None:
    held = _work_out(
        _hold("editor", ACME, NOON + 500), _hold("writer", None, NOON + 900), _hold("editor", None, NOON - 1)
    )
    assert held.until == NOON + 500
    assert _work_out(_hold("editor", ACME)).until == NOON + LONGEST_REMEMBERED


def test_nothing_is_remembered_as_long_as_a_change_of_rights_is() -> None:
    assert LONGEST_REMEMBERED < SUBJECT_ROWS_LIVE


def test_the_places_of_a_kind_where_something_is_held() -> None:
    held = _work_out(_hold("editor", ACME), _hold("writer", OTHER), _hold("editor", TEAM))
    assert held.places_of("org", role="editor") == {"acme"}
    assert held.places_of("org", role="writer") == {"acme", "other"}
    assert held.places_of("org", permission="article:write") == {"acme"}
    assert held.places_of("org", permission="article:read") is None
    assert held.places_of("org", role="reader", permission="note:write") == {"acme", "other"}
    assert held.places_of("galaxy", role="editor") == frozenset()


PLACES = st.sampled_from([None, ACME, OTHER, TEAM])
HOLDINGS = st.lists(st.builds(_hold, st.sampled_from(["editor", "writer", "reader", "gone"]), PLACES))


@given(
    HOLDINGS,
    PLACES,
    st.sampled_from(["editor", "writer", "reader"]),
    st.sampled_from(["article:read", "article:write", "note:write"]),
)
def test_the_places_are_those_where_a_guard_would_let_her_through(holdings, place, role, permission) -> None:
    held = _work_out(*holdings)
    if place is None:
        return
    names = held.places_of(place[0], role=role)
    assert (role in held.at(place).roles) == (names is None or place[1] in names)


@given(HOLDINGS, HOLDINGS, PLACES)
def test_more_roles_never_take_anything_away(some, more, place) -> None:
    less, all_of_it = _work_out(*some).at(place), _work_out(*some, *more).at(place)
    assert less.roles <= all_of_it.roles
    assert less.permissions <= all_of_it.permissions
