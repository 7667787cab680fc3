"""``flask ostiary accounts create``: a password comes from a terminal that shows nothing, a pipe, or a link; never an argument."""

import json
import os
import pty
import select
import sys

import pytest
from tests.shop import PASSWORD

from ostiary.cli.create_account import create

SHOP = """
import os
from flask import Flask
from ostiary import Accounts, Field, Passwords
from ostiary.flask import Auth
app = Flask("shop")
app.config["OSTIARY_DATABASE_URL"] = os.environ["SHOP"]
auth = Auth(app, [Accounts(fields=[Field("display_name")]), Passwords(memory_kib=19_456, passes=2, lanes=1)])
"""


def made(office, *words, **kwargs):
    return office.run("accounts", "create", "--field", "display_name=Ada", *words, **kwargs)


# What it takes


@pytest.mark.asvs("V6.4.1")
@pytest.mark.asvs("V6.4.6")
def test_with_a_link_the_owner_chooses_the_password_and_nobody_else_knows_it(office):
    done = made(office, "--email", "ada@shop.example", "--send-link")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[1] == "A link is on its way to ada@shop.example."
    link = office.mailbox.last().link
    assert link not in done.output
    browser = office.browser()
    page, _, token = link.removeprefix("https://shop.example").partition("?token=")
    answer = browser.post(page, json={"token": token, "password": PASSWORD})
    assert answer.status_code < 400, answer.text
    with office.app.test_request_context():
        assert office.auth.passwords.verify("ada@shop.example", PASSWORD)
    assert "password_changed" in office.run("audit").output


def test_a_password_is_read_from_a_pipe(office):
    done = made(office, "--email", "ada@shop.example", "--password-stdin", "--json", input=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.output)
    assert (facts["state"], facts["attributes"]["display_name"], facts["link_sent_to"]) == ("active", "Ada", None)
    assert PASSWORD not in done.output
    with office.app.test_request_context():
        assert office.auth.passwords.verify("ada@shop.example", PASSWORD).subject == facts["id"]


def test_no_option_takes_a_password():
    assert {name for option in create.params for name in option.opts} == {
        "--email",
        "--username",
        "--phone",
        "--field",
        "--unverified",
        "--send-link",
        "--password-stdin",
        "--json",
    }


@pytest.mark.parametrize("text", ["", "\n", f"{PASSWORD}\n{PASSWORD}\n", "x" * 20_000])
def test_a_pipe_holds_one_line(office, text):
    done = made(office, "--email", "ada@shop.example", "--password-stdin", input=text)
    assert (done.exit_code, "one line" in done.stderr) == (2, True)
    assert office.run("accounts", "find", "ada@shop.example").exit_code == 1


def test_without_a_terminal_it_has_to_be_said_where_the_password_comes_from(office):
    done = made(office, "--email", "ada@shop.example")
    assert (done.exit_code, "--send-link" in done.stderr, "--password-stdin" in done.stderr) == (2, True, True)
    assert made(office, "--email", "a@shop.example", "--send-link", "--password-stdin").exit_code == 2
    assert made(office, "--username", "ada", "--send-link").exit_code == 2


def test_an_unverified_account_confirms_its_address_by_the_link(office):
    done = made(office, "--email", "ada@shop.example", "--unverified", "--send-link", "--json")
    facts = json.loads(done.output)
    assert (facts["state"], facts["verified"], facts["link_sent_to"]) == ("unverified", False, "ada@shop.example")


# What it refuses


def test_every_field_that_is_wrong_is_told_at_once(office):
    done = office.run(
        "accounts", "create", "--email", "ada", "--username", "a b", "--field", "age=old", "--password-stdin",
        input="short\n",
    )  # fmt: skip
    assert (done.exit_code, done.stdout) == (1, "")
    told = done.stderr.removeprefix("Error: ").splitlines()
    assert {line.split(":")[0] for line in told} == {"email", "username", "display_name", "age", "password"}
    assert "short" not in done.stderr.replace("too_short", "")


def test_what_is_taken_is_refused_and_nothing_is_left(office):
    office.create(email="ada@shop.example")
    done = made(office, "--email", "ADA@shop.example", "--username", "other", "--send-link")
    assert (done.exit_code, "taken already. (email)" in done.stderr) == (1, True)
    assert office.run("accounts", "find", "other").exit_code == 1
    assert list(office.mailbox) == []


@pytest.mark.parametrize("text", ["display_name", "is_admin=1", "=x", "\x1b[2J=1"])
def test_only_declared_fields_are_taken(office, text):
    done = office.run("accounts", "create", "--email", "a@shop.example", "--field", text, "--send-link")
    assert (done.exit_code, "display_name, age" in done.stderr, "\x1b" in done.stderr) == (2, True, False)


# On a terminal


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, command, folder, environment):
        self.pid, self.line = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execve(command[0], command, environment)
        self.seen = ""
        self.read = 0

    def read_until(self, text):
        """Wait until it has written the text, after what was waited for before."""
        while text not in self.seen[self.read :]:
            # A program that asks something else waits for ever.
            assert select.select([self.line], [], [], 60)[0], self.seen
            try:
                part = os.read(self.line, 4096)
            except OSError:  # it has ended
                part = b""
            assert part, f"it ended, and said {self.seen!r}"
            self.seen += part.decode()
        self.read = self.seen.index(text, self.read) + len(text)

    def answer(self, text):
        os.write(self.line, f"{text}\n".encode())

    def end(self):
        self.read_to_the_end()
        os.close(self.line)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def read_to_the_end(self):
        while True:
            try:
                part = os.read(self.line, 4096)
            except OSError:
                return
            if not part:
                return
            self.seen += part.decode()


@pytest.fixture
def terminal(tmp_path, sqlite_url):
    (tmp_path / "shop.py").write_text(SHOP)
    environment = {**os.environ, "SHOP": sqlite_url, "OSTIARY_DEVELOPMENT": "1", "TERM": "dumb"}

    def run(*words):
        command = [sys.executable, "-m", "flask", "--app", "shop", "ostiary", *words]
        return Terminal(command, tmp_path, environment)

    return run


@pytest.mark.asvs("V6.2.6")
def test_on_a_terminal_what_is_missing_is_asked_and_the_password_never_shown(terminal):
    creating = terminal("accounts", "create")
    creating.read_until("Email: ")
    creating.answer("ada@shop.example")
    creating.read_until("Display name: ")
    creating.answer("Ada")
    creating.read_until("Password: ")
    creating.answer("ada@shop.example")
    creating.read_until("Repeat for confirmation: ")
    creating.answer("ada@shop.example")
    # Refused with its reason, and asked again.
    creating.read_until("password: ")
    creating.read_until("Password: ")
    creating.answer(PASSWORD)
    creating.read_until("Repeat for confirmation: ")
    creating.answer(f"{PASSWORD} mistyped")
    creating.read_until("do not match")
    creating.read_until("Password: ")
    creating.answer(PASSWORD)
    creating.read_until("Repeat for confirmation: ")
    creating.answer(PASSWORD)
    assert creating.end() == 0, creating.seen
    assert "Created: " in creating.seen
    assert PASSWORD not in creating.seen

    suspending = terminal("accounts", "suspend", "ada@shop.example", "--reason", "x")
    suspending.read_until("Suspend ada@shop.example")
    suspending.answer("n")
    assert suspending.end() == 1

    closing = terminal("accounts", "close", "ada@shop.example")
    closing.read_until("Type ada@shop.example to close it: ")
    closing.answer("yes")
    assert closing.end() == 1
    assert "Nothing was closed" in closing.seen
    closing = terminal("accounts", "close", "ada@shop.example")
    closing.read_until("Type ada@shop.example to close it: ")
    closing.answer("ada@shop.example")
    assert closing.end() == 0
    assert "Closed: " in closing.seen
