"""There is one way in: only ``decide.py`` makes a ``SignedIn``, and only the way in starts a session."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "ostiary"


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            yield name, node


def places(wanted):
    found = set()
    for file in SOURCE.rglob("*.py"):
        for name, node in calls(ast.parse(file.read_text("utf-8"))):
            if wanted(name, node):
                found.add(file.relative_to(SOURCE).as_posix())
    return found


@pytest.mark.asvs("V6.3.4")
def test_a_signed_in_is_constructed_in_one_place():
    assert places(lambda name, node: name == "SignedIn") == {"features/sign_in/decide.py"}


@pytest.mark.asvs("V6.3.4")
def test_a_session_is_started_in_one_place():
    def starts(name, node):
        return (
            name == "start" and isinstance(node.func, ast.Attribute) and any(k.arg == "replaces" for k in node.keywords)
        )

    # The action hands it to the starter; whoever signs somebody in is the way in.
    assert places(starts) == {"features/sessions/end.py", "runtime/way_in.py"}


@pytest.mark.asvs("V6.3.4")
@pytest.mark.attack("L8")
def test_only_the_way_in_lets_a_remembered_browser_in():
    assert places(lambda name, node: name == "decide_remembered") == {"features/sign_in/attempt.py"}
    assert places(lambda name, node: name == "conclude_remembered") == {"runtime/way_in.py"}


@pytest.mark.asvs("V6.3.4")
def test_tokens_are_given_out_in_one_place():
    assert places(lambda name, node: name == "give_out") == {"runtime/token_way_in.py"}
    assert places(lambda name, node: name == "begin_family") == {"features/tokens/families.py"}


@pytest.mark.asvs("V6.3.4")
def test_a_session_row_is_inserted_in_one_place():
    def inserts(name, node):
        return name == "insert" and ast.unparse(node.func).startswith(("store.insert", "sessions.insert"))

    assert places(inserts) == {
        "features/sessions/store.py",
        "features/sessions/start.py",
        "features/audit_log/record.py",
    }


@pytest.mark.asvs("V6.3.4")
def test_every_method_proves_through_the_counted_attempt():
    """Whoever makes evidence of a proof is called by ``attempt``, or is the application that vouches."""
    assert places(lambda name, node: name == "Evidence") == {
        "features/passwords/verify.py",
        "runtime/sign_in_steps.py",
    }
    assert places(lambda name, node: name == "attempt") == {"features/passwords/verify.py"}


@pytest.mark.asvs("V3.7.2")
def test_nothing_redirects_but_through_the_url_policy():
    assert places(lambda name, node: name == "redirect") == set()


@pytest.mark.asvs("V1.5.2")
def test_nothing_is_unpickled():
    for file in SOURCE.rglob("*.py"):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not imported & {"pickle", "marshal", "shelve", "yaml"}, file


@pytest.mark.asvs("V6.5.3")
def test_randomness_comes_from_the_system():
    """No module imports ``random``: secrets, ids and salts come from the operating system's generator."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert "random" not in names, file
            assert not (isinstance(node, ast.ImportFrom) and node.module == "random"), file


@pytest.mark.asvs("V11.2.4")
def test_secrets_are_compared_in_constant_time():
    """No ``==`` on a name that says it holds a secret."""
    suspicious = ("secret", "token", "digest", "mac", "hash")
    for file in SOURCE.rglob("*.py"):
        if "migrations" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                continue
            for side in (node.left, *node.comparators):
                last = side.attr if isinstance(side, ast.Attribute) else getattr(side, "id", "")
                others = [one for one in (node.left, *node.comparators) if one is not side]
                constant = any(isinstance(one, ast.Constant) for one in others)
                assert constant or not last.lower().endswith(suspicious), f"{file}:{node.lineno} {ast.unparse(node)}"
