"""A forked worker serves: ``gunicorn --preload`` loads the application once and forks."""

import os
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "session_login"
WORKERS = 3
ENOUGH = 200
"""Requests after which two workers have answered, or never will: with three, one answers them all once in 3^199."""

# The example, and on each answer which process gave it, and which one loaded the application.
SERVED = """
import os
from app import app

LOADED_BY = os.getpid()


@app.after_request
def say_who(response):
    response.headers["X-Worker"], response.headers["X-Loaded-By"] = str(os.getpid()), str(LOADED_BY)
    return response
"""


class StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: another worker may answer the second request."""

    def redirect_request(self, *_: object) -> None:
        """Nowhere."""


class Browser:
    """A browser that keeps cookies, and opens a connection for each request."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar), StayHere())

    def _ask(self, path: str, form: bytes | None = None) -> tuple[str, int, str]:
        request = urllib.request.Request(f"{self._address}{path}", form, {"Sec-Fetch-Site": "same-origin"})
        try:
            answer = self._opener.open(request)
        except HTTPError as other:
            answer = other
        with answer:
            return answer.headers["X-Worker"], answer.status, answer.read().decode()

    def sign_in(self) -> str:
        """Sign in; the answer is the worker that did it."""
        fields = {"identifier": "user1", "password": "correct horse battery staple"}
        worker, status, _ = self._ask("/login", urllib.parse.urlencode(fields).encode())
        assert status == 302
        return worker

    def ask(self) -> str:
        """Ask for the guarded page; the answer is the worker that gave it."""
        worker, status, page = self._ask("/protected")
        assert (status, page) == (200, "Logged in as: user1")
        return worker

    @property
    def cookie(self) -> str:
        (value,) = [cookie.value for cookie in self._jar if cookie.name.endswith("ostiary_session")]
        assert value is not None
        return value


class Served:
    """A server under way: where it listens, and its process."""

    def __init__(self, address: str, process: "subprocess.Popen[str]") -> None:
        self.address = address
        self.process = process

    def occupied(self) -> socket.socket:
        """A connection that says half a request, and so keeps the worker that took it from answering anybody else."""
        parts = urllib.parse.urlsplit(self.address)
        held = socket.create_connection((parts.hostname, parts.port))
        held.sendall(b"GET /protected HTTP/1.1\r\n")
        return held


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "served.py").write_text(SERVED, "utf-8")
    environment = {
        **os.environ,
        "OSTIARY_DEVELOPMENT": "1",
        "OSTIARY_DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}",
        "OSTIARY_SECRET_KEY": "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(EXAMPLE)]),
    }
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", str(WORKERS), "-b", "127.0.0.1:0", "served:app"]
    server = subprocess.Popen(command, cwd=EXAMPLE, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        address, booted = None, 0
        assert server.stderr is not None
        for line in server.stderr:
            match = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line)
            address = match[1] if match else address
            booted += "Booting worker" in line
            if address and booted == WORKERS:
                break
        assert address is not None
        yield Served(address, server)
    finally:
        server.terminate()
        server.stderr.close()
        server.wait()


@pytest.mark.asvs("V11.5.2")
def test_forked_workers_sign_in_and_know_each_others_sessions(served: Served) -> None:
    browser = Browser(served.address)
    signed_in_by: dict[str, str] = {}
    known_by: set[str] = set()
    for number in range(ENOUGH):
        # While one worker waits for the rest of a request, another has to answer.
        with served.occupied():
            worker = browser.sign_in()
            signed_in_by[browser.cookie] = worker
            known_by |= {asked for asked in (browser.ask(), browser.ask()) if asked != worker}
        if len(set(signed_in_by.values())) > 1 and known_by:
            break
    assert len(set(signed_in_by.values())) > 1, "more than one worker signed somebody in"
    assert known_by, "and one knew the session of another"
    assert len(signed_in_by) == number + 1, "no two sessions have one secret, whichever worker made them"


def test_the_application_was_loaded_once_by_the_process_that_forks(served: Served) -> None:
    seen: set[tuple[str, str]] = set()
    for _ in range(ENOUGH):
        with served.occupied(), urllib.request.urlopen(f"{served.address}/login") as answer:
            seen.add((answer.headers["X-Worker"], answer.headers["X-Loaded-By"]))
        if len(seen) > 1:
            break
    assert len(seen) > 1
    assert {loaded for _, loaded in seen} == {str(served.process.pid)}
    assert str(served.process.pid) not in {worker for worker, _ in seen}
