"""Cases: one thing to do over and over again, beside what it is compared with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from flask import Flask
from werkzeug.test import EnvironBuilder

BARE: Final = "a bare Flask view"
"""What every request is compared with: the same view without any library."""

ORIGIN: Final = "https://shop.example"
"""Where every application here is served, as in production."""

SECRET: Final = "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Bench-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3"
"""The secret of every application here."""

# What a browser says of a form on our own page: one library looks at the one, another at the other.
_OWN_PAGE: Final = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that is measured.

    ``group``   the table it stands in
    ``base``    the name of the case it is divided by; None: its microseconds stand for themselves
    ``aim``     the ratio, or the microseconds, it is to stay within
    ``by_wall`` the ratio is of time that passed, not of CPU: where another process does the work
    """

    group: str
    name: str
    run: Callable[[], object]
    ours: bool = False
    base: str | None = BARE
    aim: float | None = None
    by_wall: bool = False


def get(app: Flask, path: str = "/guarded", *, cookie: str | None = None, authorizations: Iterable[str] = ()) -> Any:
    """A request through WSGI, in this process; each time with the next of the ``authorizations``."""
    environ = EnvironBuilder(path, base_url=ORIGIN).get_environ()
    if cookie is not None:
        environ["HTTP_COOKIE"] = cookie
    given = tuple(authorizations)
    turns = cycle(given)
    status: list[str] = []
    written: list[bytes] = []

    def start_response(line: str, _headers: object, _failed: object = None, /) -> Callable[[bytes], object]:
        status[:] = (line,)
        return written.append

    def request() -> None:
        present = dict(environ)
        if given:
            present["HTTP_AUTHORIZATION"] = next(turns)
        answer = app.wsgi_app(present, start_response)
        b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not status[0].startswith("200"):
            message = f"{app.name} answered {status[0]}"
            raise RuntimeError(message)

    return request


def cookies_after(app: Flask, path: str, **form: Any) -> str:
    """The Cookie header of a browser that has posted a form."""
    client = app.test_client()
    answer = client.post(path, base_url=ORIGIN, headers=_OWN_PAGE, **form)
    if answer.status_code >= 400:
        message = f"{app.name} answered {answer.status} at {path}: {answer.get_data(as_text=True)[:300]}"
        raise RuntimeError(message)
    # What the test client keeps, whatever its version calls it.
    kept = client._cookies or {}  # noqa: SLF001
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in kept.values())
