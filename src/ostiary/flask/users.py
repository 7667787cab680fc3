"""The application's own user behind a principal: loaded once a request, by its ``user_loader``."""

import inspect
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any, TypeAlias

from flask import current_app, has_request_context, request

from ostiary.kernel.errors import Problem, misconfigured
from ostiary.kernel.plain_function import is_coroutine_function
from ostiary.kernel.principal import Principal

UserLoader: TypeAlias = Callable[[str], Any]
"""subject → the application's user, or None when she is gone. Plain or async."""

_MISSING = object()


class Users:
    """Loads users with the application's loader, and remembers them for the request."""

    __slots__ = ("_key", "loader")

    def __init__(self, loader: UserLoader | None) -> None:
        self.loader = loader
        self._key = f"ostiary.user.{id(self)}"

    def problems(self) -> list[Problem]:
        """An async loader without what runs it would be a coroutine taken for a user."""
        if self.loader is None or not is_coroutine_function(self.loader):
            return []
        # What Flask itself needs to run one.
        if find_spec("asgiref") is None:
            cure = "install flask[async], or make it a plain function"
            return [Problem(code="async_user_loader", what="user_loader is a coroutine function", cure=cure)]
        return []

    def find(self, principal: Principal, *, accounts: UserLoader | None = None) -> Any:  # the application's type
        """The user of this request, or None. Raises ``RuntimeError`` in an async view that has to await.

        ``accounts`` finds accounts of ours, where the application has no loader of its own.
        """
        known = self._known(principal)
        if known is not _MISSING:
            return known
        loader = self._loader(accounts)
        if is_coroutine_function(loader) and _in_event_loop():
            message = "user_loader is async: in an async view, write `await auth.get_user()` instead of `auth.user`"
            raise RuntimeError(message)
        return self._remember(principal, current_app.ensure_sync(loader)(principal.subject))

    async def get(self, principal: Principal, *, accounts: UserLoader | None = None) -> Any:
        """The user of this request, or None, for async views."""
        known = self._known(principal)
        if known is not _MISSING:
            return known
        found = self._loader(accounts)(principal.subject)
        return self._remember(principal, await found if isinstance(found, Awaitable) else found)

    def _loader(self, accounts: UserLoader | None) -> UserLoader:
        loader = self.loader or accounts
        if loader is None:
            raise misconfigured(
                "no_user_loader",
                "auth.user is asked for, and nothing says how a subject becomes a user",
                "decorate a function with @auth.user_loader, or pass Auth(user_loader=…), or add Accounts()",
            )
        return loader

    def _known(self, principal: Principal) -> Any:
        if not principal:
            return None
        if not has_request_context():
            # A job that acts as somebody: nothing is kept between two questions.
            return _MISSING
        subject, user = request.environ.get(self._key, (None, _MISSING))
        return user if subject == principal.subject else _MISSING

    def _remember(self, principal: Principal, user: Any) -> Any:
        if inspect.isawaitable(user):
            if inspect.iscoroutine(user):
                user.close()
            raise misconfigured(
                "async_user_loader",
                "user_loader answered something that has to be awaited, and it is no coroutine function",
                "declare it `async def`, so that it can be told apart; a coroutine is never taken for a user",
            )
        if has_request_context():
            request.environ[self._key] = (principal.subject, user)
        return user


def _in_event_loop() -> bool:
    # Where nobody has imported asyncio, no loop of its runs; to import it takes a fifth of what Flask takes.
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
