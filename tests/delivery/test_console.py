"""The console: a mail as a developer reads it, the link on one line."""

import sys
from io import StringIO

from ostiary.delivery.address import Sender
from ostiary.delivery.console import ConsoleTransport
from ostiary.delivery.message import Message, write_email

LINK = f"https://shop.example/r?t={'x' * 200}"


def post(transport):
    message = Message(to="ada@shop.example", template="t", subject="Grüße", text=f"Hello,\n\n{LINK}\n")
    with transport.open() as channel:
        channel.send(write_email(message, Sender(address="no-reply@shop.example")), to=message.to)


def test_the_link_stands_whole_on_a_line_of_its_own():
    stream = StringIO()
    post(ConsoleTransport(stream))
    lines = stream.getvalue().splitlines()
    assert LINK in lines
    assert "To: ada@shop.example" in lines
    assert "Subject: Grüße" in lines
    assert lines[0] == lines[-1] == "-" * 78


def test_without_a_stream_it_is_standard_error_as_it_is_now(monkeypatch):
    transport = ConsoleTransport()
    now = StringIO()
    monkeypatch.setattr(sys, "stderr", now)
    post(transport)
    assert LINK in now.getvalue()
