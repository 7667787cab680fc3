"""A message: what one mail says, checked so that no text in it can become a header field, and written by ``email``.

It is put into the outbox as JSON, sealed, with the header fields that must not differ from one attempt
to the next: a message that arrives twice has one Message-ID, by which mail programs show it once.
"""

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Any, Final, Literal

from ostiary.delivery.address import Sender, header_address, parse_address
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass

# RFC 5322 §2.1.1 allows 998 characters a line; people read the first 60.
_LONGEST_SUBJECT: Final = 200


class UnsafeMessage(ValueError):
    """A message that may not be sent as it is: an empty subject, or one of several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered mail to one address. Its content may sign somebody in, so it is never shown."""

    to: str
    template: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        parse_address(self.to)
        # ASVS 5.0 V1.3.11. Not only CR and LF: str.splitlines, and some servers, break lines at more than these.
        lines = (self.subject, *self.headers, *self.headers.values())
        if not self.subject.strip() or not all(line.isprintable() for line in lines):
            message = f"the subject and the header fields of {self.template} must each be one line of text"
            raise UnsafeMessage(message)

    def to_json(self) -> bytes:
        """What is sealed into the outbox."""
        facts: dict[str, Any] = {
            "to": self.to,
            "template": self.template,
            "subject": self.subject,
            "text": self.text,
            "headers": dict(self.headers),
        }
        if self.html is not None:
            facts["html"] = self.html
        return json.dumps(facts, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, plain: bytes) -> "Message":
        """What ``to_json`` wrote."""
        return cls(**json.loads(plain))


def shortened_subject(text: str) -> str:
    """The subject, cut where it is so long that somebody is playing with it."""
    return text if len(text) <= _LONGEST_SUBJECT else f"{text[: _LONGEST_SUBJECT - 1]}…"


def identifying_headers(*, id: str, now: Millis, host: str) -> dict[str, str]:
    """The header fields that stay the same at every attempt."""
    return {
        "Date": format_datetime(datetime.fromtimestamp(now / 1000, UTC)),
        # RFC 5322 §3.6.4: unique, by the id of the outbox row below a host of ours.
        "Message-ID": f"<{id}@{host}>",
        # RFC 3834 §5: no vacation notice in return.
        "Auto-Submitted": "auto-generated",
    }


def write_email(message: Message, sender: Sender) -> EmailMessage:
    """The message as it travels (RFC 5322), in UTF-8, with plain text always."""
    # An address that is not ASCII can be written in a header field only as RFC 6532 does.
    email = EmailMessage(policy=SMTP if message.to.isascii() else SMTPUTF8)
    email["From"] = sender.as_header()
    email["To"] = header_address(message.to)
    email["Subject"] = message.subject
    for name, value in message.headers.items():
        email[name] = value
    email.set_content(message.text, charset="utf-8")
    if message.html is not None:
        email.add_alternative(message.html, subtype="html", charset="utf-8")
    return email


def read_body(email: EmailMessage, kind: Literal["plain", "html"]) -> str | None:
    """The decoded text of a mail, or of its HTML twin, as people read it; None where there is none."""
    body = email.get_body((kind,))
    # On the way lines end in CR LF.
    return None if body is None else str(body.get_content()).replace("\r\n", "\n")
