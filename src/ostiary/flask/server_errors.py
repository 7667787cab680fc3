"""500 at an address of ours: a problem document for programs and a page of ours, where the application says nothing else.

What went wrong stands in the log, by Flask's own way; the answer tells nothing of it (ASVS 5.0 V16.5.1).
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Flask
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from ostiary.kernel.errors import AuthError
from ostiary.web.problem import Refusal

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

_log: Final = logging.getLogger("ostiary")


class WentWrong(AuthError):
    """Something went wrong that nobody foresaw (RFC 9110 §15.6.1). The log of the application has it."""

    code = "internal_error"
    status = 500
    public_message = "Something went wrong here. Please try again in a moment."


def answer_server_errors(app: Flask, blueprint: Blueprint, refuse: Callable[[AuthError], Refusal]) -> None:
    """Answer what Flask would answer with a page of its own. Called before the blueprint is registered."""

    def answer(error: InternalServerError) -> "ResponseReturnValue | Response | HTTPException":
        # Flask asks a blueprint's handler before the application's own, which comes first here.
        own = _handler_of(app)
        if own is not None:
            return app.ensure_sync(own)(error)  # type: ignore[no-any-return] # whatever its handler answers
        try:
            return refuse(WentWrong()).get_response()
        except Exception:  # noqa: BLE001 - what is broken may be the page, or what it is made of
            _log.exception("the page for an error could not be shown")
            return error

    blueprint.register_error_handler(500, answer)


def _handler_of(app: Flask) -> Callable[..., Any] | None:
    """The application's own handler of a 500: by its number, else by the nearest class."""
    by_code = app.error_handler_spec[None]
    for handlers in (by_code.get(500, {}), by_code.get(None, {})):
        for kind in InternalServerError.__mro__:
            if kind in handlers:
                return handlers[kind]
    return None
