"""What leaves the process by itself: only what the page lists, and only from the places that may call."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "ostiary"
PAGE = (ROOT / "docs" / "reference" / "outbound-calls.md").read_text("utf-8")
CALLERS = {
    "smtplib": {"delivery/smtp.py"},
    "httpx": {"outbound"},
    "httpcore": {"outbound"},
    "redis": {"storage/ephemeral"},
}
"""Modules of others that open connections, and where they may be imported."""
SOCKETS = {"socket", "urllib.request", "http.client", "ftplib", "telnetlib", "xmlrpc", "asyncio.streams"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.asvs("V13.1.1")
def test_only_what_the_page_lists_opens_connections():
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        for name in set(imports(path)):
            for module, places in CALLERS.items():
                if name == module or name.startswith(f"{module}."):
                    assert any(place.startswith(allowed) for allowed in places), f"{place} imports {name}"
            if name in SOCKETS:
                assert place.startswith("outbound/"), f"{place} imports {name}"


@pytest.mark.asvs("V13.1.1")
@pytest.mark.asvs("V13.1.2")
def test_every_user_of_the_http_client_is_on_the_page_with_its_bounds():
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "outbound") and re.search(r"\bOutboundClient\(", path.read_text("utf-8"))
    }
    known = {"features/passwords/__init__.py", "features/tokens/foreign_tokens.py"}
    assert users == known, "put a new caller into docs/reference/outbound-calls.md"
    assert "range API" in PAGE
    from ostiary.runtime.process_settings import PROCESS_SETTINGS

    for setting in re.findall(r"`OSTIARY_([A-Z_]+)`", PAGE):
        assert setting in PROCESS_SETTINGS or setting == "PASSWORDS_BREACH_URL"
