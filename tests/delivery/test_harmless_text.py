"""What a stranger wrote stays one line without a link, whatever it was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.delivery.harmless_text import harmless_context, harmless_line


@pytest.mark.attack("T4")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada\r\nBcc: eve@evil.example", "Ada Bcc: eve@evil. example"),
        ("Ada\u2028Lovelace", "Ada Lovelace"),
        ("Ada\x00\x1b[31m", "Ada [31m"),
        ("  Ada \t Lovelace ", "Ada Lovelace"),
        ("\u202eadA", "adA"),
        ("Win at https://evil.example/now", "Win at https: evil. example/now"),
        ("see www.evil.example", "see www. evil. example"),
        ("evil。example", "evil. example"),
        ("evil\u200d.\u200cexample", "evil\u200d. \u200cexample"),
        ("\\\\evil\\share", "evil\\share"),
        ("J.R. Smith", "J. R. Smith"),
        ("Mozilla/5.0 (X11; rv:128.0)", "Mozilla/5.0 (X11; rv:128.0)"),
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("2001:db8::/56", "2001:db8::/56"),
        ("آرش\u200cکمانگیر", "آرش\u200cکمانگیر"),
        ("Zoë O'Neil-Łukasz", "Zoë O'Neil-Łukasz"),
        ("", ""),
    ],
)
def test_names_stay_names_and_links_become_text(text, shown):
    assert harmless_line(text) == shown


def test_a_novel_is_cut():
    assert len(harmless_line("x" * 1_000_000)) == 200
    assert harmless_line("x" * 200) == "x" * 200


@pytest.mark.attack("T4")
@given(st.text())
def test_whatever_it_was_it_is_one_line_and_no_link(text):
    line = harmless_line(text)
    assert line == harmless_line(line)
    assert len(line.splitlines()) <= 1
    assert "//" not in line
    assert not re.search(r"\w\.[^\W\d_]", line)


def test_our_links_stay_and_everything_else_is_made_harmless_however_deep():
    link = "https://shop.example/auth/reset?t=a.b"
    context = {
        "link": link,
        "reset_link": link,
        "device": "https://evil.example",
        "names": ["https://evil.example", 3],
        "more": {"link": "https://evil.example"},
        "none": None,
        "count": 3,
        "odd": type("Odd", (), {"__str__": lambda self: "evil.example"})(),
    }
    assert harmless_context(context) == {
        "link": link,
        "reset_link": link,
        "device": "https: evil. example",
        "names": ["https: evil. example", 3],
        "more": {"link": "https: evil. example"},
        "none": None,
        "count": 3,
        "odd": "evil. example",
    }


@pytest.mark.parametrize("link", ["/auth/reset", "javascript:alert(1)", "https://shop.example/a b", "https://x/\n", ""])
def test_a_link_that_is_none_is_a_mistake_of_ours(link):
    with pytest.raises(ValueError, match="absolute URL"):
        harmless_context({"link": link})


def test_a_link_may_be_absent():
    assert harmless_context({"reset_link": None}) == {"reset_link": None}
