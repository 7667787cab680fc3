"""Origins: what is accepted, how it is spelled, and that nothing but `NotAnOrigin` is ever raised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.web.origin import NotAnOrigin, Origin, find_origin, parse_origin


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("https://good.test", "https://good.test"),
        ("HTTPS://Good.Test", "https://good.test"),
        ("https://good.test:443", "https://good.test"),
        ("http://good.test:80", "http://good.test"),
        ("https://good.test:80", "https://good.test:80"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("https://xn--gd-fkaa.test", "https://xn--gd-fkaa.test"),
        ("http://my_service:8000", "http://my_service:8000"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("http://[::FFFF:127.0.0.1]", "http://[::ffff:7f00:1]"),
    ],
)
def test_an_origin_has_one_spelling(text: str, spelled: str) -> None:
    assert str(parse_origin(text)) == spelled
    assert parse_origin(spelled) == parse_origin(text)


@pytest.mark.asvs("V1.2.2")
@pytest.mark.attack("T9")
@pytest.mark.parametrize(
    "text",
    ["", "null", "good.test", "//good.test", "https:good.test", "https:/good.test", "https:///good.test", "https://"]
    + ["https://good.test/", "https://good.test?x", "https://good.test#x", "https://good.test\\", "https://good.test/a"]
    + [
        "https://user@good.test",
        "https://good.test:80@evil.test",
        "https://:80",
        "https://good.test:",
        "https://good.test:0",
    ]
    + ["https://good.test:0443", "https://good.test:65536", "https://good.test:+80", "https://good.test:\u0668\u0660"]
    + ["https://good.test.", "https://.good.test", "https://good..test", "https://good test", " https://good.test"]
    + ["https://good.test\n", "https://g\u00f6\u00f6d.test", "https://good\u3002test", "https://good%2etest"]
    + [
        "http://2130706433",
        "http://0x7f.1",
        "http://127.1",
        "http://0177.0.0.1",
        "http://127.0.0.256",
        "http://1.2.3.4.5",
    ]
    + ["http://[::1", "http://::1", "http://[::1%25eth0]", "http://[:::]", "http://[1.2.3.4]", "http://[]"]
    + ["javascript://good.test", "data:text/html", "file://good.test", "ftp://good.test", "ws://good.test"]
    + ["https://" + "a" * 64 + ".test", "https://" + "a." * 130 + "test", "https://*.good.test"],
)
def test_what_is_not_an_origin_is_refused(text: str) -> None:
    with pytest.raises(NotAnOrigin):
        parse_origin(text)
    assert find_origin(text) is None


@settings(deadline=None)
@given(
    st.one_of(
        st.text(), st.text(alphabet="htps:/[].:@0123456789abcdefx%?#\\_-", max_size=40).map(lambda t: f"http://{t}")
    )
)
def test_the_parser_raises_nothing_else_and_reads_its_own_spelling(text: str) -> None:
    origin = find_origin(text)
    if origin is not None:
        assert find_origin(str(origin)) == origin


def test_scheme_host_and_port_all_count() -> None:
    one = Origin(scheme="https", host="good.test")
    assert one != Origin(scheme="http", host="good.test")
    assert one != Origin(scheme="https", host="good.test", port=8443)
    assert one != Origin(scheme="https", host="good.test.evil.test")
