"""Mail URLs: read strictly, and never repeated with the password that is in them."""

import ssl

import pytest

from ostiary.delivery.address import Sender
from ostiary.delivery.console import ConsoleTransport
from ostiary.delivery.memory import MemoryMailbox
from ostiary.delivery.settings import (
    MailSettings,
    NotAMailUrl,
    SmtpServer,
    open_transport,
    parse_mail_url,
    tls_context,
)
from ostiary.delivery.smtp import SmtpTransport
from ostiary.kernel.secret import Secret


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", SmtpServer(host="mail", port=25, security="plain")),
        ("smtp://127.0.0.1:2525/", SmtpServer(host="127.0.0.1", port=2525, security="plain")),
        ("smtp://[::1]:25", SmtpServer(host="::1", port=25, security="plain")),
        (
            "smtp://u:p@localhost",
            SmtpServer(host="localhost", port=25, security="plain", user="u", password=Secret("p")),
        ),
        ("smtps://Mail.Shop.example", SmtpServer(host="mail.shop.example", port=465, security="tls")),
        (
            "smtp+starttls://postmaster@mg.shop.example:p%40ss/w@rd:x@mail.shop.example",
            SmtpServer(
                host="mail.shop.example",
                port=587,
                security="starttls",
                user="postmaster@mg.shop.example",
                password=Secret("p@ss/w@rd:x"),
            ),
        ),
    ],
)
def test_a_mail_url_says_where_how_and_as_whom(url, server):
    assert parse_mail_url(url) == server


def test_the_console_and_memory_have_urls_too():
    assert (parse_mail_url("console:"), parse_mail_url("memory:")) == ("console", "memory")


@pytest.mark.attack("W4")
@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.shop.example",
        "http://mail.shop.example",
        "smtp://",
        "smtp://u:hunter2@",
        "smtps://u:hunter2@mail.shop.example:0",
        "smtps://u:hunter2@mail.shop.example:99999",
        "smtps://u:hunter2@mail.shop.example/path",
        "smtps://u:hunter2@mail.shop.example?x=hunter2",
        "smtps://u:hunter2@mail shop",
        "smtp://u:hunter2@mail.shop.example",
        "smtp://u:hunter2@10.0.0.1",
        "smtps://hunter2@mail.shop.example",
        "smtps://mail.shop.example\r\nhunter2",
        "console://hunter2",
    ],
)
def test_what_is_no_mail_url_or_would_show_the_password_on_the_wire_is_refused_without_being_repeated(url):
    with pytest.raises(NotAMailUrl) as refused:
        parse_mail_url(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.attack("W4")
def test_a_password_is_not_shown():
    assert "hunter2" not in repr(parse_mail_url("smtps://u:hunter2@mail.shop.example"))


@pytest.mark.asvs("V12.3.2")
def test_certificates_and_names_are_verified():
    context = tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("ca", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ü"])
def test_what_is_no_certificate_is_told(ca):
    with pytest.raises(ValueError, match="PEM"):
        tls_context(ca)


@pytest.mark.parametrize(
    ("url", "kind"),
    [("console:", ConsoleTransport), ("memory:", MemoryMailbox), ("smtp://127.0.0.1:1", SmtpTransport)],
)
def test_each_url_has_its_transport_and_opening_one_connects_to_nothing(url, kind):
    settings = MailSettings(url=parse_mail_url(url), sender=Sender(address="a@x.test"), host="x.test")
    assert isinstance(open_transport(settings), kind)
