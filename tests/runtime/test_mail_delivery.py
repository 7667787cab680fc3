"""Delivery, against a real mail server that fails half the time: everything arrives, and once; what cannot is told."""

import random
import subprocess
import sys
import threading

import pytest
from tests.certificate import certificate
from tests.delivery.mail_server import MailServer, serving
from tests.runtime.letters import by_smtp, open_office
from tests.shop import FrozenClock

from ostiary.kernel.events import MailGivenUp, MailRefused
from ostiary.runtime.mail_delivery import CLAIM, Tally
from ostiary.storage import outbox
from ostiary.storage.database import Database

HOUR = 3_600_000
PEOPLE = [f"p{number}@shop.example" for number in range(24)]
NOBODY = "nobody@shop.example"


def failing_half(seed=7):
    """A pattern of 421, 451 and yes; for one recipient always 550."""
    chance = random.Random(seed)
    pattern = [chance.choice(("421 4.3.2 goodbye", "451 4.3.0 later", None, None)) for _ in range(97)]
    count = iter(range(1_000_000))
    lock = threading.Lock()

    def answer(address, attempt):
        with lock:
            number = next(count)
        return "550 5.1.1 no such mailbox" if address == NOBODY else pattern[number % len(pattern)]

    return answer


def quietly(tmp_path, url, port, **more):
    """An office by SMTP whose mail leaves only when the test says so."""
    return open_office(tmp_path, url, **by_smtp(port, MAIL_WORKER="none"), **more)


def deliver_until_done(office, rounds=40):
    for _ in range(rounds):
        office.delivery.deliver_due()
        if not office.rows():
            return
        office.clock.pass_(31 * 60_000)
    pytest.fail("something still waits")


@pytest.mark.parametrize("stage", ["at_rcpt", "at_data"])
@pytest.mark.asvs("V16.5.2")
def test_a_server_that_fails_half_the_time_gets_everything_to_arrive_exactly_once(tmp_path, database_url, stage):
    with (
        serving(MailServer(**{stage: failing_half()})) as server,
        quietly(tmp_path, database_url, server.port) as office,
    ):
        office.write(*PEOPLE, NOBODY)
        deliver_until_done(office)
        assert sorted(to for to, _ in server.arrived) == sorted(PEOPLE)
        assert sum(server.attempts.values()) > 1.5 * len(PEOPLE), "it did fail"
        refused = [event for event in office.events if isinstance(event, MailRefused)]
        assert [(one.to, one.template, one.reason) for one in refused] == [
            ("n***@shop.example", "letters/hello", "550 5.1.1")
        ]
        assert server.attempts[NOBODY] == 1
        assert not [event for event in office.events if isinstance(event, MailGivenUp)]


def test_every_attempt_has_the_same_message_id_and_date(tmp_path, sqlite_url):
    def twice(address, attempt):
        return "451 later" if attempt < 3 else None

    with serving(MailServer(at_rcpt=twice)) as server, quietly(tmp_path, sqlite_url, server.port) as office:
        office.write()
        (row,) = office.rows()
        deliver_until_done(office)
        (email,) = server.to("ada@shop.example")
        assert email["Message-ID"] == f"<{row.id}@shop.example>"
        assert email["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
        assert email["From"] == "The Shop <no-reply@shop.example>"


def test_a_mail_that_is_put_off_waits_longer_each_time(tmp_path, sqlite_url):
    def never(address, attempt):
        return "451 later"

    with serving(MailServer(at_rcpt=never)) as server, quietly(tmp_path, sqlite_url, server.port) as office:
        office.write()
        waits = []
        for _ in range(4):
            assert office.delivery.deliver_due() == Tally(deferred=1, reasons={"451"})
            waits.append(office.delivery.until_next())
            assert office.delivery.deliver_due() == Tally(), "and is left alone until then"
            office.clock.pass_(waits[-1])
        for number, wait in enumerate(waits):
            assert 7_500 * 2**number <= wait <= 15_000 * 2**number


def test_what_cannot_be_sent_in_time_is_given_up_and_told(tmp_path, database_url, caplog):
    with quietly(tmp_path, database_url, 1) as office:
        office.write()
        for _ in range(3):
            assert office.delivery.deliver_due() == Tally(deferred=1, reasons={"ConnectionRefusedError"})
            office.clock.pass_(HOUR)
        office.clock.pass_(24 * HOUR)
        assert office.delivery.deliver_due() == Tally(given_up=1)
        (event,) = [event for event in office.events if isinstance(event, MailGivenUp)]
        assert (event.to, event.template, event.attempts) == ("a***@shop.example", "letters/hello", 3)
        assert office.rows() == []
        assert "ada@shop.example" not in caplog.text


def test_it_is_tried_a_last_time_before_it_is_given_up(tmp_path, sqlite_url):
    with quietly(tmp_path, sqlite_url, 1) as office:
        office.write()
        office.clock.pass_(24 * HOUR - 1000)
        office.delivery.deliver_due()
        assert office.delivery.until_next() == 1000


def test_where_there_is_no_server_one_mail_finds_out_for_its_whole_batch(tmp_path, sqlite_url, monkeypatch):
    from ostiary.delivery.smtp import SmtpTransport

    tried = []
    connect = SmtpTransport.connect
    monkeypatch.setattr(SmtpTransport, "connect", lambda self: (tried.append(1), connect(self))[1])
    with quietly(tmp_path, sqlite_url, 1) as office:
        office.write(*PEOPLE[:10])
        assert office.delivery.deliver_due().deferred == 10
        assert len(tried) == 1


def test_a_batch_travels_on_one_connection(tmp_path, sqlite_url):
    with serving(MailServer()) as server, quietly(tmp_path, sqlite_url, server.port) as office:
        office.write(*PEOPLE[:20])
        assert office.delivery.deliver_due().sent == 20
        assert server.connections == 1


@pytest.mark.asvs("V15.4.1")
def test_no_transaction_is_open_while_a_server_is_spoken_to(tmp_path, database_url):
    seen = []

    with serving(MailServer()) as server, quietly(tmp_path, database_url, server.port) as office:
        # Another process, which would wait for an open transaction of SQLite until it gives up.
        other = Database.from_url(database_url)

        def write(address, attempt):
            with other.write() as tx:
                outbox.put(tx, id="7" * 26, sealed=b"x", now=office.clock.at + HOUR, expires_at=office.clock.at + HOUR)
                tx.execute(outbox.outbox.delete().where(outbox.outbox.c.id == "7" * 26))
            seen.append(address)

        server.at_rcpt = write
        office.write()
        assert office.delivery.deliver_due().sent == 1
        assert seen == ["ada@shop.example"]
        other.close()


def test_a_mail_under_a_key_that_is_gone_waits_for_the_key_and_harms_no_other(tmp_path, sqlite_url):
    with serving(MailServer()) as server, quietly(tmp_path, sqlite_url, server.port) as office:
        office.write("ada@shop.example", "bob@shop.example")
        lost, _ = office.rows()
        with office.database.write() as tx:
            tx.execute(outbox.outbox.update().where(outbox.outbox.c.id == lost.id).values(sealed=b"another key's"))
        tally = office.delivery.deliver_due()
        assert (tally.sent, tally.deferred) == (1, 1)
        assert len(server.arrived) == 1
        office.clock.pass_(24 * HOUR)
        assert office.delivery.deliver_due().given_up == 1
        (event,) = [event for event in office.events if isinstance(event, MailGivenUp)]
        assert (event.to, event.template) == (None, None)


def test_a_listener_that_fails_keeps_no_other_mail_from_leaving(tmp_path, sqlite_url):
    def refuse(address, attempt):
        return "550 no" if address == NOBODY else None

    def fail(event, tx):
        raise RuntimeError

    with serving(MailServer(at_rcpt=refuse)) as server, quietly(tmp_path, sqlite_url, server.port) as office:
        office.listeners.during(MailRefused, fail)
        office.write(NOBODY, *PEOPLE[:3])
        assert office.delivery.deliver_due().sent == 3


def test_who_is_told_to_stop_finishes_the_mail_and_gives_the_rest_back(tmp_path, database_url):
    stop = threading.Event()

    def last(address, attempt):
        if len(server.arrived) == 2:
            stop.set()

    with serving(MailServer(at_rcpt=last)) as server, quietly(tmp_path, database_url, server.port) as office:
        office.write(*PEOPLE[:10])
        assert office.delivery.deliver_due(stopping=stop.is_set) == Tally(sent=3)
        assert [(row.attempts, row.due_at) for row in office.rows()] == [(0, office.clock.at)] * 7
        assert office.delivery.deliver_due() == Tally(sent=7)


@pytest.mark.asvs("V12.3.2")
def test_by_starttls_with_an_authority_of_one_s_own(tmp_path, sqlite_url):
    context, ca = certificate(tmp_path)
    (tmp_path / "ca.pem").write_text(ca)
    server = MailServer()
    with serving(server, tls_context=context, authenticator=server.sign_in, auth_required=True):
        url = f"smtp+starttls://shop:hunter2-and-more@127.0.0.1:{server.port}"
        names = by_smtp(server.port, MAIL_URL=url, MAIL_CA_FILE=str(tmp_path / "ca.pem"), MAIL_WORKER="none")
        with open_office(tmp_path, sqlite_url, **names) as office:
            office.write()
            assert office.delivery.deliver_due() == Tally(sent=1)
    assert (server.encrypted, server.signed_in_as) == ([True], ["shop"])


# Many at once, and kill -9


@pytest.mark.asvs("V15.4.2")
def test_threads_that_deliver_at_once_send_no_mail_twice(tmp_path, database_url):
    with serving(MailServer()) as server, quietly(tmp_path, database_url, server.port) as office:
        people = [f"q{number}@shop.example" for number in range(60)]
        office.write(*people)
        barrier = threading.Barrier(4)

        def deliver():
            barrier.wait()
            office.delivery.deliver_due()

        threads = [threading.Thread(target=deliver) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        office.delivery.deliver_due()
        assert sorted(to for to, _ in server.arrived) == sorted(people)
        assert office.rows() == []


PROGRAM = """
import sys
from pathlib import Path
from tests.runtime.letters import by_smtp, open_office
folder, url, port = sys.argv[1:]
with open_office(Path(folder), url, **by_smtp(int(port), MAIL_WORKER="none")) as office:
    office.database.engine()
    print("there", flush=True)
    sys.stdin.readline()
    office.delivery.deliver_due()
"""


def processes(count, *arguments):
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for process in started:
        assert process.stdout.readline() == "there\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


@pytest.mark.asvs("V15.4.2")
def test_processes_that_deliver_at_once_send_no_mail_twice(tmp_path, database_url):
    with serving(MailServer()) as server, quietly(tmp_path, database_url, server.port) as office:
        people = [f"q{number}@shop.example" for number in range(60)]
        office.write(*people)
        for process in processes(3, tmp_path, database_url, server.port):
            process.communicate(timeout=60)
            assert process.returncode == 0
        office.delivery.deliver_due()
        assert sorted(to for to, _ in server.arrived) == sorted(people)
        assert office.rows() == []


@pytest.mark.attack("S27")
@pytest.mark.asvs("V16.5.2")
def test_a_sender_that_is_killed_loses_nothing_and_sends_at_most_the_mail_it_was_at_again(tmp_path, database_url):
    killed = threading.Event()

    def kill(address, attempt):
        # In the middle of the sixth mail: five are settled or about to be, the rest is claimed.
        if len(server.arrived) == 5 and not killed.is_set():
            killed.set()
            process.kill()
            process.wait()

    with serving(MailServer()) as server, quietly(tmp_path, database_url, server.port, clock=FrozenClock()) as office:
        office.write(*PEOPLE)
        server.at_rcpt = kill
        (process,) = processes(1, tmp_path, database_url, server.port)
        assert killed.wait(30)
        process.communicate()
        # It had twenty of them in its hands: nobody else touches those until its claim lapses.
        assert office.delivery.deliver_due().sent == len(PEOPLE) - 20
        office.clock.pass_(CLAIM)
        office.delivery.deliver_due()
        assert office.rows() == []
        arrived = [to for to, _ in server.arrived]
        assert sorted(set(arrived)) == sorted(PEOPLE)
        assert len(arrived) <= len(PEOPLE) + 1
