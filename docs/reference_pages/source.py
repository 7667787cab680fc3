"""What the generated pages read: the modules, the features, the calls in the source, and tables of Markdown."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "src" / "ostiary"
NOTICE: Final = "<!-- Written by `make docs` from the code. Do not edit. -->\n"


def feature_names() -> list[str]:
    """The features that exist, by their folders."""
    return sorted(path.parent.name for path in (PACKAGE / "features").glob("*/__init__.py"))


def feature_class(name: str) -> Any:
    """The class that an application lists: ``one_time_tokens`` is ``OneTimeTokens``."""
    return getattr(import_module(f"ostiary.features.{name}"), "".join(part.capitalize() for part in name.split("_")))


def features() -> dict[str, Any]:
    """Every feature with its defaults, by its name."""
    return {name: feature_class(name)() for name in feature_names()}


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the package: its path below it, and its tree."""
    return tuple(
        (path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
    )


@cache
def modules() -> tuple[Any, ...]:
    """Every module of the package that can be imported by a name of its own; migrations are run, not imported."""
    found = []
    for place, _ in sources():
        name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if not place.startswith("storage/migrations/"):
            found.append(import_module("ostiary" if name == "__init__" else f"ostiary.{name}"))
    return tuple(found)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with the last name of what is called: ``reader.add(…)`` is ``add``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""), node


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """One argument of a call, by its keyword or its place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        return call.args[position]
    return None


def literal(node: ast.expr | None) -> str | None:
    """The text that an expression is, if it is one."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def wording(node: ast.expr | None, names: MappingProxyType[str, str] = MappingProxyType({})) -> str:
    """The text an expression makes, with an ellipsis where it depends on something; ``names`` are known texts."""
    match node:
        case ast.Constant(value=value):
            text = str(value)
        case ast.JoinedStr(values=parts):
            text = "".join(wording(part, names) for part in parts)
        case ast.FormattedValue(value=inner):
            text = wording(inner, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            text = wording(left, names) + wording(right, names)
        case ast.IfExp(body=body, orelse=orelse):
            text = f"{wording(body, names)} / {wording(orelse, names)}"
        case ast.Name(id=name) if name in names:
            text = names[name]
        case _:
            text = "…"
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = [" ".join(str(cell).split()).replace("|", "\\|").replace("``", "`") for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(*parts: str) -> str:
    """A page: the notice, then its parts with a blank line between them."""
    return "\n".join([NOTICE, *parts])
