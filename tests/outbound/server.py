"""A real HTTP server on this machine, which answers what a test says and remembers what it was asked."""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    text: str
    body: bytes = b""


def write_answer(
    handler: BaseHTTPRequestHandler, status: int, body: str | bytes = "", headers: dict[str, str] | None = None
) -> None:
    """Answer one request."""
    content = body.encode() if isinstance(body, str) else body
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    try:
        handler.wfile.write(content)
    except OSError:
        # Whoever asked has heard enough.
        handler.close_connection = True


class Server:
    """Listens on a port of its own until the block ends."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.act: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None
        """What is done with a request."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                outer.requests.append(Request(self.path, headers, f"{self.requestline}\n{self.headers}", body))
                outer.act(self)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def answers(self, status: int, body: str | bytes = "", headers: dict[str, str] | None = None) -> None:
        """Answer every request like this."""
        self.act = lambda handler: write_answer(handler, status, body, headers)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Dripping:
    """A server that sends a byte now and then, and hardly ever ends: in its head, or in its body."""

    def __init__(self, head: bytes, drop: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._head, self._drop = head, drop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
            with connection:
                connection.sendall(self._head)
                # Not for ever: whoever waits for it to end is to fail, and not to hang.
                for _ in range(1_000):
                    if self._over.wait(0.02):
                        return
                    connection.sendall(self._drop)
        except OSError:
            return

    def __enter__(self) -> "Dripping":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._socket.close()
        self._thread.join(5)
