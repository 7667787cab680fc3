"""What the test kit spares an application, it alone can spare it."""

import ast
from pathlib import Path

import ostiary
from ostiary.kernel.rehearsal import Rehearsal

PACKAGE = Path(ostiary.__file__).parent


def _makers(name):
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                found.add(file.relative_to(PACKAGE).as_posix())
    return found


def test_limits_are_off_unless_asked_for():
    assert not Rehearsal().limits
    assert Rehearsal(limits=True).limits


def test_only_the_test_kit_makes_one():
    assert _makers("Rehearsal") == {"testing/kit.py"}


def test_passwords_are_cheap_in_one_place():
    assert _makers("Argon2idForTests") == {"features/passwords/__init__.py"}


def test_nothing_imports_the_test_kit():
    for file in PACKAGE.rglob("*.py"):
        if "testing" not in file.relative_to(PACKAGE).parts:
            assert "ostiary.testing import" not in file.read_text("utf-8"), file
