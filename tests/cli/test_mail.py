"""``ostiary mail``: sends what waits, follows, and says what waits, on a real database and a real mail server."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from flask import Flask
from tests.delivery.mail_server import MailServer, serving
from tests.runtime.letters import LINK, Letters, by_smtp
from tests.shop import KEY

from ostiary import Sessions
from ostiary.cli.main import main
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, SystemClock
from ostiary.kernel.mail import Mail, Mailer
from ostiary.storage import outbox
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads

PROGRAM = """
from flask import Flask
from jinja2 import DictLoader
from tests.runtime.letters import HELLO, Letters
from ostiary.flask import Auth
app = Flask("shop")
app.jinja_loader = DictLoader({"ostiary/email/letters/hello.txt": HELLO})
Auth(app, [Letters()])
"""


@pytest.fixture
def application(tmp_path):
    """``application(url, port)``: one that sends by the server on that port, when told to."""
    made = []

    def make(url, port):
        made.append(_application(tmp_path, url, port))
        return made[-1]

    yield make
    for app in made:
        runtime = app.extensions["ostiary"].runtime
        runtime.resources[GuardReads].close()
        runtime.resources[EphemeralStore].close()
        runtime.database.close()


def _application(tmp_path, url, port):
    app = Flask("shop", root_path=str(tmp_path))
    folder = tmp_path / "templates" / "ostiary" / "email" / "letters"
    folder.mkdir(parents=True)
    (folder / "hello.txt").write_text("Subject: Hello\n\n{{ link }}\n")
    names = by_smtp(port, MAIL_WORKER="none", DATABASE_URL=url, SECRET_KEY=KEY)
    app.config.update({f"OSTIARY_{name}": value for name, value in names.items()})
    database = Database.from_url(url, migrates_itself=True)
    database.engine()
    database.close()
    Auth(app, [Letters()])
    return app


def write(app, *recipients):
    runtime = app.extensions["ostiary"].runtime
    with runtime.database.write() as tx:
        for to in recipients:
            runtime.resources[Mailer].send(Mail(to=to, template="letters/hello", context={"link": LINK}), tx)


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", "mail", *words])


def refusing(address, attempt):
    return {"n": "550 5.1.1 nobody", "l": "451 later"}.get(address[0])


def test_it_sends_what_is_due_and_says_so(application, database_url):
    with serving(MailServer()) as server:
        app = application(database_url, server.port)
        write(app, "ada@shop.example", "bob@shop.example")
        done = run(app, "send")
        assert (done.exit_code, done.output) == (0, "2 sent\n")
        assert len(server.arrived) == 2
        again = run(app, "send")
        assert (again.exit_code, again.output) == (0, "Nothing is due.\n")


def test_what_could_not_be_sent_is_told_with_its_reason_and_the_exit_code(application, sqlite_url):
    with serving(MailServer(at_rcpt=refusing)) as server:
        app = application(sqlite_url, server.port)
        write(app, "ada@shop.example", "nobody@shop.example", "later@shop.example")
        done = run(app, "send", "--json")
        assert done.exit_code == 1
        assert json.loads(done.output) == {
            "sent": 1,
            "deferred": 1,
            "refused": 1,
            "given_up": 0,
            "reasons": ["451", "550 5.1.1"],
        }
        write(app, "late@shop.example", "never@shop.example")
        done = run(app, "send")
        assert (done.exit_code, done.output) == (1, "1 deferred, 1 refused (451; 550 5.1.1)\n")


def test_what_waits_is_told_also_without_an_application(application, database_url):
    app = application(database_url, 1)
    assert run(app, "status").output == "No mail waits.\n"
    assert json.loads(run(app, "status", "--json").output) == {"waiting": 0, "due": 0, "oldest": None}
    write(app, "ada@shop.example", "bob@shop.example")
    run(app, "send")
    write(app, "eve@shop.example")
    told = run(app, "status")
    assert (told.exit_code, told.output.startswith("3 waiting, 1 of them due; the oldest since 20")) == (0, True)
    alone = CliRunner().invoke(main, ["--database", database_url, "mail", "status", "--json"])
    facts = json.loads(alone.output)
    assert (facts["waiting"], facts["due"], facts["oldest"][-1]) == (3, 1, "Z")


def test_where_no_mail_is_sent_the_command_says_so(sqlite_url):
    alone = CliRunner().invoke(main, ["--database", sqlite_url, "mail", "send"])
    assert (alone.exit_code, "flask ostiary mail" in alone.output) == (1, True)
    app = Flask("shop")
    app.testing = True
    Auth(app, [Sessions()])
    done = run(app, "send")
    assert (done.exit_code, "no feature of this application sends mail" in done.output) == (1, True)


def test_what_is_wrong_is_told_without_a_traceback_and_without_the_password(application, sqlite_url):
    app = application(sqlite_url, 1)
    app.config["OSTIARY_MAIL_URL"] = "smtp://u:hunter2@mail.shop.example"
    done = run(app, "send")
    assert (done.exit_code, "OSTIARY_MAIL_URL" in done.output) == (1, True)
    assert "hunter2" not in done.output
    app.config["OSTIARY_MAIL_URL"] = "memory:"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_following_goes_on_until_it_is_stopped(application, tmp_path, database_url, number):
    with serving(MailServer()) as server:
        app = application(database_url, server.port)
        write(app, "ada@shop.example")
        (tmp_path / "program.py").write_text(PROGRAM)
        names = by_smtp(server.port, DATABASE_URL=database_url, SECRET_KEY=KEY)
        environment = {**os.environ, **{f"OSTIARY_{name}": value for name, value in names.items()}}
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
        command = [sys.executable, "-m", "flask", "--app", "program", "ostiary", "mail", "send", "--follow", "--json"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert json.loads(process.stdout.readline())["sent"] == 1
            write(app, "bob@shop.example", "eve@shop.example")
            assert json.loads(process.stdout.readline())["sent"] == 2
        finally:
            process.send_signal(number)
            process.communicate(timeout=30)
        assert process.returncode == 0
        assert len(server.arrived) == 3


def test_pruning_removes_what_nobody_sends_any_more(sqlite_url):
    database = Database.from_url(sqlite_url, migrates_itself=True)
    now = SystemClock().now()
    with database.write() as tx:
        for number, expires_at in enumerate((now - 2 * DAY, now - 1, now + DAY)):
            outbox.put(tx, id=str(number) * 26, sealed=b"x", now=1, expires_at=expires_at)
    done = CliRunner().invoke(main, ["--database", sqlite_url, "db", "prune", "--json"])
    assert json.loads(done.output)["ostiary_outbox"] == 1
    with database.read() as connection:
        assert outbox.read_waiting(connection, now=now).count == 2
    database.close()
