"""The fixture, as an application's own tests use it: under pytest in a process of its own, and without pytest."""

from tests.testing.subprocesses import run

BANK = """
from flask import Flask
from ostiary import Passwords, Sessions
from ostiary.flask import Auth

app = Flask(__name__)
auth = Auth(app, [Passwords(), Sessions()])


@app.get("/")
@auth.require
def home():
    return {"email": auth.user.email}
"""
CONFTEST = """
import pytest
from bank import app as the_app
from ostiary.testing import AuthKit

pytest_plugins = ["ostiary.testing"]


@pytest.fixture
def app():
    return the_app
"""
TESTS = """
def test_somebody_is_signed_in(auth_kit):
    ada = auth_kit.account(email="ada@example.com")
    assert auth_kit.client(ada).get("/").json == {"email": "ada@example.com"}


def test_nothing_is_left_of_the_test_before(app, auth_kit):
    assert app.testing
    auth_kit.account(email="ada@example.com")
    assert auth_kit.client().get("/").status_code == 401
"""
UNITTEST = """
import sys, unittest
sys.modules["pytest"] = None
from bank import app
from ostiary.testing import AuthKit


class Home(unittest.TestCase):
    def setUp(self):
        self.auth_kit = AuthKit(app)
        self.addCleanup(self.auth_kit.close)

    def test_somebody_is_signed_in(self):
        ada = self.auth_kit.account(email="ada@example.com")
        self.assertEqual(self.auth_kit.client(ada).get("/").json, {"email": "ada@example.com"})


unittest.main(module="test_plain")
"""


def test_an_applications_own_tests_pass_with_every_warning_an_error(tmp_path):
    for name, text in {"bank.py": BANK, "conftest.py": CONFTEST, "test_bank.py": TESTS}.items():
        (tmp_path / name).write_text(text, "utf-8")
    ran = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout
    assert not (tmp_path / "instance").exists()


def test_an_application_that_nobody_calls_a_test_says_what_it_lacks_when_it_is_used(tmp_path):
    test = """
import pytest
from ostiary import ConfigurationError
def test_a_request_is_refused():
    from bank import app
    with pytest.raises(ConfigurationError, match="OSTIARY_SECRET_KEY is not set"):
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.test_client().get("/")
"""
    (tmp_path / "bank.py").write_text(BANK, "utf-8")
    (tmp_path / "test_bank.py").write_text(test, "utf-8")
    ran = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_it_needs_no_pytest(tmp_path):
    (tmp_path / "bank.py").write_text(BANK, "utf-8")
    (tmp_path / "test_plain.py").write_text(UNITTEST, "utf-8")
    ran = run(tmp_path, "test_plain.py", OSTIARY_DEVELOPMENT="1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "OK" in ran.stderr
