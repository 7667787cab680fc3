"""Mail templates: each that a feature names exists, says what it needs, and renders with exactly that; its twin says the same."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ostiary.delivery.render import MailRenderer
from ostiary.runtime.assembly import every_feature

FOLDER = Path(__file__).resolve().parents[2] / "src" / "ostiary" / "ui" / "templates" / "ostiary" / "email"
SHIPPED = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.txt"))
CONTEXT = re.compile(r"\{# Context: (?P<needed>[^;#]+)(?:; optional: (?P<optional>[^#]+))? #\}")
LINK = "https://shop.example/auth/reset?t=01ABC.secret"
VALUES = {"expires_in": 1_800_000, "when": 1_800_000_000_000, "network": "198.51.100.0/24", "device": "Firefox 128"}
VALUES |= {"change": "added", "kind": "An email address"}


def _documented(template):
    found = CONTEXT.search((FOLDER / f"{template}.txt").read_text("utf-8"))
    assert found, f"{template}.txt does not say what it needs"
    # What stands in brackets explains.
    told = [re.sub(r"\s*\(.*?\)", "", found[part] or "").strip() for part in ("needed", "optional")]
    names = [re.split(r",\s*", part) if part else [] for part in told]
    return [name for name in names[0] if name != "nothing"], names[1]


def _value(name):
    return LINK if name.endswith("link") else VALUES[name]


def _render(template, names):
    context = {name: _value(name) for name in names}
    return MailRenderer([], site="shop.example").render(
        to="ada@shop.example", template=template, context=context, headers={}
    )


def test_every_template_that_a_feature_names_exists():
    named = {template for feature in every_feature() for template in feature.mails()}
    assert not named - set(SHIPPED)


@pytest.mark.parametrize("template", SHIPPED)
def test_a_template_renders_with_what_it_says_it_needs_and_shows_all_of_it(template):
    needed, optional = _documented(template)
    least, most = _render(template, needed), _render(template, needed + optional)
    for message, names in ((least, needed), (most, needed + optional)):
        assert "shop.example" in message.subject
        assert message.text.count(LINK) == sum(name.endswith("link") for name in names)
        # RFC 5322 §2.1.1; a link may be longer, and then nothing else stands on its line.
        assert all(len(line) <= 78 or line == LINK for line in message.text.splitlines())
        assert "\n\n\n" not in message.text
        assert message.text.startswith("Hello,\n\n")
    for name in set(optional) & {"network", "device"}:
        assert VALUES[name] in most.text
        assert VALUES[name] not in least.text


@pytest.mark.parametrize("template", SHIPPED)
def test_an_absent_value_may_also_be_none(template):
    needed, optional = _documented(template)
    context = {name: _value(name) for name in needed}
    given = MailRenderer([], site="shop.example").render(
        to="ada@shop.example", template=template, context=context | dict.fromkeys(optional), headers={}
    )
    assert given.text == _render(template, needed).text


@pytest.mark.parametrize("template", SHIPPED)
def test_a_mail_says_what_to_do_if_it_was_not_you(template):
    text = _render(template, _documented(template)[0]).text
    assert re.search(r"if it was not you|if you did not|may have been the reason", text, re.IGNORECASE)


# The HTML twins

VOID = {"meta", "br"}


class Mail(HTMLParser):
    """A mail as it is read: its words, the links of its buttons, and what it is made of."""

    def __init__(self, html):
        super().__init__()
        self.words, self.buttons, self.elements, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        inside, attributes = self.open[-1] if self.open else ("", {})
        # The label of a button is no word of the text, which has the address alone.
        if inside == "a" and data != attributes["href"]:
            self.buttons.append(attributes["href"])
        elif inside != "title":
            self.words += data.split()

    def handle_comment(self, data):
        raise AssertionError(data)


@pytest.mark.parametrize("template", SHIPPED)
def test_the_html_twin_says_what_the_text_says_word_for_word(template):
    needed, optional = _documented(template)
    for names in (needed, needed + optional, [*needed, *optional[:1]]):
        message = _render(template, names)
        read = Mail(message.html)
        assert "".join(read.words) == "".join(message.text.split())
        # One button, if there is anything to open.
        assert len(read.buttons) == min(1, message.text.count(LINK))


@pytest.mark.attack("T6")
@pytest.mark.parametrize("template", SHIPPED)
def test_a_twin_loads_nothing_runs_nothing_and_asks_for_nothing(template):
    needed, optional = _documented(template)
    html = _render(template, needed + optional).html
    elements = Mail(html).elements
    assert {tag for tag, _ in elements} <= {
        "html", "head", "meta", "title", "body", "div", "p", "br", "bdi", "a"
    }  # fmt: skip
    for tag, attributes in elements:
        assert set(attributes) <= {"lang", "dir", "charset", "name", "content", "style", "href"}
        assert ("href" in attributes) == (tag == "a")
        assert attributes.get("href", LINK) == LINK
        assert "url(" not in attributes.get("style", "")
    # Nothing of the outside but the links that the text has: no image, no sheet, no font, nothing that would tell who reads.
    assert html.count("://") == html.count(LINK)
    assert "{{" not in html
    assert "{#" not in html


@pytest.mark.parametrize("template", SHIPPED)
def test_a_twin_is_a_whole_document_with_language_direction_and_title(template):
    needed, _ = _documented(template)
    message = _render(template, needed)
    assert message.html.startswith("<!doctype html>\n")
    assert ("html", {"lang": "en", "dir": "ltr"}) in Mail(message.html).elements
    assert f"<title>{message.subject}</title>" in message.html
    # RFC 5321 §4.5.3.1.6.
    assert max(map(len, message.html.splitlines())) < 998


@pytest.mark.attack("T5")
@pytest.mark.attack("T6")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize("template", SHIPPED)
@pytest.mark.parametrize(
    "written",
    [
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "</bdi></p></div><a href=//evil.example>sign in</a>",
        "<style>*{display:none}</style>",
        "Ada\r\nBcc: eve@evil.example\r\n\r\n<b>",
        "{{ 7*7 }}{% raw %}",
        "\u202egnp.exe",
        "https://evil.example/win",
    ],
)
def test_what_a_stranger_wrote_is_text_in_a_twin_and_no_element_link_or_line(template, written):
    needed, optional = _documented(template)
    free = [name for name in needed + optional if name in ("network", "device", "kind", "change")]
    context = {name: _value(name) for name in needed + optional} | dict.fromkeys(free, written)
    message = MailRenderer([], site="shop.example").render(
        to="ada@shop.example", template=template, context=context, headers={}
    )
    plain, read = Mail(_render(template, needed + optional).html), Mail(message.html)
    assert read.elements == plain.elements, "not one element or attribute more"
    assert "".join(read.words) == "".join(message.text.split())
    assert "\u202e" not in message.html
    assert message.html.count("://") == message.html.count(LINK)


def test_a_link_with_quotes_stays_inside_its_attribute():
    link = LINK + "&a=\"'><b>"
    context = {"link": link, "expires_in": 1_800_000}
    message = MailRenderer([], site="shop.example").render(
        to="ada@shop.example", template="passwords/reset", context=context, headers={}
    )
    read = Mail(message.html)
    assert read.buttons == [link]
    assert link in read.words
    assert "b" not in {tag for tag, _ in read.elements}
