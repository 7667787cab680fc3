"""The gate of accounts: asked at every sign-in, once its proofs are good, whether the account may sign in at all."""

from ostiary.features.accounts import store
from ostiary.features.accounts.states import why_not
from ostiary.kernel.identifiers import is_id
from ostiary.storage.database import Database


class AccountGate:
    """The ``SubjectGate`` of an application with accounts."""

    __slots__ = ("_database", "_unverified_may_sign_in")

    def __init__(self, database: Database, *, unverified_may_sign_in: bool) -> None:
        self._database = database
        self._unverified_may_sign_in = unverified_may_sign_in

    def why_not(self, subject: str) -> str | None:
        """``"suspended"``, ``"closed"``, ``"unverified"``, ``"no_account"``, or None when she may sign in."""
        state = None
        if is_id(subject):
            with self._database.read() as connection:
                state = store.state_of(connection, subject)
        return why_not(state, unverified_may_sign_in=self._unverified_may_sign_in)
