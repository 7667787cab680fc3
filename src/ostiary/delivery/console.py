"""The console transport: mail as something to read on the terminal of a developer, its link ready to be clicked."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Final, TextIO

from ostiary.delivery.message import read_body

_LINE: Final = "-" * 78


class ConsoleTransport:
    """Writes mails to standard error, or to a stream of the caller's."""

    immediate = True

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @contextmanager
    def open(self) -> "Generator[ConsoleTransport]":
        """Itself."""
        yield self

    def send(self, email: EmailMessage, *, to: str) -> None:
        """Write it down. The body is shown decoded: a link that is broken into lines cannot be clicked."""
        text = read_body(email, "plain") or ""
        head = f"From: {email['From']}\nTo: {to}\nSubject: {email['Subject']}"
        # Asked now: who runs our code may have put another stream there since.
        stream = self._stream or sys.stderr
        # One write, so that the mails of two threads do not mix.
        stream.write(f"{_LINE}\n{head}\n\n{text.rstrip()}\n{_LINE}\n")
        stream.flush()
