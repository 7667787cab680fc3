"""Messages: what is sent is what was meant, and no text in it becomes a header field."""

from email import message_from_bytes
from email.policy import default

import pytest

from ostiary.delivery.address import NotAnAddress, Sender
from ostiary.delivery.message import (
    Message,
    UnsafeMessage,
    identifying_headers,
    read_body,
    shortened_subject,
    write_email,
)

SHOP = Sender(address="no-reply@shop.example", name="The Shop, Inc.")
LINE_BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"]


def message(**changes):
    facts = {"to": "ada@shop.example", "template": "t", "subject": "Hello", "text": "Dear Ada,\n\nhello.\n"}
    return Message(**{**facts, **changes})


def sent(one, sender=SHOP):
    """The message as a mail program reads it."""
    return message_from_bytes(write_email(one, sender).as_bytes(), policy=default)


def test_it_says_who_writes_to_whom_about_what():
    email = sent(message(headers=identifying_headers(id="7" * 26, now=1_800_000_000_000, host="shop.example")))
    assert (email["From"], email["To"], email["Subject"]) == (
        '"The Shop, Inc." <no-reply@shop.example>',
        "ada@shop.example",
        "Hello",
    )
    assert email["Message-ID"] == f"<{'7' * 26}@shop.example>"
    assert email["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert email["Auto-Submitted"] == "auto-generated"
    assert email.get_content_type() == "text/plain"
    assert email.get_content_charset() == "utf-8"
    assert read_body(email, "plain") == "Dear Ada,\n\nhello.\n"


def test_every_script_arrives_as_it_was_written():
    email = sent(message(subject="Grüße, 你好 🚪", text="Füße\n你好 🚪\n"))
    assert (email["Subject"], read_body(email, "plain")) == ("Grüße, 你好 🚪", "Füße\n你好 🚪\n")


@pytest.mark.parametrize("length", [70, 500, 3000])
def test_a_long_link_arrives_whole_and_no_line_is_longer_than_servers_take(length):
    link = f"https://shop.example/r?t={'x' * length}"
    written = write_email(message(text=f"{link}\n"), SHOP).as_bytes()
    assert max(len(line) for line in written.split(b"\r\n")) <= 998
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert read_body(sent(message(text=f"{link}\n")), "plain") == f"{link}\n"


def test_with_html_the_plain_text_is_there_too():
    email = sent(message(html="<p>hello</p>"))
    assert email.get_content_type() == "multipart/alternative"
    assert read_body(email, "plain") == "Dear Ada,\n\nhello.\n"
    assert read_body(email, "html").strip() == "<p>hello</p>"


def test_an_address_beyond_ascii_is_written_as_it_is():
    written = write_email(message(to="ädä@shop.example"), SHOP).as_bytes()
    assert "To: ädä@shop.example".encode() in written


def test_an_address_that_only_its_provider_would_give_away_is_written_as_it_is():
    assert b"To: a..b.@shop.example\r\n" in write_email(message(to="a..b.@shop.example"), SHOP).as_bytes()


@pytest.mark.attack("T4")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize("end", LINE_BREAKS)
def test_a_subject_or_a_header_field_of_two_lines_is_refused(end):
    with pytest.raises(UnsafeMessage):
        message(subject=f"Hello{end}Bcc: eve@evil.example")
    with pytest.raises(UnsafeMessage):
        message(headers={"Date": f"now{end}Bcc: eve@evil.example"})
    with pytest.raises(UnsafeMessage):
        message(headers={f"X{end}Bcc": "eve@evil.example"})


@pytest.mark.attack("N13")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize("to", ["a@x.test,b@y.test", "a@x.test\r\nBcc: b@y.test", "Ada <a@x.test>"])
def test_there_is_one_recipient(to):
    with pytest.raises(NotAnAddress):
        message(to=to)


@pytest.mark.parametrize("subject", ["", "  "])
def test_a_mail_is_about_something(subject):
    with pytest.raises(UnsafeMessage):
        message(subject=subject)


def test_what_is_sealed_is_what_comes_back():
    for one in (message(), message(html="<p>ü</p>", headers={"X": "y"}, subject="ü")):
        assert Message.from_json(one.to_json()) == one


def test_an_absurd_subject_is_cut():
    assert shortened_subject("x" * 200) == "x" * 200
    assert shortened_subject("x" * 201) == "x" * 199 + "…"


@pytest.mark.attack("W4")
@pytest.mark.asvs("V16.2.5")
def test_a_message_shows_nothing_that_it_says():
    shown = repr(message(subject="code 123456", text="https://shop.example/r?t=canary", html="canary"))
    assert "canary" not in shown
    assert "123456" not in shown
