"""One-time tokens: links and codes that are good for one thing, one person and one use.

settings.py          how long they are good for
one_time_token.py    what a token stands for
redeem.py            issue, find, spend
store.py             the table and its statements
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ostiary.features.one_time_tokens.one_time_token import OneTimeToken
from ostiary.features.one_time_tokens.settings import OneTimeTokensSettings
from ostiary.kernel.clock import DAY
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import feature
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

if TYPE_CHECKING:
    from ostiary.features.one_time_tokens.redeem import OneTimeTokenActions

__all__ = ["OneTimeToken", "OneTimeTokenActions", "OneTimeTokens"]

_LONGEST_INVITATION: Final = 30 * DAY


@feature
class OneTimeTokens(OneTimeTokensSettings):
    """Comes with the features that send links; list it only to change how long those are good for."""

    name: ClassVar[str] = "one_time_tokens"

    def stores(self) -> bool:
        """A token that is spent once needs a row."""
        return True

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        for name in ("verification", "reset"):
            # NIST SP 800-63B-4 §4.2.1.2: what is sent to an address of mail is valid for 24 hours at most.
            if milliseconds(getattr(self, name)) > DAY:
                yield Problem(
                    code="impossible_link_lifetime",
                    what=f"OneTimeTokens({name}={getattr(self, name)!r}) lets a link that was mailed be good for too long",
                    cure="24h at most (NIST SP 800-63B-4 §4.2.1.2)",
                )
        if milliseconds(self.invitation) > _LONGEST_INVITATION:
            yield Problem(
                code="impossible_link_lifetime",
                what=f"OneTimeTokens(invitation={self.invitation!r}) lets an invitation lie in a mailbox for too long",
                cure="30d at most; whoever comes later is invited again",
            )

    def expiring(self) -> tuple[object, ...]:
        """Tokens that nobody redeemed in time."""
        from ostiary.features.one_time_tokens.store import one_time_tokens  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=one_time_tokens, column="expires_at"),)

    def contribute(self, resources: Resources) -> Contribution:
        """The verbs, for the features that send links."""
        from ostiary.features.one_time_tokens.redeem import OneTimeTokenActions  # SQLAlchemy only where it is used
        from ostiary.storage.database import Database

        actions = OneTimeTokenActions(
            database=resources[Database],
            key_ring=resources[KeyRing],
            verification_lifetime=milliseconds(self.verification),
            reset_lifetime=milliseconds(self.reset),
            invitation_lifetime=milliseconds(self.invitation),
        )
        return Contribution(actions=actions)


def __getattr__(name: str) -> Any:  # PEP 562
    # Through the front door, and yet SQLAlchemy is imported only by who redeems.
    if name == "OneTimeTokenActions":
        from ostiary.features.one_time_tokens.redeem import OneTimeTokenActions

        return OneTimeTokenActions
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
