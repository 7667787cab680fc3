"""SQL is built from constants and bound parameters: nothing that a stranger sends ever becomes part of a statement."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "ostiary"

TAKES_SQL = {"text", "literal_column", "exec_driver_sql"}
"""What takes a statement, or a part of one, as text. ``execute`` does where the first argument is text."""

FROM_CONSTANTS = {
    # PRAGMA takes no parameter; a number that stands in the module.
    "storage/ephemeral/sqlite_file.py",
    # The names of partitions: a number of ours, and a template that stands in the module.
    "storage/audit_partitions.py",
    # PRAGMA takes no parameter; one of two words that stand in the module.
    "storage/engines.py",
    # The name of Alembic's table, and a query with the names of ours.
    "storage/schema.py",
    # What Core compiled once, with its placeholders.
    "storage/guard_reads.py",
}
"""Where a statement is put together, and out of what. Somebody has read each of them."""


def _called(call: ast.Call) -> str | None:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)


def _statements(tree: ast.AST):
    """Every piece of SQL that is text: the expression itself."""
    # A form's fields have a `text`, too, and a module may have one of its own.
    imported = {"exec_driver_sql"} | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name, first = _called(call), call.args[0]
        textual = isinstance(first, ast.JoinedStr | ast.BinOp | ast.Constant)
        if (name in TAKES_SQL and name in imported) or (name == "execute" and textual):
            yield first


def built_statements(source: str) -> list[str]:
    """The pieces of SQL that are more than a constant."""
    return [ast.unparse(sql) for sql in _statements(ast.parse(source)) if not isinstance(sql, ast.Constant)]


@pytest.mark.asvs("V1.2.4")
@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_statement_is_put_together_from_text(path: Path) -> None:
    if path.relative_to(SOURCE).as_posix() not in FROM_CONSTANTS:
        assert built_statements(path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", sorted(FROM_CONSTANTS))
def test_every_exception_is_still_one(name: str) -> None:
    source = (SOURCE / name).read_text("utf-8")
    assert built_statements(source) or "cursor.execute(" in source


@pytest.mark.parametrize(
    "source",
    [
        "text(f'SELECT {name}')", "text('SELECT ' + name)", "text('SELECT %s' % name)", "text('SELECT {}'.format(name))",
        "literal_column(name)", "connection.exec_driver_sql(sql)", "cursor.execute(f'PRAGMA {x}')",
    ],
)  # fmt: skip
def test_a_statement_that_is_put_together_is_found(source: str) -> None:
    assert built_statements(f"from sqlalchemy import literal_column, text\n{source}")


@pytest.mark.parametrize("source", ["text('SELECT 1')", "fields.text(name)", "tx.execute(statement)"])
def test_a_constant_and_a_core_statement_are_none(source: str) -> None:
    assert not built_statements(source)
