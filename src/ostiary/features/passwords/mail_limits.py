"""How many mails a stranger can have sent to one mailbox: few from one network, more from all of them together.

One limit for everybody would let a single stranger use up what the owner of an address needs to register, or to be
sent a link; one for each network alone would let many networks fill her mailbox.
"""

from typing import Final

from ostiary.features.accounts import Identifier
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import HOUR
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import TooManyAttempts
from ostiary.kernel.limit import Limit, Limiter

# Enough for somebody who looks into the wrong mailbox first, too few to annoy her.
_NEARBY: Final = Limit("passwords.mail_nearby", 5, HOUR)
# Four networks may spend theirs before hers is touched; a filter of the mailbox's provider copes with this many.
_MAILBOX: Final = Limit("passwords.mail", 25, HOUR)


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Counts the mails of one sort that are asked for, before anything is looked up."""

    limiter: Limiter
    client: ClientSource

    def charge(self, sort: str, asked_for: Identifier) -> None:
        """Count one mail by what was typed, whether or not there is an account. Raises ``TooManyAttempts``."""
        mailbox, network = f"{sort}:{asked_for.kind}:{asked_for.mailbox}", self.client().network
        if network is not None:
            self.limiter.charge(_NEARBY, f"{network}|{mailbox}")
        self.limiter.charge(_MAILBOX, mailbox)

    def has_room(self, sort: str, to: Identifier) -> bool:
        """Count one mail to an address that nobody typed: that of whoever has this name or number.

        Her names share what her mailbox may be sent. That it is full is told to nobody: it would tell whose address it is.
        """
        try:
            self.charge(sort, to)
        except TooManyAttempts:
            return False
        return True
