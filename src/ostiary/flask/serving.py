"""Before the first view runs: the moment when debug is known and every view is registered."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask


def watch_first_request(app: Flask, prepare: Callable[[], None]) -> None:
    """Call ``prepare`` once, before the first view is dispatched, by whatever way a request arrives.

    After that nothing of it is left on the way of a request. While ``prepare`` raises, no view runs.
    """
    original: Callable[..., Any] = app.dispatch_request
    was_overridden = "dispatch_request" in app.__dict__
    lock = threading.Lock()
    prepared = False

    def first_request(*context: Any) -> Any:  # whatever Flask passes, and the view answers
        nonlocal prepared
        if not prepared:
            with lock:
                if not prepared:
                    prepare()
                    prepared = True
                    _restore()
        return original(*context)

    def _restore() -> None:
        if app.__dict__.get("dispatch_request") is first_request:
            if was_overridden:
                app.dispatch_request = original  # type: ignore[method-assign] # as it was before us
            else:
                del app.__dict__["dispatch_request"]

    app.dispatch_request = first_request  # type: ignore[method-assign] # the one door every request passes


def watch_run(app: Flask, prepare: Callable[[], None]) -> None:
    """For an application run as a script: say what is wrong when ``app.run`` is called, not at the first request."""
    original: Callable[..., None] = app.run

    def run(host: str | None = None, port: int | None = None, debug: bool | None = None, **options: Any) -> None:  # noqa: FBT001 - Flask's signature
        if debug is not None:
            app.debug = bool(debug)
        prepare()
        original(host, port, debug, **options)

    app.run = run  # type: ignore[method-assign, assignment] # Flask offers no signal for this
