"""What every part of ``Auth`` needs: its share of the current application, and how a refusal is raised there."""

from typing import Any

from flask import Flask, current_app

from ostiary.flask.answers import ErrorHandler, refuse
from ostiary.flask.state import EXTENSION, AppState
from ostiary.kernel.errors import AuthError, misconfigured
from ostiary.web.problem import Refusal


class Share:
    """The current application's share of an ``Auth``."""

    def __init__(self) -> None:
        self._error_handler: ErrorHandler | None = None

    def _state(self) -> AppState:
        """The share of the current application."""
        return self._state_of(current_app)

    @staticmethod
    def _state_of(app: Flask) -> AppState:
        """The share of an application."""
        state = app.extensions.get(EXTENSION)
        if not isinstance(state, AppState):
            what = f"auth is used in {app.name!r}, which it does not know"
            raise misconfigured("no_init_app", what, "call auth.init_app(app) in the application factory")
        return state

    def _refuse(self, state: AppState, error: AuthError) -> Refusal:
        return refuse(state, error, self._error_handler)

    def _answer(self, state: AppState, error: AuthError) -> Any:  # as Flask's
        """An ``AuthError`` that a view let through: it becomes the exception the application's handlers know."""
        return state.app.handle_user_exception(self._refuse(state, error))

    def error_handler(self, fn: ErrorHandler) -> ErrorHandler:
        """Answer refusals yourself: ``fn(error)`` returns a response, or None for ours. A decorator."""
        self._error_handler = fn
        return fn
