"""Mail templates: each that a feature names exists, says what it needs, and renders with exactly that."""

import re
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
