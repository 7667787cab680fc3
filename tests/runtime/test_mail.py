"""Sending mail: in the action's transaction, sealed, gone with the commit; nothing else ever leaves."""

import logging
import threading

import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from tests.runtime.letters import LINK, Letters, by_smtp, open_office

from ostiary import ConfigurationError
from ostiary.delivery.address import NotAnAddress
from ostiary.delivery.memory import MemoryMailbox
from ostiary.flask import Auth
from ostiary.kernel.key_ring import KeyRing, SealBroken
from ostiary.kernel.mail import Mail, Mailer
from ostiary.runtime.mail_delivery import PURPOSE, MailDelivery, bound_to
from ostiary.runtime.mail_worker import MailWorker
from ostiary.storage.database import Database


@pytest.fixture
def office(tmp_path, database_url):
    with open_office(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def waiting(tmp_path, database_url):
    """An office whose mail waits until somebody says `send`."""
    with open_office(tmp_path, database_url, MAIL_WORKER="none") as made:
        yield made


def test_in_tests_mail_is_there_as_soon_as_the_action_is_done(office):
    office.write()
    mail = office.mailbox.last("ada@shop.example")
    assert (mail.subject, mail.link) == ("Hello Ada", LINK)
    assert mail.email["Auto-Submitted"] == "auto-generated"
    assert office.rows() == []


@pytest.mark.asvs("V2.3.3")
def test_an_action_that_fails_sends_nothing(office):
    with pytest.raises(RuntimeError), office.database.write() as tx:
        office.mailer.send(
            Mail(to="ada@shop.example", template="letters/hello", context={"name": "", "link": LINK}), tx
        )
        raise RuntimeError
    assert office.mailbox.sent == ()
    assert office.rows() == []


def test_nothing_leaves_before_the_commit(office):
    with office.database.write() as tx:
        office.mailer.send(
            Mail(to="ada@shop.example", template="letters/hello", context={"name": "", "link": LINK}), tx
        )
        assert office.mailbox.sent == ()
    assert len(office.mailbox) == 1


def test_mail_of_the_application_s_own_transaction_leaves_with_its_commit(office, database_url):
    engine = office.database.engine()
    if office.database.dialect == "sqlite":
        engine = create_engine(database_url)
    with Session(engine) as session:
        with office.database.joining(session):
            office.write("ada@shop.example")
            office.write("bob@shop.example")
            assert office.mailbox.sent == ()
        session.commit()
        assert sorted(mail.to for mail in office.mailbox) == ["ada@shop.example", "bob@shop.example"]
        with office.database.joining(session):
            office.write("eve@shop.example")
        session.rollback()
    assert len(office.mailbox) == 2
    engine.dispose()


@pytest.mark.asvs("V11.3.3")
def test_what_waits_cannot_be_read_and_belongs_to_its_row(waiting):
    waiting.write("ada@shop.example", "bob@shop.example")
    one, two = waiting.rows()
    for row in (one, two):
        assert not any(word in row.sealed for word in (b"canary", b"ada", b"bob", b"Hello", b"shop"))
    ring = waiting.runtime.resources[KeyRing]
    assert b"canary" in ring.open(PURPOSE, one.sealed, bound_to=bound_to(one.id))
    with pytest.raises(SealBroken):
        ring.open(PURPOSE, one.sealed, bound_to=bound_to(two.id))
    flipped = one.sealed[:-1] + bytes([one.sealed[-1] ^ 1])
    with pytest.raises(SealBroken):
        ring.open(PURPOSE, flipped, bound_to=bound_to(one.id))


def test_a_mail_is_worth_sending_for_a_day(waiting):
    waiting.write()
    (row,) = waiting.rows()
    assert (row.created_at, row.due_at, row.expires_at) == (waiting.clock.at,) * 2 + (waiting.clock.at + 86_400_000,)


@pytest.mark.attack("N13")
@pytest.mark.attack("T4")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize(
    "to", ["a@x.test,b@y.test", "a@x.test\r\nBcc: b@y.test", "<a@x.test>", '"a b"@x.test', "a" * 400]
)
def test_what_is_not_one_address_gets_no_mail_and_the_action_is_undone(office, to):
    with pytest.raises(NotAnAddress):
        office.write("ada@shop.example", to)
    assert office.mailbox.sent == ()


@pytest.mark.attack("T4")
@pytest.mark.asvs("V1.3.11")
def test_a_name_with_line_breaks_and_links_stays_a_name(office):
    office.write(name="Ada\r\nBcc: eve@evil.example\r\n\r\nhttps://evil.example/now")
    mail = office.mailbox.last()
    assert mail.subject == "Hello Ada Bcc: eve@evil. example https: evil. example/now"
    assert set(mail.email.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    assert mail.link == LINK, "the only link is ours"


def test_building_starts_no_thread_and_a_server_gets_one_with_the_first_mail(tmp_path, database_url):
    before = threading.active_count()
    with open_office(tmp_path, database_url, **by_smtp(1)) as office:
        assert isinstance(office.worker, MailWorker)
        assert not office.worker.awake
        assert threading.active_count() == before
        office.write()
        assert office.worker.awake


@pytest.mark.asvs("V16.5.2")
def test_a_mail_server_that_is_away_fails_no_request(tmp_path, database_url):
    with open_office(tmp_path, database_url, **by_smtp(1)) as office:
        office.write()
        office.worker.stop()
        assert len(office.rows()) == 1


def test_with_no_worker_mail_waits_for_the_command(waiting):
    waiting.write()
    assert (len(waiting.mailbox), len(waiting.rows())) == (0, 1)
    assert waiting.delivery.deliver_due().sent == 1
    assert (len(waiting.mailbox), len(waiting.rows())) == (1, 0)
    assert waiting.runtime.resources.find(MailWorker) is None


@pytest.mark.attack("W4")
@pytest.mark.attack("W9")
@pytest.mark.asvs("V16.2.5")
def test_no_log_shows_a_link_or_an_address(tmp_path, database_url, caplog):
    caplog.set_level(logging.DEBUG)
    with open_office(tmp_path, database_url) as office:
        office.write()
    assert "a***@shop.example" in caplog.text
    assert "ada@shop.example" not in caplog.text
    assert "canary" not in caplog.text


# In a Flask application


def _application(tmp_path, **config):
    app = Flask("shop", root_path=str(tmp_path))
    app.config.update(config)
    folder = tmp_path / "templates" / "ostiary" / "email" / "letters"
    folder.mkdir(parents=True)
    (folder / "hello.txt").write_text("Subject: From our own folder\n\n{{ link }}\n")
    return app


def test_an_application_s_own_folder_has_the_template_that_counts(tmp_path):
    app = _application(tmp_path, TESTING=True)
    Auth(app, [Letters()])
    runtime = app.extensions["ostiary"].runtime
    with runtime.database.write() as tx:
        runtime.resources[Mailer].send(
            Mail(to="ada@shop.example", template="letters/hello", context={"link": LINK}), tx
        )
    assert runtime.resources[MemoryMailbox].last("ada@shop.example").subject == "From our own folder"
    runtime.database.close()


def test_an_application_in_production_names_every_problem_of_its_mail(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTIARY_DEVELOPMENT", "0")
    app = _application(
        tmp_path, OSTIARY_SECRET_KEY="Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test", OSTIARY_PUBLIC_URL="https://shop.example"
    )
    with pytest.raises(ConfigurationError) as refused:
        Auth(app, [Letters()])
    assert [problem.code for problem in refused.value.problems] == ["no_mail_url"]


def test_without_mail_there_is_no_mailer_and_nothing_of_delivery_is_loaded(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from flask import Flask; from ostiary import Sessions; from ostiary.flask import Auth\n"
        "app = Flask('shop'); app.testing = True; Auth(app, [Sessions()]); app.extensions['ostiary'].runtime\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert "ostiary.runtime.runtime" in loaded
    assert not {"ostiary.delivery", "ostiary.runtime.mail", "smtplib"} & loaded


def test_a_runtime_has_what_sends_and_a_database(office):
    assert isinstance(office.runtime.resources[MailDelivery], MailDelivery)
    assert isinstance(office.runtime.database, Database)
