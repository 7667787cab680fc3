"""SMTP against a real server: what arrives, what is refused, what is put off, and TLS or nothing."""

import smtplib
import socket

import pytest
from tests.certificate import certificate
from tests.delivery.mail_server import MailServer, serving

from ostiary.delivery.address import Sender
from ostiary.delivery.message import Message, write_email
from ostiary.delivery.settings import SmtpServer, tls_context
from ostiary.delivery.smtp import SmtpTransport
from ostiary.delivery.transport import Deferred, NotSent, Refused, Unreachable
from ostiary.kernel.secret import Secret

SHOP = Sender(address="no-reply@shop.example")
PASSWORD = Secret("hunter2-and-more")


def transport(port, security="plain", ca=None, *, timeout=5.0, host="127.0.0.1", own_name="shop.example", **who):
    server = SmtpServer(host=host, port=port, security=security, **who)
    return SmtpTransport(server, tls=tls_context(ca), own_name=own_name, timeout=timeout)


def mail(to="ada@shop.example", text="hello\n"):
    return write_email(Message(to=to, template="t", subject="Grüße", text=text), SHOP), to


def post(way, *recipients):
    """What became of each mail, all through one channel."""
    answers = []
    with way.open() as channel:
        for to in recipients or ("ada@shop.example",):
            email, address = mail(to)
            try:
                answers.append(channel.send(email, to=address))
            except NotSent as failure:
                answers.append((type(failure), failure.reason))
    return answers


def test_a_batch_travels_on_one_connection_and_arrives():
    with serving(MailServer()) as server:
        way = transport(server.port)
        assert post(way, "ada@shop.example", "bob@shop.example", "eve@shop.example") == [None] * 3
        assert server.connections == 1
        assert [to for to, _ in server.arrived] == ["ada@shop.example", "bob@shop.example", "eve@shop.example"]
        (email,) = server.to("bob@shop.example")
        assert (email["From"], email["To"], email["Subject"]) == (SHOP.address, "bob@shop.example", "Grüße")
        assert email.get_content().strip() == "hello"


def test_opening_a_channel_and_sending_nothing_connects_to_nobody():
    with transport(1).open():
        pass


@pytest.mark.parametrize("stage", ["at_rcpt", "at_data"])
@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("550 5.1.1 <eve@shop.example> is nobody here", (Refused, "550 5.1.1")),
        ("554 no", (Refused, "554")),
        ("451 4.3.0 eve@shop.example later", (Deferred, "451 4.3.0")),
        ("452 full", (Deferred, "452")),
        ("421 4.3.2 goodbye", (Deferred, "421 4.3.2")),
    ],
)
def test_a_refusal_is_for_good_or_for_now_as_its_code_says_and_the_next_mail_leaves(stage, reply, answer):
    failing = {stage: lambda address, _: reply if address.startswith("eve") else None}
    with serving(MailServer(**failing)) as server:
        answers = post(transport(server.port), "ada@shop.example", "eve@shop.example", "bob@shop.example")
        assert answers == [None, answer, None]
        assert [to for to, _ in server.arrived] == ["ada@shop.example", "bob@shop.example"]


def test_a_sender_they_do_not_like_is_our_mistake_and_loses_no_mail():
    with serving(MailServer(at_mail="550 5.7.1 not you")) as server:
        assert post(transport(server.port)) == [(Deferred, "sender: 550 5.7.1")]


def test_nobody_there_is_unreachable():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert post(transport(closed.getsockname()[1])) == [(Unreachable, "ConnectionRefusedError")]


def test_a_server_that_says_nothing_costs_no_more_than_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert post(transport(silent.getsockname()[1], timeout=0.05)) == [(Unreachable, "SMTPServerDisconnected")]


def test_a_host_that_does_not_exist_is_unreachable():
    assert post(transport(25, host="nowhere.invalid")) == [(Unreachable, "gaierror")]


# TLS


@pytest.mark.asvs("V12.3.2")
def test_starttls_with_a_certificate_of_one_s_own(tmp_path):
    context, ca = certificate(tmp_path)
    with serving(MailServer(), tls_context=context, require_starttls=True) as server:
        assert post(transport(server.port, "starttls", ca)) == [None]
        assert server.encrypted == [True]


@pytest.mark.asvs("V12.3.2")
def test_tls_from_the_first_byte(tmp_path):
    context, ca = certificate(tmp_path)
    with serving(MailServer(), implicit_tls=context) as server:
        assert post(transport(server.port, "tls", ca)) == [None]
        assert len(server.arrived) == 1


@pytest.mark.asvs("V12.3.2")
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("what", ["nobody vouches for it", "it is another's"])
def test_a_certificate_that_does_not_prove_the_server_gets_no_mail_and_no_password(tmp_path, security, what):
    context, ca = certificate(tmp_path, "127.0.0.1" if what == "nobody vouches for it" else "other.test")
    trusted = None if what == "nobody vouches for it" else ca
    options = {"implicit_tls": context} if security == "tls" else {"tls_context": context}
    server = MailServer()
    with serving(server, authenticator=server.sign_in, auth_require_tls=False, **options):
        way = transport(server.port, security, trusted, user="shop", password=PASSWORD)
        ((kind, reason),) = post(way)
    assert kind is Unreachable
    assert reason.startswith("certificate of the mail server: ")
    assert (server.arrived, server.signed_in_as) == ([], [])


@pytest.mark.asvs("V12.3.2")
def test_a_server_that_offers_no_starttls_gets_nothing():
    server = MailServer()
    with serving(server, authenticator=server.sign_in, auth_require_tls=False):
        way = transport(server.port, "starttls", user="shop", password=PASSWORD)
        ((kind, reason),) = post(way)
    assert kind is Unreachable
    assert "STARTTLS" in reason
    assert (server.arrived, server.signed_in_as) == ([], [])


# Signing in


def test_it_signs_in_where_it_was_told_to(tmp_path):
    context, ca = certificate(tmp_path)
    server = MailServer()
    with serving(server, tls_context=context, authenticator=server.sign_in, auth_required=True):
        assert post(transport(server.port, "starttls", ca, user="shop", password=PASSWORD)) == [None]
    assert server.signed_in_as == ["shop"]


@pytest.mark.attack("W4")
@pytest.mark.asvs("V16.2.5")
def test_a_wrong_password_loses_no_mail_and_is_shown_to_nobody(tmp_path, caplog):
    context, ca = certificate(tmp_path)
    server = MailServer()
    with serving(server, tls_context=context, authenticator=server.sign_in, auth_required=True):
        way = transport(server.port, "starttls", ca, user="shop", password=Secret("canary-password"))
        ((kind, reason),) = post(way)
    assert kind is Unreachable
    assert reason.startswith("sign-in to the mail server: 535")
    assert "canary" not in reason + caplog.text + repr(way) + repr(vars(way))


# Addresses beyond ASCII


def test_an_address_beyond_ascii_travels_where_the_server_takes_it():
    with serving(MailServer()) as server:
        assert post(transport(server.port), "ädä@shop.example") == [None]
        assert [to for to, _ in server.arrived] == ["ädä@shop.example"]


def test_where_it_does_not_the_mail_is_refused_for_good(monkeypatch):
    monkeypatch.setattr(smtplib.SMTP, "has_extn", lambda self, name: False)
    with serving(MailServer()) as server:
        ((kind, reason),) = post(transport(server.port), "ädä@shop.example")
    assert kind is Refused
    assert "ASCII" in reason


@pytest.mark.parametrize("own_name", ["[::1]", "bad name", ""])
def test_who_we_are_is_said_in_a_form_that_servers_take(own_name):
    with serving(MailServer()) as server:
        assert post(transport(server.port, own_name=own_name)) == [None]


def test_a_server_that_hangs_up_in_between_is_met_again():
    gone = []

    def hang_up(address, attempt):
        if address.startswith("eve"):
            gone.append(address)
            return "421 4.3.2 goodbye"
        return None

    with serving(MailServer(at_rcpt=hang_up)) as server:
        answers = post(transport(server.port), "eve@shop.example", "ada@shop.example", "bob@shop.example")
        assert (answers[1:], server.connections, gone) == ([None, None], 2, ["eve@shop.example"])
