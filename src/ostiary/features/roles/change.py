"""A change of roles: in whose name it is made, under which locks, and that whoever makes it may.

Inside a request it is the caller's, and she is asked what she holds in the transaction of the change itself,
with her rights locked: a demotion that is under way comes before the change or after it. Outside of a request (a
command, a job, a seed), and where the application says ``by=``, it is the application's own.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ostiary.features.roles import group_store, store
from ostiary.features.roles.authority import Authority
from ostiary.features.roles.definitions import Definitions
from ostiary.features.roles.holder import BeyondOwnRights
from ostiary.kernel.caller import CallerSource
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Decision
from ostiary.kernel.errors import NotAuthenticated
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import Event
from ostiary.kernel.principal import Principal
from ostiary.storage.database import Database, Transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LONGEST_BY = 255


@dataclass(frozen=True, slots=True)
class Author:
    """In whose name a change is made: the caller's, or where ``caller`` is None the application's own."""

    caller: Principal | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change that has begun. ``authority`` is None where nobody's own rights are asked."""

    tx: Transaction
    now: Millis
    by: str | None
    authority: Authority | None
    bus: EventBus
    group_exists: bool = True

    def require(self, ask: Callable[[Authority], Decision]) -> None:
        """Refuse what the author may not do. Raises ``BeyondOwnRights``."""
        decision = None if self.authority is None else ask(self.authority)
        if decision is not None and not decision.allowed:
            raise refusal_of(decision)

    def emit(self, event: Event) -> None:
        """Tell what happened."""
        self.bus.emit(event, self.tx)


class Changes:
    """Begins changes."""

    __slots__ = ("bus", "caller", "clock", "database", "definitions")

    def __init__(
        self, *, database: Database, bus: EventBus, clock: Clock, caller: CallerSource, definitions: Definitions
    ) -> None:
        self.database = database
        self.clock = clock
        self.definitions = definitions
        self.bus = bus
        self.caller = caller

    def author(self, by: str | None) -> Author:
        """In whose name a change would be made now. To be called before a transaction: it reads the credential.

        Raises ``NotAuthenticated`` for nobody's request, unless the application says in whose name.
        """
        if by is not None:
            if not (0 < len(by) <= _LONGEST_BY and by.isprintable()):
                message = f"by= is one line of at most {_LONGEST_BY} characters"
                raise ValueError(message)
            return Author(None, by)
        caller = self.caller()
        if caller is not None and not caller:
            detail = (
                "nobody is signed in, so nobody's rights allow it; by='sign-up' makes it the application's own change"
            )
            raise NotAuthenticated(detail=detail)
        return Author(caller, None if caller is None else caller.subject)

    @contextmanager
    def begin(
        self,
        by: str | None,
        *,
        concerns: Iterable[str] = (),
        group: str | None = None,
        members: bool = False,
        exclusive: bool = False,
    ) -> Generator[Change]:
        """A change in a transaction of its own. ``concerns`` are the subjects whose rights it raises.

        ``group`` is the group that it is about, and with ``members`` it raises the rights of all who are in it.
        ``exclusive`` is for what concerns whoever holds something: no other change of roles is made meanwhile.
        """
        author = self.author(by)
        with self.database.write() as tx:
            yield self.begin_in(tx, author, concerns=concerns, group=group, members=members, exclusive=exclusive)

    def begin_in(
        self,
        tx: Transaction,
        author: Author,
        *,
        concerns: Iterable[str] = (),
        group: str | None = None,
        members: bool = False,
        exclusive: bool = False,
    ) -> Change:
        """A change inside a transaction."""
        if exclusive:
            store.lock_roles(tx)
        else:
            store.share_roles(tx)
        # The group before any subject, all subjects in one order, and what they hold after both: two changes wait for each
        # other, and never both.
        group_exists = group is None or group_store.lock_group(tx, group)
        caller = () if author.caller is None else (author.caller.subject,)
        store.lock_rights(tx, {*caller, *concerns}, members_of=group if members else None)
        authority = None if author.caller is None else self.authority_of(author.caller, tx.connection)
        return Change(tx, self.clock.now(), author.by, authority, self.bus, group_exists)

    def authority_of(self, principal: Principal, connection: "Connection") -> Authority:
        """What somebody may give, by what she holds as the connection sees it."""
        found, now = store.read_lookup(store.read_rows(connection, principal.subject)), self.clock.now()
        return Authority(principal, found.holdings, found.groups, self.definitions, found.grants, now=now)


def refusal_of(decision: Decision) -> BeyondOwnRights:
    """The error that a refused giving or taking answers with."""
    return BeyondOwnRights(detail=decision.because[0].text, members={"reason": decision.code})
