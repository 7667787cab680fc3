"""The memory transport: a mailbox for tests, in which the last mail, its link and its code are found at once."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Final

from ostiary.delivery.address import parse_address
from ostiary.delivery.message import read_body
from ostiary.kernel.dataclass import dataclass

_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_CODE: Final = re.compile(r"(?<![\w-])[0-9]{6,8}(?![\w-])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """A mail as it was sent, decoded."""

    to: str
    subject: str
    text: str
    html: str | None
    email: EmailMessage

    @property
    def link(self) -> str:
        """The first URL of the text. Raises ``LookupError`` if there is none."""
        found = _LINK.search(self.text)
        if found is None:
            message = f"no link in the mail {self.subject!r}"
            raise LookupError(message)
        # A full stop after a link ends the sentence.
        return found[0].rstrip(".,;:!?)'")

    @property
    def code(self) -> str:
        """The first run of six to eight digits outside of links. Raises ``LookupError`` if there is none."""
        found = _CODE.search(_LINK.sub(" ", self.text))
        if found is None:
            message = f"no code in the mail {self.subject!r}"
            raise LookupError(message)
        return found[0]


class MemoryMailbox:
    """Every mail that was sent, the oldest first. It is there before the commit of the action has returned."""

    immediate = True

    def __init__(self) -> None:
        # Appending to a list and copying it are atomic: threads need no lock.
        self._sent: list[SentMail] = []

    @contextmanager
    def open(self) -> "Generator[MemoryMailbox]":
        """Itself."""
        yield self

    def send(self, email: EmailMessage, *, to: str) -> None:
        """Keep it."""
        self._sent.append(
            SentMail(
                to=to,
                subject=str(email["Subject"]),
                text=read_body(email, "plain") or "",
                html=read_body(email, "html"),
                email=email,
            )
        )

    @property
    def sent(self) -> tuple[SentMail, ...]:
        """Every mail."""
        return tuple(self._sent)

    def to(self, address: str) -> tuple[SentMail, ...]:
        """Every mail to one address."""
        wanted = parse_address(address).lower()
        return tuple(mail for mail in self.sent if mail.to.lower() == wanted)

    def last(self, to: str | None = None) -> SentMail:
        """The newest mail, or the newest to one address. Raises ``LookupError`` if there is none."""
        found = self.sent if to is None else self.to(to)
        if not found:
            others = ", ".join(sorted({mail.to for mail in self.sent})) or "nobody"
            message = f"no mail was sent to {to or 'anybody'}; mail was sent to {others}"
            raise LookupError(message)
        return found[-1]

    def clear(self) -> None:
        """Forget every mail."""
        self._sent.clear()

    def __len__(self) -> int:
        return len(self._sent)

    def __iter__(self) -> Iterator[SentMail]:
        return iter(self.sent)
