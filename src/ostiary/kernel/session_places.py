"""The place a session acts at: changed by the feature that knows who belongs where, kept by the one that knows sessions."""

from typing import Any, Protocol

from ostiary.kernel.principal import On


class SessionPlaces(Protocol):
    """Who keeps sessions; found by this type among the resources."""

    def bind(self, tx: Any, id: str, *, subject: str, on: On | None) -> bool:
        """Let one session of a subject act at a place from its next request on; None is at none. False: there is none.

        ``tx`` is the transaction (``storage.database.Transaction``) it belongs to.
        """
        ...
