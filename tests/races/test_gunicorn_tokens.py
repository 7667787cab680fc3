"""Tokens under ``gunicorn --preload``: the process that forks has used them already, and no worker believes what another revoked."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

WORKERS = 3
ENOUGH = 300

# Before it forks, the application has made its keys, and opened every connection that reading them takes.
APP = """
import os
from flask import Flask
from ostiary import ApiKeys, Passwords, Tokens
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(lookup={}.get), Tokens(), ApiKeys()])


@app.post("/issue")
def issue():
    return auth.tokens.issue("ada").response()


@app.get("/who")
@auth.require
def who():
    return auth.principal.subject


@app.after_request
def say_who(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response


with app.app_context():
    key = auth.api_keys.create("robot", name="before the fork").secret
program = app.test_client(use_cookies=False)
before = program.post("/issue").json
for secret in (before["access_token"], key):
    assert program.get("/who", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
print("BEFORE", before["access_token"], key, flush=True)
"""


class Program:
    """Asks whichever worker comes first."""

    def __init__(self, address: str, token: str, key: str) -> None:
        self._address = address
        self.before, self.key = token, key

    def ask(self, path: str, secret: str | None = None, **fields: str) -> tuple[str, int, dict[str, str]]:
        """The worker, the status, and what it answered if that is JSON."""
        body = json.dumps(fields).encode() if fields or path == "/issue" else None
        request = urllib.request.Request(f"{self._address}{path}", body, {"Content-Type": "application/json"})
        if secret is not None:
            request.add_header("Authorization", f"Bearer {secret}")
        try:
            answer = urllib.request.urlopen(request)
        except HTTPError as other:
            answer = other
        with answer:
            text = answer.read().decode()
            return answer.headers["X-Worker"], answer.status, json.loads(text) if text.startswith("{") else {}

    def ask_all(self, secret: str) -> set[int]:
        """What the workers say of a secret, once all of them were asked."""
        workers, statuses = set(), set()
        for _ in range(ENOUGH):
            worker, status, _ = self.ask("/who", secret)
            workers.add(worker)
            statuses.add(status)
            if len(workers) == WORKERS:
                break
        assert len(workers) > 1
        return statuses


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "served.py").write_text(APP, "utf-8")
    environment = {
        **os.environ,
        "OSTIARY_DEVELOPMENT": "1",
        "OSTIARY_DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}",
        "OSTIARY_SECRET_KEY": "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }
    gunicorn = [
        sys.executable,
        "-m",
        "gunicorn",
        "--preload",
        "-w",
        str(WORKERS),
        "--threads",
        "4",
        "-b",
        "127.0.0.1:0",
    ]
    pipe = subprocess.PIPE
    server = subprocess.Popen(
        [*gunicorn, "served:app"], cwd=tmp_path, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
    )
    try:
        address, booted, said = None, 0, None
        for line in server.stdout:
            match = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line)
            address = match[1] if match else address
            said = line.split()[1:] if line.startswith("BEFORE") else said
            booted += "Booting worker" in line
            if address and said and booted == WORKERS:
                break
        assert address is not None
        assert said is not None
        yield Program(address, *said)
    finally:
        server.terminate()
        server.stdout.close()
        server.wait()


@pytest.mark.attack("O18")
def test_forked_workers_believe_each_others_tokens_and_none_that_one_of_them_revoked(program: Program) -> None:
    assert program.ask_all(program.before) == {200}
    assert program.ask_all(program.key) == {200}
    for _ in range(5):
        _, status, issued = program.ask("/issue")
        assert status == 200
        assert program.ask_all(issued["access_token"]) == {200}
        _, status, renewed = program.ask("/auth/token/refresh", refresh_token=issued["refresh_token"])
        assert status == 200
        assert program.ask("/auth/token/revoke", token=renewed["refresh_token"])[1] == 200
        # On one file the very next question knows it, whichever worker is asked.
        assert program.ask_all(issued["access_token"]) == {401}
        assert program.ask_all(renewed["access_token"]) == {401}
    assert program.ask_all(program.before) == {200}
