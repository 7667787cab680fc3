"""Mail: what a feature asks to be sent, and the protocol of whoever sends it.

A mail names a template and its context; it is rendered, sealed and put into the outbox in the
transaction of the action it tells of, so that there is no mail without the action and no action
without its mail.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address.

    ``template`` is its name below ``ostiary/email``: ``"passwords/changed"`` has ``passwords/changed.txt``, whose
    first line is the subject line, and ``passwords/changed.html``. ``context`` may hold a link that signs in, so it is never shown.
    """

    to: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


class Mailer(Protocol):
    """Who sends mail; found by this type among the resources."""

    def send(self, mail: Mail, tx: Any) -> None:
        """Put a mail into the outbox, in the transaction ``tx``. It leaves after the commit."""
        ...

    def pretend(self, mail: Mail, tx: Any) -> None:
        """All the work of ``send``, and no mail: where there is nobody to write to, and that must not be seen."""
        ...
