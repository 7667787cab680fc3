"""Names: files are called what the field calls the thing, and a feature has the same stem everywhere."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "ostiary"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
FEATURES = sorted(path.parent.name for path in (PACKAGE / "features").glob("*/__init__.py"))

DRAWERS = re.compile(r"^_?(util(s|ity|ities)?|helpers?|common|core|misc|base|managers?|services?|lib|tools?)$")
"""Names that say nothing about what is inside: things get lost there."""


def test_no_folder_or_module_is_a_drawer():
    places = [*PACKAGE.rglob("*"), *(ROOT / "tests").rglob("*")]
    drawers = [str(path.relative_to(ROOT)) for path in places if DRAWERS.match(path.stem)]
    assert not drawers


@pytest.mark.parametrize("module", MODULES)
def test_every_module_opens_with_a_sentence(module):
    document = ast.get_docstring(ast.parse((PACKAGE / module).read_text("utf-8")))
    assert document, f"{module} says nothing about itself"
    opening = document.split("\n\n", 1)[0]
    assert opening.endswith((".", ":")), f"{module} opens with no sentence: {opening!r}"
    assert len(opening.split("\n", 1)[0].split()) > 2, f"{module} opens with too little: {opening!r}"


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_has_tests_and_a_page_under_its_own_name(feature):
    assert any((ROOT / "tests" / "features" / feature).glob("test_*.py")), f"tests/features/{feature} is missing"
    assert (ROOT / "docs" / "features" / f"{feature}.md").is_file(), f"docs/features/{feature}.md is missing"


@pytest.mark.parametrize("place", ["tests/features", "docs/features", "src/ostiary/ui/templates/ostiary"])
def test_nothing_is_left_of_a_feature_that_is_not_there(place):
    found = {path.stem for path in (ROOT / place).iterdir() if path.is_dir() or path.suffix == ".md"}
    assert not found - set(FEATURES) - {"__pycache__", "email", "index"}


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_is_called_what_its_folder_is_called(feature):
    from importlib import import_module

    from ostiary.kernel.feature import Feature

    module = import_module(f"ostiary.features.{feature}")
    kinds = [kind for name in module.__all__ if isinstance(kind := getattr(module, name), type)]
    assert {kind.name for kind in kinds if issubclass(kind, Feature)} == {feature}


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_has_a_file_for_its_settings(feature):
    assert (PACKAGE / "features" / feature / "settings.py").is_file()


@pytest.mark.parametrize("file", TESTS)
def test_tests_are_sentences(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    short = [node.name for node in functions if node.name.startswith("test_") and node.name.count("_") < 3]
    assert not short, f"{file}: {short}"


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_no_module_promises_what_it_does_not_do():
    promises = [
        file
        for file in MODULES
        if re.search(r"NotImplementedError|\bTODO\b|\bFIXME\b", (PACKAGE / file).read_text("utf-8"))
    ]
    assert not promises
