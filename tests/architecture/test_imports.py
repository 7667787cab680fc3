"""What import-linter cannot say: which *files* of a folder may import a library, and what is never called."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "ostiary"
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imported(source: str, *, package: str = "ostiary") -> Iterator[str]:
    """Every module that a source imports when it runs, wherever in the file; not what only type checkers read."""

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for other in node.orelse:
                yield from visit(other)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        else:
            for child in ast.iter_child_nodes(node):
                yield from visit(child)

    yield from visit(ast.parse(source))


def _importers(*libraries: str) -> set[str]:
    return {
        file
        for file in FILES
        if any(name.partition(".")[0] in libraries for name in imported((PACKAGE / file).read_text("utf-8")))
    }


def _outside(importers: set[str], *allowed: str) -> set[str]:
    return {file for file in importers if not any(Path(file).match(pattern) for pattern in allowed)}


def _under(*folders: str) -> set[str]:
    return {file for file in FILES if file.startswith(tuple(f"{folder}/" for folder in folders))}


def test_sqlalchemy_is_only_in_storage_and_in_the_stores_of_features():
    found = _importers("sqlalchemy", "alembic", "psycopg") - _under("storage")
    assert not _outside(
        found,
        "features/*/store.py",
        "features/roles/group_store.py",
        "features/policies/visible.py",
        "features/policies/condition.py",
        "features/policies/many_values.py",
    )


def test_werkzeug_is_only_where_http_is():
    found = _importers("werkzeug") - _under("web", "flask", "testing")
    assert not _outside(found, "features/*/http.py", "features/passwords/old_hashes.py")


def test_flask_is_only_in_the_flask_adapter_and_the_test_kit():
    assert not _importers("flask", "flask_sqlalchemy", "blinker") - _under("flask", "testing")


def test_httpx_is_only_in_outbound():
    assert not _importers("httpx", "requests", "urllib3", "aiohttp") - _under("outbound")


def test_redis_is_only_in_the_ephemeral_store():
    assert not _importers("redis") - _under("storage/ephemeral")


def test_standards_ask_neither_the_time_nor_chance():
    asked = _importers("time", "datetime", "random", "secrets", "uuid", "os", "socket") & _under("standards")
    assert not asked


def test_only_the_clock_asks_what_time_it_is():
    assert not _importers("time") - {"kernel/clock.py"} - _under("testing")


def test_features_meet_only_at_their_front_doors():
    wrong = []
    for file in _under("features"):
        own = file.split("/")[1]
        for name in imported((PACKAGE / file).read_text("utf-8")):
            parts = name.split(".")
            if parts[:2] != ["ostiary", "features"] or len(parts) < 3 or parts[2] == own:
                continue
            inside = PACKAGE.joinpath("features", *parts[2:4])
            if len(parts) > 3 and (inside.is_dir() or inside.with_suffix(".py").is_file()):
                wrong.append(f"{file} imports {name}")
    assert not wrong


def _calls_of(name: str) -> set[str]:
    found = set()
    for file in FILES:
        for node in ast.walk(ast.parse((PACKAGE / file).read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
                if last == name:
                    found.add(file)
    return found


def test_what_starts_a_session_is_not_in_the_front_door():
    import ostiary

    assert "SignedIn" not in ostiary.__all__


def test_every_frozen_class_is_made_by_our_own_dataclass():
    # ADR 20: a start with two hundred of the standard library's takes a fifth longer.
    importers = {
        file
        for file in FILES
        for node in ast.walk(ast.parse((PACKAGE / file).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if "dataclass" in {alias.name for alias in node.names}
    }
    assert importers - _under("standards") == {"kernel/dataclass.py"}


def test_nothing_stored_or_sent_is_ever_run_as_code():
    # One module writes code, as the standard library's dataclasses do: from the names of our own fields, at import.
    assert _calls_of("eval") | _calls_of("exec") == {"kernel/dataclass.py"}
    assert not _importers("pickle", "marshal", "shelve")


def test_the_reader_of_imports_sees_what_runs_and_nothing_else():
    source = """
import a.b
from c import d
if TYPE_CHECKING:
    import e
else:
    import f
def late():
    import g
"""
    assert set(imported(source)) == {"a.b", "c", "c.d", "f", "g"}
