"""Every page that is shipped or shown as an example: passwords masked, managers welcome, no script that CSP would stop."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "src" / "ostiary" / "ui"
# Mails are no pages: no policy of ours reaches the programs that show them (tests/architecture/test_mail_templates.py).
MAILS = sorted((UI / "templates" / "ostiary" / "email").rglob("*.html"))
OURS = sorted(set(UI.rglob("*.html")) - set(MAILS))
EXAMPLES = sorted((ROOT / "examples").rglob("*.html"))
EVERY = OURS + EXAMPLES
# What else is text of ours that a template engine writes.
WRITTEN = EVERY + MAILS


class Elements(HTMLParser):
    """The elements of a template, Jinja's own marks taken for text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found = []
        self.feed(re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL))

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}))


def named(path):
    return str(path.relative_to(ROOT))


def test_there_are_pages_to_look_at():
    assert {path.name for path in EVERY} >= {"error.html", "layout.html", "login.html"}


@pytest.mark.asvs("V6.2.6")
@pytest.mark.asvs("V6.2.7")
@pytest.mark.parametrize("path", EVERY, ids=named)
def test_a_password_is_masked_and_a_manager_may_fill_it_in(path):
    for tag, attributes in Elements(path).found:
        assert not {"onpaste", "oncopy", "oninput"} & set(attributes)
        if tag == "input" and "password" in attributes.get("name", ""):
            assert attributes["type"] == "password"
            assert attributes["autocomplete"] in ("current-password", "new-password")
            assert not {"maxlength", "readonly", "pattern"} & set(attributes)


@pytest.mark.asvs("V3.5.1")
@pytest.mark.must("CS-CSRF")
@pytest.mark.parametrize("path", EVERY, ids=named)
def test_every_form_that_changes_something_carries_a_token(path):
    forms = re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text("utf-8"), re.DOTALL | re.IGNORECASE)
    assert all("auth.csrf_field()" in form or "hidden(form)" in form for form in forms)


@pytest.mark.asvs("V3.4.3")
@pytest.mark.asvs("V14.3.3")
@pytest.mark.parametrize("path", OURS, ids=named)
def test_no_page_of_ours_runs_what_the_policy_would_stop_or_keeps_anything_in_the_browser(path):
    text = path.read_text("utf-8")
    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie", text)
    for tag, attributes in Elements(path).found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag in ("script", "style"):
            assert "nonce" in attributes
        for name in ("src", "href", "action"):
            assert not attributes.get(name, "").startswith(("http:", "https:", "//", "javascript:", "data:"))


@pytest.mark.asvs("V3.2.2")
@pytest.mark.attack("T5")
@pytest.mark.attack("T6")
@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_nothing_switches_escaping_off(path):
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup\(", path.read_text("utf-8"))
