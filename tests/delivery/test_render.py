"""Rendering: the application's template before ours, the subject on the first line, and nothing a stranger could add."""

import pytest
from jinja2 import DictLoader, TemplateNotFound, UndefinedError

from ostiary.delivery.message import UnsafeMessage
from ostiary.delivery.render import MailRenderer, length_in_words, spell_moment

LINK = "https://shop.example/auth/reset?t=01ABC.secret&x=1"


def render(template="own/hello", context=None, *, to="ada@shop.example", **files):
    loader = DictLoader({f"ostiary/email/{name}": text for name, text in files.pop("files", {}).items()})
    renderer = MailRenderer([loader], site="shop.example")
    return renderer.render(to=to, template=template, context=context or {}, headers={})


def test_the_first_line_is_the_subject_and_the_rest_is_the_text():
    message = render(context={"name": "Ada"}, files={"own/hello.txt": "Subject: To {{ name }}\n\nHello {{ name }}.\n"})
    assert (message.subject, message.text, message.html) == ("To Ada", "Hello Ada.\n", None)
    assert (message.to, message.template) == ("ada@shop.example", "own/hello")


def test_every_template_knows_the_site():
    assert render(files={"own/hello.txt": "Subject: {{ site }}\n\n{{ site }}"}).subject == "shop.example"


def test_the_application_s_own_template_wins():
    files = {"passwords/reset.txt": "Subject: Mine\n\n{{ link }}"}
    assert render("passwords/reset", {"link": LINK, "expires_in": 1}, files=files).subject == "Mine"
    assert "{0}".format(LINK) in render("passwords/reset", {"link": LINK, "expires_in": 1}).text


def test_our_twin_does_not_go_with_an_own_text_that_says_something_else():
    context = {"link": LINK, "expires_in": 1_800_000}
    assert "Choose a new password" in render("passwords/reset", context).html
    own = {"passwords/reset.txt": "Subject: Mine\n\n{{ link }}"}
    assert render("passwords/reset", context, files=own).html is None
    both = {**own, "passwords/reset.html": "<p>{{ subject }}</p>"}
    assert render("passwords/reset", context, files=both).html == "<p>Mine</p>\n"
    twin = render("passwords/reset", context, files={"passwords/reset.html": "<p>{{ subject }}</p>"})
    assert (twin.text.startswith("Hello,"), twin.html) == (True, "<p>Choose a new password at shop.example</p>\n")


def test_an_application_puts_every_mail_into_its_own_frame():
    frame = {"layout.html": "<b>my shop</b>{% block mail %}{% endblock %}"}
    message = render("passwords/reset", {"link": LINK, "expires_in": 1_800_000}, files=frame)
    assert message.html.startswith("<b>my shop</b>")
    assert "Choose a new password" in message.html


def test_a_twin_that_is_empty_is_not_sent():
    files = {"passwords/reset.html": "\n"}
    assert render("passwords/reset", {"link": LINK, "expires_in": 1}, files=files).html is None


def test_an_html_twin_is_rendered_and_escaped():
    files = {"own/hello.txt": "Subject: x\n\n{{ name }}", "own/hello.html": '<a href="{{ link }}">{{ name }}</a>'}
    message = render(context={"name": "<b>'Ada'</b>", "link": LINK}, files=files)
    assert message.text == "<b>'Ada'</b>\n"
    assert message.html == (
        '<a href="https://shop.example/auth/reset?t=01ABC.secret&amp;x=1">&lt;b&gt;&#39;Ada&#39;&lt;/b&gt;</a>\n'
    )


@pytest.mark.attack("T4")
@pytest.mark.attack("T5")
@pytest.mark.attack("T6")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize(
    "name", ["Ada\r\nBcc: eve@evil.example", "Ada\u2028X", "{{ 7*7 }}{% raw %}", "<script>", "{0.__class__}"]
)
def test_a_name_adds_no_header_field_no_line_and_no_code(name):
    files = {"own/hello.txt": "Subject: To {{ name }}\n\nHello {{ name }}\nand goodbye."}
    files["own/hello.html"] = "{{ name }}"
    message = render(context={"name": name}, files=files)
    assert len(message.subject.splitlines()) == 1
    assert len(message.text.splitlines()) == 2
    assert "49" not in message.text
    assert "<script>" not in message.html


@pytest.mark.parametrize("text", ["Hello", "subject: x", "", "\nSubject: late"])
def test_a_template_without_a_subject_is_refused(text):
    with pytest.raises(UnsafeMessage, match=r"own/hello\.txt"):
        render(files={"own/hello.txt": text})


def test_a_gap_in_a_mail_is_an_error_and_no_gap():
    with pytest.raises(UndefinedError):
        render(files={"own/hello.txt": "Subject: x\n\n{{ link }}"})
    with pytest.raises(TemplateNotFound):
        render("own/absent")


def test_in_production_a_gap_is_a_warning_and_no_error(caplog):
    loader = DictLoader(
        {"ostiary/email/own/hello.txt": "Subject: x\n\nat {{ link }}{{ when | moment }}{{ time | duration }}."}
    )
    renderer = MailRenderer([loader], site="shop.example", strict=False)
    assert renderer.render(to="ada@shop.example", template="own/hello", context={}, headers={}).text == "at .\n"
    assert "link" in caplog.text


def test_a_subject_that_is_too_long_is_cut():
    message = render(context={"name": "x" * 200}, files={"own/hello.txt": "Subject: To {{ name }}\n\nx"})
    assert len(message.subject) == 200


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (30_000, "a minute"),
        (60_000, "1 minute"),
        (90_000, "1 minute"),
        (1_800_000, "30 minutes"),
        (3_600_000, "1 hour"),
        (86_400_000, "24 hours"),
        (2 * 86_400_000, "2 days"),
        ("a while", "a while"),
        ("30m", "30 minutes"),
        ("1d", "24 hours"),
    ],
)
def test_a_length_of_time_is_told_in_words(length, words):
    assert length_in_words(length) == words


def test_an_instant_is_told_alike_in_every_country():
    assert spell_moment(1_800_000_000_000) == "2027-01-15 08:00 UTC"
    assert spell_moment("yesterday") == "yesterday"
