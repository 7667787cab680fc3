"""Cryptography comes from two libraries and the standard one, with approved hashes and ciphers only."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "ostiary"
FILES = sorted(SOURCE.rglob("*.py"))

REVIEWED = {"cryptography", "argon2", "bcrypt", "hashlib", "hmac", "secrets", "ssl"}
"""Where primitives come from: pyca/cryptography, argon2-cffi, bcrypt (old hashes), and what OpenSSL does for Python."""

OTHERS = {
    "Crypto", "Cryptodome", "nacl", "passlib", "rsa", "ecdsa", "pyaes", "tink", "pysodium", "crypt", "uuid",
    "itsdangerous", "jwt", "jose", "M2Crypto", "OpenSSL", "scrypt",
}  # fmt: skip
"""Other sources of primitives and tokens, and what is no source of any. (``random`` has a test of its own.)"""

BROKEN = re.compile(r"\b(md5|md4|sha1|ripemd160|des3?|tripledes|arc4|rc4|blowfish|ecb|pkcs1v15|cbc)\b", re.IGNORECASE)
ELSEWHERE = {
    # The range API of breached passwords is keyed by the first characters of SHA-1: a name there, no protection.
    "features/passwords/breaches.py": {"sha1"},
    # RS256 is a signature with that padding (RFC 7518 §3.3, FIPS 186-5 §5.4). What is broken is encryption with it.
    "standards/jose/verification.py": {"PKCS1v15"},
}
"""Where somebody else's protocol names one of them."""


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not _is_type_of_uuids(node):
            found.add(node.module.partition(".")[0])
    return found


def _is_type_of_uuids(node: ast.ImportFrom) -> bool:
    """The type reads what somebody else's column holds; what makes tokens out of it are the functions."""
    return node.module == "uuid" and {alias.name for alias in node.names} == {"UUID"}


def _words(path: Path) -> list[str]:
    """The names, attributes and texts of a module that are code: not its documentation."""
    tree = ast.parse(path.read_text("utf-8"))
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.Attribute):
            found.append(node.attr)
        elif isinstance(node, ast.alias):
            found.append(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            found.append(node.value)
    return found


@pytest.mark.asvs("V11.2.1")
def test_primitives_come_from_reviewed_libraries_only() -> None:
    used = {module for path in FILES for module in _imported(path)}
    assert not used & OTHERS
    assert {"cryptography", "argon2", "hmac", "secrets"} <= used & REVIEWED


@pytest.mark.asvs("V11.4.1")
@pytest.mark.asvs("V11.3.1")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_broken_hash_mode_or_padding_is_named(path: Path) -> None:
    allowed = ELSEWHERE.get(path.relative_to(SOURCE).as_posix(), set())
    assert {word for word in _words(path) if len(word) < 60 and BROKEN.search(word)} <= allowed


@pytest.mark.asvs("V11.3.2")
@pytest.mark.asvs("V11.3.3")
def test_what_is_encrypted_is_authenticated() -> None:
    """One cipher, AES-256-GCM, in one module."""
    places = {
        (path.relative_to(SOURCE).as_posix(), word)
        for path in FILES
        if "cryptography" in _imported(path)
        for word in _words(path)
        if word in {"AESGCM", "AESGCMSIV", "AESCCM", "AESSIV", "ChaCha20Poly1305", "Cipher", "Fernet", "MultiFernet"}
    }
    assert places == {("kernel/key_ring.py", "AESGCM")}


def test_a_broken_hash_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""md5 in a sentence."""\nimport hashlib\nhashlib.md5(b"")\nhashlib.new("sha1")\n', "utf-8")
    assert [word for word in _words(path) if BROKEN.search(word)] == ["md5", "sha1"]
