"""Writes docs/reference from the code: settings, addresses, codes, limits, and which test answers which requirement.

``python docs/generate.py`` writes the pages; ``tests/architecture`` fails while one of them is stale.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

ROOT: Final = Path(__file__).resolve().parent.parent
# The pages stand beside this program, which is no package.
sys.path[:0] = [folder for folder in (str(ROOT / "docs"), str(ROOT / "src")) if folder not in sys.path]

from reference_pages.codes import error_codes  # noqa: E402 - found by the line above
from reference_pages.commands import commands  # noqa: E402
from reference_pages.cryptography import cryptography  # noqa: E402
from reference_pages.data import data_inventory  # noqa: E402
from reference_pages.pathways import sign_in_pathways  # noqa: E402
from reference_pages.routes import routes  # noqa: E402
from reference_pages.security_log import security_log  # noqa: E402
from reference_pages.source import NOTICE, feature_names  # noqa: E402
from reference_pages.throttling import throttling  # noqa: E402
from reference_pages.timeouts import timeouts  # noqa: E402

REFERENCE: Final = ROOT / "docs" / "reference"
ROWS: Final = ROOT / "tests" / "architecture" / "security_rows.toml"

KINDS: Final = {
    "asvs": "OWASP ASVS 5.0.0",
    "must": "Rules of the standards",
    "attack": "Attacks that must fail",
}
"""The markers of tests, and what their numbers count."""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """One test, or one file of tests over a table, that bears the number of a row."""

    kind: str
    row: str
    test: str


# ---------------------------------------------------------------------------------------------- markers of the tests


def marked(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Every ``pytest.mark.<kind>(id)`` under a node: the kind and the id, None where the id is not a literal."""
    for call in ast.walk(node):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in KINDS):
            continue
        owner = call.func.value
        if isinstance(owner, ast.Attribute) and owner.attr == "mark":
            for argument in call.args:
                literal = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield call.func.attr, argument.value if literal else None


def proofs_in(path: Path, root: Path = ROOT) -> set[Proof]:
    """The proofs that one test file gives."""
    name = path.relative_to(root).as_posix()
    tree = ast.parse(path.read_text("utf-8"))
    found: set[Proof] = set()
    from_table: list[ast.AST] = []

    def visit(body: list[ast.stmt], inherited: list[tuple[str, str | None]]) -> None:
        shared = [*inherited]
        for statement in body:
            if _is_pytestmark(statement):
                shared += marked(statement)
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                own = [mark for decorator in statement.decorator_list for mark in marked(decorator)]
                visit(statement.body, [*shared, *own])
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test_"):
                own = [mark for decorator in statement.decorator_list for mark in marked(decorator)]
                found.update(
                    Proof(kind, row, f"{name}::{statement.name}") for kind, row in [*shared, *own] if row is not None
                )
            elif not _is_pytestmark(statement):
                from_table.append(statement)

    visit(tree.body, [])
    loose = [mark for node in from_table for mark in marked(node)]
    found.update(Proof(kind, row, name) for kind, row in loose if row is not None)
    if any(row is None for _, row in loose):
        found.update(_proofs_of_vectors(tree, name, root))
    return found


def _is_pytestmark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets
    )


def _proofs_of_vectors(tree: ast.AST, name: str, root: Path) -> Iterator[Proof]:
    """A file that marks its parameters from a table in tests/vectors proves every id of that table."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".toml"):
            table = root / "tests" / "vectors" / Path(node.value).name
            if table.is_file():
                cases = tomllib.loads(table.read_text("utf-8"))["case"]
                for row in {case["id"] for case in cases}:
                    yield Proof(kind_of(row), row, f"{name} ({table.name})")


def kind_of(row: str) -> str:
    """Which list a number belongs to: ``V7.2.4`` is ASVS, ``H7`` an attack, everything else a standard's rule."""
    if re.fullmatch(r"V\d+\.\d+\.\d+", row):
        return "asvs"
    return "attack" if re.fullmatch(r"[A-X]\d+[a-z]?", row) else "must"


def all_proofs(root: Path = ROOT) -> set[Proof]:
    """The proofs that all tests give."""
    return {proof for path in sorted((root / "tests").rglob("test_*.py")) for proof in proofs_in(path, root)}


def security_rows() -> dict[str, str]:
    """The rows that concern what exists: the number, and the feature or layer it concerns."""
    return tomllib.loads(ROWS.read_text("utf-8"))["rows"]


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


# --------------------------------------------------------------------------------------------------------- the pages


def security_coverage() -> str:
    """Which test answers which requirement, rule and attack."""
    rows, proofs = security_rows(), all_proofs()
    tests: dict[str, list[str]] = {}
    for proof in sorted(proofs):
        tests.setdefault(proof.row, []).append(proof.test)
    parts = [
        NOTICE,
        "# Security coverage\n",
        (
            "Every requirement that concerns what exists has a test that bears its number. Run one with\n"
            "`pytest` and the name beside it, under `tests/`.\n"
        ),
    ]
    for kind, title in KINDS.items():
        numbers = sorted((row for row in rows if kind_of(row) == kind), key=_natural)
        if not numbers:
            continue
        parts.append(f"## {title}\n")
        lines = ["| number | concerns | tests |", "|---|---|---|"]
        for row in numbers:
            names = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests.get(row, [])) or "none yet"
            lines.append(f"| {row} | {rows[row]} | {names} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting of the process and of every feature: its name, its default, and what it is."""
    from ostiary.kernel.feature import Feature
    from ostiary.runtime.process_settings import PROCESS_SETTINGS

    parts = [
        NOTICE,
        "# Settings\n",
        (
            "A setting is given in code, or in `app.config` or the environment under the name below. Each can also\n"
            "be read from a file: `OSTIARY_…_FILE` names it. What stands in code wins, then `app.config`, then the\n"
            "environment. Durations are seconds, or text such as `5m`, `14d`.\n"
        ),
    ]
    lines = ["## The process\n", "| in the configuration | default | |", "|---|---|---|"]
    for name, one in PROCESS_SETTINGS.items():
        lines.append(f"| `OSTIARY_{name}` | {one.default} | {one.about} |")
    parts.append("\n".join(lines) + "\n")
    for name in feature_names():
        module = import_module(f"ostiary.features.{name}")
        for kind in (getattr(module, public) for public in module.__all__):
            # A base of settings, which others may import, is no feature: it has no name.
            if not (isinstance(kind, type) and issubclass(kind, Feature) and hasattr(kind, "name")):
                continue
            hints = get_type_hints(kind)
            parts.append(f"## {kind.__name__}\n")
            lines = ["| setting | in the configuration | default | |", "|---|---|---|---|"]
            for field in fields(kind):  # type: ignore[arg-type] # @feature makes it a dataclass
                about = field.metadata["about"].replace("|", "\\|")
                variable = f"`OSTIARY_{name}_{field.name}`".upper() if _readable(hints[field.name]) else "in code only"
                lines.append(f"| `{field.name}` | {variable} | {_default(field)} | {about} |")
            parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _readable(hint: Any) -> bool:
    """Whether some text can say it: a function cannot be written into a configuration."""
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not NoneType]
    if get_origin(hint) is Callable:
        return False
    return any(get_origin(kind) is not Callable for kind in kinds)


def _default(field: Any) -> str:
    if field.default is not MISSING:
        return f"`{field.default!r}`"
    # What a function computes depends on the machine; the description says how.
    return "computed" if field.default_factory is not MISSING else "required"


def events() -> str:
    """Every event: what it means and what it carries."""
    shared = import_module("ostiary.kernel.events")
    homes = [path.parent.name for path in (ROOT / "src/ostiary/features").glob("*/events.py")]
    modules = [shared, *(import_module(f"ostiary.features.{name}.events") for name in sorted(homes))]
    parts = [
        NOTICE,
        "# Events\n",
        (
            "`@auth.on(Event)` is called after the commit, `@auth.during(Event)` inside the transaction. Every event\n"
            "has `at` (milliseconds since the Unix epoch, UTC), `subject` and `network` (both may be None). The name\n"
            "is what the audit log says.\n"
        ),
        "| event | name | also carries | when |\n|---|---|---|---|",
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    kinds = {kind for kind in found if issubclass(kind, shared.Event)}
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        if kind is not shared.Event:
            own = [field.name for field in fields(kind) if field.name not in {"at", "subject", "network"}]
            carried = ", ".join(f"`{name}`" for name in own)
            about = " ".join((kind.__doc__ or "").split()).replace("``", "`")
            parts[-1] += f"\n| `{kind.__name__}` | `{kind.name()}` | {carried} | {about} |"
    return "\n".join(parts) + "\n"


PAGES: Final = {
    "security-coverage.md": security_coverage,
    "settings.md": settings,
    "events.md": events,
    "routes.md": routes,
    "error-codes.md": error_codes,
    "throttling.md": throttling,
    "sessions-and-timeouts.md": timeouts,
    "sign-in-pathways.md": sign_in_pathways,
    "security-log.md": security_log,
    "cryptography.md": cryptography,
    "data-inventory.md": data_inventory,
    "commands.md": commands,
}


def main() -> None:
    """Write every page that is not as it should be."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
