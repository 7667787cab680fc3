"""A forked worker serves: ``gunicorn --preload`` loads the application once and forks."""

import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "session_login"


@pytest.mark.asvs("V11.5.2")
def test_forked_workers_sign_in_and_know_each_others_sessions(tmp_path):
    environment = {
        **os.environ,
        "OSTIARY_DEVELOPMENT": "1",
        "OSTIARY_DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}",
        "OSTIARY_SECRET_KEY": "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test",
    }
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", "3", "-b", "127.0.0.1:0", "app:app"]
    server = subprocess.Popen(command, cwd=EXAMPLE, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        address, booted = None, 0
        for line in server.stderr:
            match = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line)
            address = match[1] if match else address
            booted += "Booting worker" in line
            if address and booted == 3:
                break
        assert address is not None
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        form = urllib.parse.urlencode({"identifier": "user1", "password": "correct horse battery staple"}).encode()
        secrets = set()
        for _ in range(4):
            request = urllib.request.Request(f"{address}/login", form, {"Sec-Fetch-Site": "same-origin"})
            assert opener.open(request).read() == b"Logged in as: user1"
            secrets |= {cookie.value for handler in opener.handlers for cookie in getattr(handler, "cookiejar", ())}
        # Whichever worker answers, it knows the session.
        for _ in range(12):
            assert opener.open(f"{address}/protected").read() == b"Logged in as: user1"
        assert len(secrets) >= 4
    finally:
        server.terminate()
        server.stderr.close()
        server.wait()
