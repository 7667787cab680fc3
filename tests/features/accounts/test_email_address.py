"""Email addresses: exactly one mailbox, and one form of it."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.accounts.email_address import LONGEST, parse_email


@pytest.mark.parametrize(
    ("typed", "value", "shown"),
    [
        ("ada@shop.example", "ada@shop.example", "ada@shop.example"),
        ("Ada.Lovelace@Shop.Example", "ada.lovelace@shop.example", "Ada.Lovelace@shop.example"),
        (" ada@shop.example ", "ada@shop.example", "ada@shop.example"),
        ("ada+x@shop.example", "ada+x@shop.example", "ada+x@shop.example"),
        ("o'hara@shop.example", "o'hara@shop.example", "o'hara@shop.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example", "ada@xn--strae-oqa.example"),
        ("ada@ｓｈｏｐ.example", "ada@shop.example", "ada@shop.example"),
        ("ada@shop。example", "ada@shop.example", "ada@shop.example"),
        ("ada@sh\u200bop.example", "ada@shop.example", "ada@shop.example"),  # UTS #46 ignores what has no width
        ("André@shop.example", "andré@shop.example", "André@shop.example"),
        ("Andre\u0301@shop.example", "andré@shop.example", "André@shop.example"),
        ("用户@shop.example", "用户@shop.example", "用户@shop.example"),
    ],
)
def test_every_spelling_of_a_mailbox_has_one_form(typed, value, shown):
    found = parse_email(typed)
    assert (found.kind, found.value, found.shown) == ("email", value, shown)


@pytest.mark.attack("N13")
@pytest.mark.asvs("V1.3.11")
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@shop.example",
        "a@x.test,b@y.test",
        "a@x.test;b@y.test",
        "a@x.test b@y.test",
        "a@x.test\nBcc: b@y.test",
        "a@x.test\r\n",
        "a\n@x.test",
        "a@x.test\x00",
        "\x00a@x.test",
        "<a@x.test>",
        "Ada <a@x.test>",
        '"ada"@x.test',
        '"a b"@x.test',
        '"a@x.test"@y.test',
        "a(comment)@x.test",
        "a@x.test(comment)",
        "a@b@x.test",
        "a@x.test@y.test",
        ".a@x.test",
        "a.@x.test",
        "a..b@x.test",
        "a@localhost",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@x.test.",
        "a@.x.test",
        "a@x..test",
        "a@-x.test",
        "a@x-.test",
        "a@x_y.test",
        "a@x.test/",
        "a@x.test%0a",
        "a%0ab@",
        "a\\b@x.test",
        "a@℀.test",
        "a\u200b@x.test",
        "a\u202e@x.test",
        "a\u00a0@x.test",
        "a" * 65 + "@x.test",
        "é" * 33 + "@x.test",
        "a@" + "x" * 64 + ".test",
        "a@" + "x." * 130 + "test",
        "x" * 321,
        "a@xn--\u00fc.test",
        "a@xn--zzzzzzzz.test",
        "a\ud800@x.test",
        "a@\ud800.test",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(typed):
    assert parse_email(typed) is None


@pytest.mark.attack("N13")
@pytest.mark.parametrize(
    "typed",
    [
        "mi\u212ae@shop.example",  # the Kelvin sign is a k in lower case
        "mi\u017fe@shop.example",  # the long s folds to an s
        "\ufb01n@shop.example",  # a ligature
        "\uff41da@shop.example",  # full width
        "\u0130da@shop.example",  # a capital I with a dot gives an i in lower case
        "\u00aada@shop.example",  # the feminine ordinal
        "ada\u00b2@shop.example",
    ],
)
def test_a_letter_that_is_another_way_to_write_an_ascii_one_is_refused(typed):
    found = parse_email(typed)
    # The Kelvin sign is a K by NFC already, so that one is the address it looks like.
    assert found is None or found.shown == "miKe@shop.example"


def test_letters_that_only_look_like_ascii_stay_apart():
    assert parse_email("m\u0131ke@shop.example").value != parse_email("mike@shop.example").value
    assert parse_email("\u0430da@shop.example").value != parse_email("ada@shop.example").value


def test_the_longest_address_is_taken_and_one_octet_more_is_not():
    local, domain = "a" * 64, "x" * 61 + "." + "y" * 61 + "." + "z" * 61 + ".abc"
    assert len(f"{local}@{domain}") == LONGEST
    assert parse_email(f"{local}@{domain}") is not None
    assert parse_email(f"{local}@{domain}d") is None


@given(st.text(max_size=300))
def test_whatever_is_typed_is_an_address_or_none(text):
    found = parse_email(text)
    if found is not None:
        assert parse_email(found.value) == parse_email(found.value.upper() if found.value.isascii() else found.value)
        assert parse_email(found.shown).value == found.value
        assert found.value.count("@") == 1


@pytest.mark.asvs("V1.3.12")
@pytest.mark.parametrize(
    "attack", ["a." * 50_000, "a@" + "x-" * 50_000, "a@" + "ü." * 50_000, "@" * 100_000, "\u0301" * 100_000]
)
def test_no_text_takes_long(attack):
    import idna  # noqa: F401 - its tables are loaded once, by whoever comes first

    def calls_for(text):
        calls = 0

        def note(_frame, happening, _argument):
            nonlocal calls
            calls += happening in ("call", "c_call")

        sys.setprofile(note)
        try:
            assert parse_email(text) is None
        finally:
            sys.setprofile(None)
        return calls

    assert calls_for(attack) < 10, "a text that is too long is not even looked at"
    assert calls_for(attack[:LONGEST]) < 50 * LONGEST
