"""Acting as somebody: who a job, or a part of a view, asks as, for as long as its block lasts."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from flask import has_request_context, request

from ostiary.kernel.principal import Principal


class Acting:
    """Whom the present context acts as. A request that begins inside, as of a test client, is its own caller's."""

    __slots__ = ("_variable",)

    def __init__(self) -> None:
        self._variable: ContextVar[tuple[object, Principal] | None] = ContextVar("ostiary.acting", default=None)

    @contextmanager
    def as_principal(self, principal: Principal) -> Generator[None]:
        """Act as somebody inside the block."""
        before = self._variable.set((_present_request(), principal))
        try:
            yield
        finally:
            self._variable.reset(before)

    def find(self) -> Principal | None:
        """Whom this context acts as; None where everybody is herself."""
        acting = self._variable.get()
        return acting[1] if acting is not None and acting[0] is _present_request() else None


def _present_request() -> object:
    return request.environ if has_request_context() else None
