"""Regular expressions: none is made of what a stranger sent, and none takes long over anything."""

import ast
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "ostiary"
FILES = sorted(SOURCE.rglob("*.py"))
VERBS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}

FROM_TABLES = {"features/accounts/username.py"}
"""Where patterns are made of a table that stands in the module: the letters of a script."""


def _calls(tree: ast.AST):
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "re"
            and call.func.attr in VERBS
        ):
            yield call


def _patterns():
    for path in FILES:
        for call in _calls(ast.parse(path.read_text("utf-8"))):
            yield path.relative_to(SOURCE).as_posix(), call


PATTERNS = list(_patterns())


def _texts(place: str) -> dict[str, str]:
    """The names of a module that stand for text, or for text made of such names."""
    found: dict[str, str] = {}
    for node in ast.parse((SOURCE / place).read_text("utf-8")).body if place else ():
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            (target,) = node.targets if isinstance(node, ast.Assign) else (node.target,)
            with suppress(NameError):
                found[ast.unparse(target)] = eval(ast.unparse(node.value), {}, found)  # noqa: S307 - our own source
    return found


@pytest.mark.asvs("V1.2.9")
def test_every_pattern_is_a_constant() -> None:
    made = []
    for place, call in PATTERNS:
        if place in FROM_TABLES:
            continue
        unknown = {node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)} - _texts(place).keys()
        if unknown or not isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.Name | ast.BinOp):
            made.append((place, ast.unparse(call)))
    assert made == [], "what a stranger sent has to go through re.escape"


def _compiled(call: ast.Call, place: str) -> re.Pattern:
    flags = [argument for argument in call.args[1:] if "re." in ast.unparse(argument)]
    source = f"re.compile({ast.unparse(call.args[0])}{''.join(', ' + ast.unparse(flag) for flag in flags)})"
    return eval(source, {"re": re}, _Letters(_texts(place)))  # noqa: S307 - our own source


class _Letters(dict[str, str]):
    """Names of a module; what is none of them is a set of letters from a table."""

    def __missing__(self, name: str) -> str:
        if name in {"re", "rf"}:
            raise KeyError(name)
        return "a-z"


LONG = 30_000
PUMPS = [
    "a",
    "0",
    " ",
    "\t",
    "-",
    ".",
    "/",
    "\\",
    "a.",
    "a-",
    "a:",
    "a,",
    '"',
    '\\"',
    "<",
    "@",
    "a@",
    "%",
    "%2",
    "\u00e9",
]


@pytest.mark.asvs("V1.3.12")
@pytest.mark.parametrize(
    ("place", "call"), [pytest.param(place, call, id=f"{place}:{call.lineno}") for place, call in PATTERNS]
)
def test_no_pattern_takes_long_over_a_long_text(place: str, call: ast.Call) -> None:
    """A pattern that backtracks over thirty thousand characters takes seconds; a linear one, milliseconds."""
    pattern = _compiled(call, place)
    for pump in PUMPS:
        for head, tail in (("", ""), ("", "!\x00"), ("a", "\n"), ('"', "!"), ("https://", "\x7f!")):
            text = head + pump * (LONG // len(pump)) + tail
            subject = text.encode() if isinstance(pattern.pattern, bytes) else text
            begun = time.process_time()
            pattern.fullmatch(subject)
            pattern.match(subject)
            assert time.process_time() - begun < 0.2, f"{pattern.pattern!r} over {head}{pump}…{tail}"


def test_a_pattern_that_backtracks_is_found() -> None:
    (call,) = _calls(ast.parse(r"re.compile(r'(a|a)*b')"))
    pattern = _compiled(call, "")
    begun = time.process_time()
    pattern.match("a" * 24)
    assert time.process_time() - begun > 0.05
