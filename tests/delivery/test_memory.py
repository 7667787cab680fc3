"""The mailbox of tests: the last mail to somebody, its link, its code."""

import pytest

from ostiary.delivery.address import Sender
from ostiary.delivery.memory import MemoryMailbox
from ostiary.delivery.message import Message, write_email

TEXT = """Dear Ada,

open https://shop.example/reset?t=123456789&c=654321. Or enter 042042, not 12345678901.
Then https://shop.example/other
"""


def post(mailbox, to="ada@shop.example", text=TEXT, **more):
    message = Message(to=to, template="t", subject="Hällo", text=text, **more)
    with mailbox.open() as channel:
        channel.send(write_email(message, Sender(address="no-reply@shop.example")), to=to)


def test_the_last_mail_to_somebody_is_found_with_what_it_says():
    mailbox = MemoryMailbox()
    post(mailbox)
    post(mailbox, "bob@shop.example", "hello\n", html="<p>hello</p>")
    mail = mailbox.last("Ada@Shop.example")
    assert (mail.to, mail.subject, mail.text, mail.html) == ("ada@shop.example", "Hällo", TEXT, None)
    assert mail.link == "https://shop.example/reset?t=123456789&c=654321"
    assert mail.code == "042042"
    assert mail.email["From"] == "no-reply@shop.example"
    assert mailbox.last().html == "<p>hello</p>\n"
    assert (len(mailbox), [mail.to for mail in mailbox]) == (2, ["ada@shop.example", "bob@shop.example"])


def test_what_is_not_there_is_told():
    mailbox = MemoryMailbox()
    with pytest.raises(LookupError, match="nobody"):
        mailbox.last()
    post(mailbox, text="hello\n")
    with pytest.raises(LookupError, match=r"bob@shop\.example; mail was sent to ada@shop\.example"):
        mailbox.last("bob@shop.example")
    with pytest.raises(LookupError, match="no link"):
        _ = mailbox.last().link
    with pytest.raises(LookupError, match="no code"):
        _ = mailbox.last().code
    mailbox.clear()
    assert mailbox.sent == ()
