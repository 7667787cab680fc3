"""A link that an operator sends leaves before the command ends, by whatever process may send."""

import json

from tests.delivery.mail_server import MailServer, serving
from tests.runtime.letters import by_smtp


def sent(office):
    office.create(email="ada@shop.example")
    return office.run("accounts", "send-reset", "ada@shop.example")


def waiting(office):
    return json.loads(office.run("mail", "status", "--json").output)["waiting"]


def test_the_mail_has_left_when_the_command_ends(office_on, sqlite_url):
    with serving(MailServer()) as server:
        office = office_on(sqlite_url, **by_smtp(server.port))
        assert sent(office).exit_code == 0
        assert len(server.to("ada@shop.example")) == 1
        assert waiting(office) == 0


def test_a_server_that_is_away_is_told_and_the_mail_waits(office_on, sqlite_url):
    office = office_on(sqlite_url, **by_smtp(1))
    done = sent(office)
    assert (done.exit_code, "1 mails wait" in done.stderr) == (0, True)
    assert waiting(office) == 1


def test_a_process_that_may_not_send_leaves_it_to_the_one_that_does(office_on, sqlite_url):
    with serving(MailServer()) as server:
        office = office_on(sqlite_url, **by_smtp(server.port), MAIL_WORKER="none")
        assert (sent(office).exit_code, waiting(office)) == (0, 1)
        assert server.to("ada@shop.example") == []
        assert office.run("mail", "send").output == "1 sent\n"
