"""Definitions of roles: inheritance is worked out, circles and misspelt names stop the start, each with its cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary import Roles
from ostiary.features.roles.definitions import Definitions, definition_problems, find_cycle, is_role_name


def _codes(roles, default=()):
    return [problem.code for problem in definition_problems(roles, default)]


def test_an_entry_with_a_colon_or_a_star_is_a_permission_and_any_other_an_inherited_role() -> None:
    roles = {"admin": ["reader", "user:*"], "reader": ["report:read"], "root": ["*"]}
    assert _codes(roles, ["reader"]) == []
    expanded = Definitions(roles, ["reader"]).expand(["admin"], {})
    assert expanded.roles == {"admin", "reader"}
    assert expanded.permissions == {"user:*", "report:read"}
    assert Definitions(roles, ()).expand(["root"], {}).permissions == {"*"}


def test_inheritance_goes_on_as_long_as_there_is_something_to_inherit() -> None:
    roles = {"a": ["b", "c"], "b": ["d", "b:1"], "c": ["d", "c:1"], "d": ["d:1"]}
    expanded = Definitions(roles, ()).expand(["a"], {})
    assert expanded.roles == {"a", "b", "c", "d"}
    assert expanded.permissions == {"b:1", "c:1", "d:1"}


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        ({"admin": ["raeder"], "reader": ["report:read"]}, "unknown_role"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "role_cycle"),
        ({"a": ["a"]}, "role_cycle"),
        ({"Admin": ["user:*"]}, "not_a_role_name"),
        ({"admin ": ["user:*"]}, "not_a_role_name"),
        ({"a" * 65: ["user:*"]}, "not_a_role_name"),
        ({"user:admin": ["user:*"]}, "not_a_role_name"),
        ({5: ["user:*"]}, "not_a_role_name"),
        ({"admin": ["User:*"]}, "not_a_permission"),
        ({"admin": ["user:*:"]}, "not_a_permission"),
        ({"admin": ["us*r:read"]}, "not_a_permission"),
        ({"admin": "user:read"}, "role_is_no_list"),
        ({"admin": None}, "role_is_no_list"),
        ({"admin": [7]}, "not_an_entry"),
        ({"admin": [["user:read"]]}, "not_an_entry"),
    ],
)
def test_what_is_wrong_with_a_role_is_said_at_the_start(roles, code) -> None:
    assert code in _codes(roles)


def test_a_misspelt_role_is_told_with_the_one_that_was_meant() -> None:
    (problem,) = definition_problems({"admin": ["raeder"], "reader": ["report:read"]}, ())
    assert problem.cure == "did you mean 'reader'?"
    (problem,) = definition_problems({"reader": ["report:read"]}, ["raeder"])
    assert problem.cure == "did you mean 'reader'?"


def test_the_default_is_a_list_of_roles_of_the_code() -> None:
    assert _codes({"reader": ["report:read"]}, "reader") == ["role_is_no_list"]
    assert _codes({"reader": ["report:read"]}, ["nobody"]) == ["unknown_role"]


def test_roles_from_the_environment_are_refused_with_what_to_write() -> None:
    (problem,) = Roles("admin").problems()
    assert problem.code == "roles_are_no_mapping"


@pytest.mark.attack("V5")
def test_a_circle_is_named_in_its_order() -> None:
    cycle = find_cycle({"a": {"b", "x:1"}, "b": {"c"}, "c": {"b"}})
    assert cycle in (("b", "c", "b"), ("c", "b", "c"))
    assert find_cycle({"a": {"b"}, "b": {"x:*"}, "c": {"a", "b"}}) == ()


@pytest.mark.attack("V5")
def test_a_circle_that_came_in_all_the_same_ends() -> None:
    expanded = Definitions({}, ()).expand(["a"], {"a": frozenset({"b", "a:1"}), "b": frozenset({"a", "b:1"})})
    assert expanded.roles == {"a", "b"}
    assert expanded.permissions == {"a:1", "b:1"}


NAMES = st.sampled_from([f"r{n}" for n in range(6)])
GRAPHS = st.dictionaries(NAMES, st.frozensets(NAMES | st.sampled_from(["a:b", "c:*"]), max_size=4))


@given(GRAPHS)
def test_a_cycle_is_found_exactly_if_some_role_reaches_itself(graph) -> None:
    def reaches(start):
        seen, waiting = set(), list(graph.get(start, ()))
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += graph.get(one, ())
        return start in seen

    cycle = find_cycle(graph)
    assert bool(cycle) == any(reaches(name) for name in graph)
    assert all(second in graph[first] for first, second in zip(cycle, cycle[1:], strict=False))


@given(GRAPHS, st.sets(NAMES))
def test_heirs_are_those_whose_expansion_has_the_role(graph, names) -> None:
    definitions = Definitions({}, ())
    everybody = set(graph) | names
    expected = {name for name in everybody if definitions.expand([name], graph).roles & names}
    assert definitions.heirs_of(names, graph) == expected


class _Counted(frozenset):
    """What a role grants, and how often anybody has looked at it."""

    looks = 0

    def __iter__(self):
        _Counted.looks += 1
        return super().__iter__()

    def __contains__(self, entry):
        _Counted.looks += 1
        return super().__contains__(entry)


@pytest.mark.attack("U11")
def test_a_chain_of_a_hundred_thousand_roles_is_followed_in_one_go() -> None:
    """Whoever defines roles in the database says how many there are, and each question must stay one over all of them."""
    most = 100_000
    chain = {f"r{number}": _Counted({f"r{number + 1}"}) for number in range(most)}
    definitions = Definitions({}, ())
    _Counted.looks = 0
    assert len(definitions.heirs_of([f"r{most}"], chain)) == most + 1
    assert _Counted.looks == most
    assert len(definitions.expand(["r0"], chain).roles) == most + 1
    assert find_cycle(chain) == ()
    assert find_cycle({**chain, f"r{most}": frozenset({"r0"})})


def test_what_the_code_defines_counts_whatever_the_database_says() -> None:
    definitions = Definitions({"reader": ["report:read"]}, ())
    assert definitions.expand(["reader"], {"reader": frozenset({"*"})}).permissions == {"report:read"}
    inherits = {"auditor": frozenset({"reader", "audit:read"})}
    assert definitions.expand(["auditor"], inherits).permissions == {"report:read", "audit:read"}


def test_a_role_that_nobody_defines_is_held_and_grants_nothing() -> None:
    expanded = Definitions({}, ()).expand(["gone"], {})
    assert (expanded.roles, expanded.permissions) == ({"gone"}, frozenset())


TRICKS = ["admin\0", "admin ", " admin", "Admin", "ADMIN", "ａdmin", "аdmin", "admin\n", "adm\u200bin", "", "-a", "1a"]


@pytest.mark.attack("V4")
@pytest.mark.parametrize("name", TRICKS)
def test_a_name_that_looks_like_a_role_is_none(name) -> None:
    assert not is_role_name(name)
    assert Definitions({"admin": ["user:*"]}, ()).expand([name], {}).permissions == frozenset()
