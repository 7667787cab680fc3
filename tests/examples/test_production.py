"""The program of production: configured by its environment alone, checked, migrated, and served by workers behind a proxy."""

import http.client
import json
import os
import re
import subprocess
import sys
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest
from tests.delivery.mail_server import MailServer, serving
from tests.examples.program import PASSWORD, ROOT, length

FOLDER = ROOT / "examples" / "production"
FORM = {"identifier": "ada@example.com", "password": PASSWORD}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request):
    """The URL of an empty database."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def mail_server():
    with serving(MailServer()) as server:
        yield server


@pytest.fixture
def environment(tmp_path, database, mail_server):
    key = tmp_path / "key"
    key.write_text("Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test", "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OSTIARY_", "PYTEST_"))}
    return clean | {
        "OSTIARY_SECRET_KEY_FILE": str(key),
        "OSTIARY_DATABASE_URL": database,
        "OSTIARY_PUBLIC_URL": "https://shop.example",
        "OSTIARY_TRUSTED_PROXIES": "1",
        "OSTIARY_MAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "OSTIARY_MAIL_FROM": "Shop <no-reply@shop.example>",
        # A process of its own sends it, when the test says so.
        "OSTIARY_MAIL_WORKER": "none",
        "OSTIARY_SESSIONS_IDLE": "8h",
        "PYTHONPATH": str(ROOT / "src"),
    }


def _flask(environment, *command):
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ostiary", *command],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


class Browser:
    """A browser before the proxy: it keeps cookies, and the proxy says what it asked for."""

    def __init__(self, port):
        self._port = port
        self.cookies = {}

    def ask(self, method, address, form=None, **headers):
        parts = urlsplit(address)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {
            "Host": "shop.example",
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "https",
            "Sec-Fetch-Site": "same-origin",
            "Accept": "text/html",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            **headers,
        }
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for header in answer.headers.get_all("Set-Cookie", ()):
            for morsel in SimpleCookie(header).values():
                self.cookies[morsel.key] = morsel.value
        connection.close()
        return answer, text


@pytest.fixture
def served(environment):
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "wsgi:app"]
    server = subprocess.Popen(command, cwd=FOLDER, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        port = None
        for line in server.stderr:
            match = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line)
            port = int(match[1]) if match else port
            if port and "Booting worker" in line:
                break
        assert port is not None
        yield port
    finally:
        server.terminate()
        server.stderr.close()
        server.wait()


@pytest.fixture
def migrated(environment):
    done = _flask(environment, "db", "upgrade")
    assert done.returncode == 0, done.stderr


def test_the_example_is_as_short_as_its_model():
    assert length("production", file="wsgi") <= 6


def test_its_environment_names_only_settings_that_there_are():
    from ostiary.runtime.assembly import every_feature
    from ostiary.runtime.deployment import NAMES

    names = re.findall(r"^OSTIARY_(\w+)=", (FOLDER / "environment").read_text("utf-8"), re.MULTILINE)
    known = {f"{feature.name}_".upper() for feature in every_feature()}
    assert len(names) > 6
    for name in names:
        assert name.removesuffix("_FILE") in NAMES or name.startswith(tuple(known)), name


def test_the_check_names_the_migration_and_then_nothing(environment):
    before = _flask(environment, "check", "--production")
    assert before.returncode == 1, before.stdout
    assert "flask ostiary db upgrade" in before.stdout
    assert _flask(environment, "db", "upgrade").returncode == 0
    after = _flask(environment, "check", "--production")
    assert after.returncode == 0, after.stdout + after.stderr
    assert "Nothing to mend." in after.stdout


def test_without_its_environment_it_names_everything_it_lacks(environment):
    bare = {name: value for name, value in environment.items() if not name.startswith("OSTIARY_")}
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=FOLDER, env=bare, capture_output=True, text=True, timeout=60
    )
    assert started.returncode == 1
    for name in ("OSTIARY_SECRET_KEY", "OSTIARY_PUBLIC_URL", "OSTIARY_MAIL_URL"):
        assert name in started.stderr
    checked = _flask(bare, "check", "--production", "--json")
    assert checked.returncode == 1
    assert {"no_secret_key", "no_public_url", "no_mail_url"} <= {one["code"] for one in json.loads(checked.stdout)}


def test_somebody_registers_signs_in_and_out_behind_a_proxy(migrated, served, environment, mail_server):
    ada = Browser(served)
    answer, page = ada.ask("GET", "/auth/sign-in")
    assert answer.status == 200
    assert "default-src" in answer.headers["Content-Security-Policy"]
    assert "shop.example" in page
    answer, _ = ada.ask("POST", "/auth/register", FORM)
    assert answer.status == 202
    link = _link(environment, mail_server, "ada@example.com")
    assert link.startswith("https://shop.example/auth/")
    assert ada.ask("GET", link)[0].status == 200
    token = link.partition("token=")[2]
    assert ada.ask("POST", link.partition("?")[0], {"token": token})[0].status == 303
    answer, _ = ada.ask("POST", "/auth/sign-in", {**FORM, "remember": "true"})
    assert answer.status == 303
    assert {"__Host-ostiary_session", "__Host-ostiary_remember"} <= ada.cookies.keys()
    assert all("Secure" in cookie for cookie in answer.headers.get_all("Set-Cookie"))
    # Either worker knows her.
    for _ in range(6):
        answer, page = ada.ask("GET", "/auth/account")
        assert (answer.status, "ada@example.com" in page) == (200, True)
    assert "203.0.113.0" in page or "203.0.113.7" in page
    assert ada.ask("POST", "/auth/sign-out", {})[0].status == 303
    assert ada.ask("GET", "/auth/account")[0].status == 303


def test_a_form_of_another_site_is_refused(migrated, served):
    answer, _ = Browser(served).ask("POST", "/auth/sign-in", FORM, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


def _link(environment, mail_server, address):
    sent = _flask(environment, "mail", "send")
    assert sent.returncode == 0, sent.stderr
    text = mail_server.to(address)[-1].get_body(("plain",)).get_content()
    return re.search(r"https://\S+", text)[0]
