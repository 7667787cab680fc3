"""Every security requirement that concerns what exists has a test that bears its number."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """``docs/generate.py``, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("ostiary_docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_security_row_has_a_test(generate):
    proven = {proof.row for proof in generate.all_proofs()}
    missing = sorted(set(generate.security_rows()) - proven)
    assert not missing, f"no test bears these numbers: {missing}"


def test_every_number_that_a_test_bears_is_a_row(generate):
    rows = set(generate.security_rows())
    strangers = sorted(f"{proof.row} in {proof.test}" for proof in generate.all_proofs() if proof.row not in rows)
    assert not strangers, f"mistyped, or to be added to security_rows.toml: {strangers}"


def test_every_number_is_marked_as_what_it_is(generate):
    wrong = sorted(proof for proof in generate.all_proofs() if generate.kind_of(proof.row) != proof.kind)
    assert not wrong


def test_every_security_row_concerns_something_that_exists(generate):
    package = ROOT / "src" / "ostiary"
    for row, concerns in generate.security_rows().items():
        assert (package / concerns).is_dir() or (package / "features" / concerns).is_dir(), f"{row}: {concerns}"


def _proofs(generate, tmp_path, source):
    path = tmp_path / "tests" / "test_it.py"
    path.parent.mkdir()
    path.write_text(source, "utf-8")
    return {(proof.kind, proof.row, proof.test) for proof in generate.proofs_in(path, tmp_path)}


def test_a_number_is_found_on_a_function_a_class_a_module_and_a_parameter(generate, tmp_path):
    source = """
import pytest
pytestmark = pytest.mark.asvs("V1.1.1")
TABLE = [pytest.param(1, marks=pytest.mark.attack("H2"))]

@pytest.mark.must("9700-2.1-a")
class TestIt:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.attack("H1"))])
    def test_a(self, x): ...

def test_b(): ...
"""
    assert _proofs(generate, tmp_path, source) == {
        ("asvs", "V1.1.1", "tests/test_it.py::test_a"),
        ("asvs", "V1.1.1", "tests/test_it.py::test_b"),
        ("must", "9700-2.1-a", "tests/test_it.py::test_a"),
        ("attack", "H1", "tests/test_it.py::test_a"),
        ("attack", "H2", "tests/test_it.py"),
    }


def test_a_number_in_a_string_or_a_comment_proves_nothing(generate, tmp_path):
    source = """
# @pytest.mark.attack("H1")
def test_a():
    '@pytest.mark.attack("H2")'
"""
    assert _proofs(generate, tmp_path, source) == set()


def test_a_table_of_vectors_proves_its_numbers(generate, tmp_path):
    (tmp_path / "tests" / "vectors").mkdir(parents=True)
    (tmp_path / "tests" / "vectors" / "some.toml").write_text('[[case]]\nid = "F1"\n[[case]]\nid = "V1.2.3"\n', "utf-8")
    path = tmp_path / "tests" / "test_it.py"
    path.write_text('X = "some.toml"\ny = lambda c: pytest.mark.attack(c["id"])\n', "utf-8")
    found = {(proof.kind, proof.row) for proof in generate.proofs_in(path, tmp_path)}
    assert found == {("attack", "F1"), ("asvs", "V1.2.3")}
