"""The stable codes: what a refused request answers, and what a developer is told before the start."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reference_pages.source import argument, calls, literal, modules, page, sources, table, wording


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A code that a program may switch on: what it means, and the status it comes with, where it has one."""

    code: str
    status: int | None
    meaning: str
    message: str


def error_classes() -> list[Any]:
    """``AuthError`` and everything that is one, by name."""
    from ostiary.kernel.errors import AuthError

    for _ in modules():
        pass
    found, seen = [AuthError], {AuthError}
    for kind in found:
        for below in kind.__subclasses__():
            if below not in seen and below.__module__.startswith("ostiary."):
                seen.add(below)
                found.append(below)
    return sorted(found, key=lambda kind: kind.__name__)


def request_codes() -> list[Code]:
    """The codes of refused requests: those of the classes, and those that are given where one is raised."""
    from ostiary.kernel.errors import AuthError

    kinds = {kind.__name__: kind for kind in error_classes()}
    found = {
        Code(kind.code, kind.status, _first_sentence(kind), kind.public_message)
        for kind in kinds.values()
        if "code" in vars(kind) and kind is not AuthError
    }
    for _, tree in sources():
        for name, call in calls(tree):
            kind, code = kinds.get(name), argument(call, "code")
            if kind is None or code is None:
                continue
            status = argument(call, "status")
            message = wording(argument(call, "public_message", 0)) if call.args else kind.public_message
            given = status.value if isinstance(status, ast.Constant) and isinstance(status.value, int) else kind.status
            sort = "" if kind is AuthError else f"A sort of `{kind.code}`."
            found |= {Code(text, given, sort, message) for text in _texts(code)}
    return sorted(found, key=lambda code: (code.code, code.status or 0, code.message, code.meaning))


def field_codes() -> list[Code]:
    """The codes of fields in a ``validation_failed``."""
    found = set()
    for place, tree in sources():
        for name, call in calls(tree):
            code = argument(call, "code", 1)
            if name == "FieldError" and code is not None:
                message = wording(argument(call, "message", 2))
                field = wording(argument(call, "field", 0))
                found |= {Code(text, None, f"{place.split('/')[1]}: {field}", message) for text in _texts(code)}
    return sorted(found)


def problem_codes() -> list[tuple[str, str, str]]:
    """The codes of ``ConfigurationError``: the code, what is wrong, and its cure."""
    found = set()
    for _, tree in sources():
        constants = _assigned(tree.body)
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= set(_problems_of(scope, constants))
    return sorted(found)


def _problems_of(function: ast.AST, constants: dict[str, str]) -> list[tuple[str, str, str]]:
    found = []
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.With | ast.Try):
            continue
        # What was assigned in a branch that ended before it may be one of several texts.
        before = [one for one in statements if one.lineno < statement.lineno and one.col_offset <= statement.col_offset]
        names = MappingProxyType({**constants, **_assigned(sorted(before, key=lambda one: one.lineno))})
        for name, call in calls(statement):
            if name not in {"Problem", "misconfigured", "add"}:
                continue
            code = wording(argument(call, "code", 0), names)
            what, cure = argument(call, "what", 1), argument(call, "cure", 2)
            if re.fullmatch(r"[a-z_]+", code) and what is not None and cure is not None:
                found.append((code, wording(what, names), wording(cure, names)))
    return found


def _assigned(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """The names that stand for text, after these statements."""
    found: dict[str, str] = {}
    for node in statements:
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
            is_text = isinstance(node.value, ast.JoinedStr | ast.BinOp) or literal(node.value) is not None
            found[target.id] = wording(node.value, MappingProxyType(found)) if is_text else "…"
    return found


def _texts(node: ast.expr) -> list[str]:
    """The texts an expression may be: a literal, or one of two."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    text = literal(node)
    return [] if text is None else [text]


def _first_sentence(kind: Any) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def error_codes() -> str:
    """The page."""
    parts = [
        "# Error codes\n",
        (
            "A refused request answers as RFC 9457 says, with a `code` that stays what it is. Switch on the code; the messages\n"
            "are for people and may change.\n"
        ),
        "## Refused requests\n",
        table(
            ["code", "status", "meaning", "message"],
            [(f"`{one.code}`", one.status, one.meaning, one.message) for one in request_codes()],
        ),
    ]
    fields = field_codes()
    if fields:
        rows = [(f"`{one.code}`", one.meaning, one.message) for one in fields]
        parts += [
            "## Fields\n",
            "In the `errors` of a `validation_failed`, for each field that cannot be taken.\n",
            table(["code", "where: field", "message"], rows),
        ]
    parts += [
        "## Before the start\n",
        (
            "A `ConfigurationError` lists every problem with its code and its cure. An ellipsis stands for what depends on your\n"
            "application.\n"
        ),
        table(["code", "what is wrong", "cure"], [(f"`{code}`", what, cure) for code, what, cure in problem_codes()]),
    ]
    return page(*parts)
