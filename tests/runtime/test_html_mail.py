"""A mail in text and HTML, from a template to a real mail server: one message of two equal parts, and nothing a stranger added."""

import pytest
from tests.delivery.mail_server import MailServer, serving
from tests.runtime.letters import by_smtp, open_office

from ostiary.kernel.mail import Mail, Mailer

LINK = "https://shop.example/auth/reset-password?token=01ABC.canary&x=1"
DEVICE = 'Firefox\r\nBcc: eve@evil.example\r\n\r\n"><img src=//evil.example/seen.png><a href="https://evil.example">'
ADA = "ada@shop.example"


@pytest.fixture
def arrived(tmp_path, database_url):
    """What becomes of a mail: written in a transaction, sealed, sent, received."""
    with serving(MailServer()) as server:

        def send(template, **context):
            settings = by_smtp(server.port, MAIL_WORKER="none", SITE_NAME="Läden & Söhne <b>")
            with open_office(tmp_path, database_url, **settings) as office:
                with office.database.write() as tx:
                    office.runtime.resources[Mailer].send(Mail(to=ADA, template=template, context=context), tx)
                assert office.delivery.deliver_due().sent == 1
            (email,) = server.to(ADA)
            return email

        yield send


def test_both_parts_arrive_and_the_better_one_is_last(arrived):
    email = arrived("passwords/reset", link=LINK, expires_in=1_800_000)
    # RFC 2046 §5.1.4: the last one that a program understands is shown.
    assert email.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in email.iter_parts()] == ["text/plain", "text/html"]
    assert email["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in email.iter_parts())
    assert LINK in text.splitlines()
    escaped = LINK.replace("&", "&amp;")
    assert f'<a href="{escaped}"' in html
    assert f">{escaped}</bdi>" in html
    assert "at Läden &amp; Söhne &lt;b&gt;" in " ".join(html.split())
    assert "at Läden & Söhne <b>" in " ".join(text.split())


@pytest.mark.attack("T4")
@pytest.mark.attack("T6")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize("template", ["passwords/changed", "sign_in/new_device", "remember_me/stolen"])
def test_what_a_browser_calls_itself_adds_no_header_field_no_part_and_no_element(arrived, template):
    email = arrived(template, when=1_800_000_000_000, network="198.51.100.0/24", device=DEVICE)
    assert set(email.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    } | (set(email.keys()) & {"X-Peer", "X-MailFrom", "X-RcptTo"})  # fmt: skip
    assert len(list(email.walk())) == 3
    html = email.get_body(("html",)).get_content()
    assert "<img" not in html
    assert "<a" not in html
    assert "evil.example" not in html.replace("evil. example", "")
    assert "&lt;img src=" in html
