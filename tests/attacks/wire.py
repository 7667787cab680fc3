"""A request as it comes off the wire: whatever bytes, which no client library would send."""

import io
from typing import Any

from flask import Flask


def send(
    app: Flask, path: str = "/", query: str = "", method: str = "GET", *, body: bytes = b"", **environ: Any
) -> tuple[int, dict[str, str]]:
    """What the application answers to a request that no client library would make: (status, headers)."""
    answers: list[Any] = []
    given = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.version": (1, 0),
        **({"CONTENT_LENGTH": str(len(body))} if body else {}),
        **environ,
    }
    answer = app.wsgi_app(given, lambda status, headers, exc_info=None: answers.append((status, headers)))
    b"".join(answer)
    status, headers = answers[0]
    return int(status[:3]), dict(headers)
