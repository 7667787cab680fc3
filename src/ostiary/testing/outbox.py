"""The outbox of an application under test: every mail it sent, decoded, with its link and its code at hand."""

from collections.abc import Iterator

from ostiary.delivery.memory import MemoryMailbox, SentMail


class Outbox:
    """The mails that were sent, the oldest first. A mail is here as soon as the request that sent it is answered."""

    __slots__ = ("_mailbox",)

    def __init__(self, mailbox: MemoryMailbox) -> None:
        self._mailbox = mailbox

    @property
    def all(self) -> tuple[SentMail, ...]:
        """Every mail."""
        return self._mailbox.sent

    def to(self, address: str) -> tuple[SentMail, ...]:
        """Every mail to one address."""
        return self._mailbox.to(address)

    def last(self, to: str | None = None) -> SentMail:
        """The newest mail, or the newest to one address. Raises ``LookupError``, which says to whom mail was sent."""
        return self._mailbox.last(to)

    def clear(self) -> None:
        """Forget every mail."""
        self._mailbox.clear()

    def __len__(self) -> int:
        return len(self._mailbox)

    def __iter__(self) -> Iterator[SentMail]:
        return iter(self._mailbox)
