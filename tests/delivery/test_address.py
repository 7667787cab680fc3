"""Addresses: exactly one, or none; whatever could become a second recipient or a header field is refused."""

import pytest

from ostiary.delivery.address import NotAnAddress, Sender, masked, parse_address, parse_sender


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@shop.example", "ada@shop.example"),
        ("Ada.Lovelace+shop@Shop.Example", "Ada.Lovelace+shop@shop.example"),
        ("o'neil&co@shop.example", "o'neil&co@shop.example"),
        ("a..b.@shop.example", "a..b.@shop.example"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("ädä@shop.example", "ädä@shop.example"),
        ("root@localhost", "root@localhost"),
        (f"{'a' * 64}@shop.example", f"{'a' * 64}@shop.example"),
    ],
)
def test_what_people_have_is_an_address(text, address):
    assert parse_address(text) == address


@pytest.mark.attack("N13")
@pytest.mark.attack("T4")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize(
    "text",
    [
        "a@x.test,b@y.test",
        "a@x.test, b@y.test",
        "a@x.test;b@y.test",
        "a@x.test b@y.test",
        "a@x.test\nBcc: b@y.test",
        "a@x.test\r\nBcc: b@y.test",
        "a@x.test\r\n",
        "a@x.test\n",
        "a\r\n@x.test",
        "a@x.test\x00",
        "a@x.test\u2028b",
        "a\u0085@x.test",
        "<a@x.test>",
        "Ada <a@x.test>",
        '"a@x.test"@y.test',
        '"a b"@x.test',
        "a(b)@x.test",
        "a@b@x.test",
        "a@[127.0.0.1]",
        "a@x.test>",
        "a@x..test",
        "a@-x.test",
        "a@x.test.",
        "a@",
        "@x.test",
        "a",
        "",
        " a@x.test",
        "a@x.test ",
        "a@x.test>\r\nDATA",
        f"{'a' * 65}@x.test",
        f"{'ä' * 33}@x.test",
        f"a@{'x.' * 126}test",
        f"{'a' * 310}@x.test",
        "a" * 1_000_000,
        f"a@{'x' * 64}.test",
    ],
)
def test_what_could_be_two_or_more_than_an_address_is_none(text):
    with pytest.raises(NotAnAddress) as refused:
        parse_address(text)
    assert len(str(refused.value)) < 120, "and the refusal does not repeat it"


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("no-reply@shop.example", Sender(address="no-reply@shop.example")),
        (" no-reply@shop.example ", Sender(address="no-reply@shop.example")),
        ("The Shop <no-reply@shop.example>", Sender(address="no-reply@shop.example", name="The Shop")),
        ('"Shop, Inc." <no-reply@Shop.example>', Sender(address="no-reply@shop.example", name="Shop, Inc.")),
        ("Käse <no-reply@shop.example>", Sender(address="no-reply@shop.example", name="Käse")),
        ("<no-reply@shop.example>", Sender(address="no-reply@shop.example")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text, sender):
    assert parse_sender(text) == sender
    assert sender.as_header().addr_spec == sender.address
    assert sender.domain == "shop.example"


@pytest.mark.attack("T4")
@pytest.mark.parametrize(
    "text",
    [
        "Shop, Inc. <a@x.test>",
        "Shop <a@x.test>, b@y.test",
        "Shop <a@x.test> <b@y.test>",
        "b@y.test <a@x.test>",
        "Shop\nBcc: b@y.test <a@x.test>",
        '"Shop\r\nX: y" <a@x.test>',
        "Shop a@x.test",
        "Shop <>",
        "Shop",
        "",
    ],
)
def test_what_is_no_sender_is_refused(text):
    with pytest.raises(NotAnAddress):
        parse_sender(text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [("ada@shop.example", "a***@shop.example"), ("a@shop.example", "a***@shop.example"), ("ädä@x.test", "ä***@x.test")],
)
def test_logs_show_one_letter_and_the_host(address, shown):
    assert masked(address) == shown
