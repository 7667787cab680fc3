"""Where `next` may lead: the corpus of open redirects, and what a browser makes of every accepted target."""

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request, Response

from ostiary.web.origin import parse_origin
from ostiary.web.redirect import next_target, see_other
from ostiary.web.url_policy import Reason, Refused, Target, UrlPolicy

GOOD = parse_origin("https://good.test")
APP = parse_origin("https://app.good.test:8443")
POLICY = UrlPolicy(public_url=GOOD, trusted_origins=frozenset({APP}))
OURS = {("https", "good.test", 443), ("https", "app.good.test", 8443)}
DEFAULT = "/default"

_VECTORS = Path(__file__).parent.parent / "vectors" / "open_redirect.toml"
CASES: list[dict[str, str]] = tomllib.loads(_VECTORS.read_text("utf-8"))["case"]
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


def _parameters() -> list[Any]:
    parameters: list[Any] = []
    for number, case in enumerate(CASES):
        mark = pytest.mark.attack(case["id"]) if case["id"].startswith("F") else pytest.mark.must(case["id"])
        parameters.append(pytest.param(case, id=f"{case['id']}-{number}", marks=mark))
    return parameters


def browser_origin(location: str, base: tuple[str, str, int]) -> tuple[str, str, int] | None:
    """The origin a browser ends up at: WHATWG URL §4.4, written anew and without any code under test."""
    text = location.strip("".join(map(chr, range(0x21))))
    text = re.sub("[\t\n\r]", "", text)
    scheme, rest = base[0], text
    match = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", text)
    if match:
        scheme, rest = match[1].lower(), text[match.end() :]
        if scheme not in PORTS:
            return None
        if scheme == base[0] and not re.match(r"//", rest):
            return base
        authority = rest.lstrip("/\\")
    elif re.match(r"[/\\]{2}", rest):
        authority = rest.lstrip("/\\")
    else:
        return base
    authority = re.split(r"[/\\?#]", authority, maxsplit=1)[0].rpartition("@")[2]
    host, port = authority, ""
    found = re.fullmatch(r"(\[.*\]|[^:]*)(?::([0-9]*))?", authority)
    if found:
        host, port = found[1], found[2] or ""
    host = unicodedata.normalize("NFKC", unquote(host)).lower().replace("\u3002", ".")
    return scheme, host, int(port) if port else PORTS[scheme]


def answer_of(wire: str) -> Response:
    """The whole way: a request line, `next_target`, `see_other`, and the header field as Werkzeug sends it."""

    @Request.application
    def application(request: Request) -> Response:
        return see_other(next_target(request, POLICY, DEFAULT), POLICY)

    environ = EnvironBuilder(path="/auth/sign-in", base_url="https://good.test").get_environ()
    environ["QUERY_STRING"] = f"next={wire}"
    return Client(application).open(environ)


@pytest.mark.asvs("V3.7.2")
@pytest.mark.asvs("V1.5.3")
@pytest.mark.asvs("V1.2.2")
@pytest.mark.parametrize("case", _parameters())
def test_each_target_of_the_corpus_leads_where_it_should(case: dict[str, str]) -> None:
    response = answer_of(case["wire"])

    assert response.status_code == 303
    assert response.headers.getlist("Location") == [case.get("location", DEFAULT)]
    assert browser_origin(response.headers["Location"], ("https", "good.test", 443)) in OURS
    assert response.headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize(
    "escape",
    ["//evil.test", "///evil.test", "/\\evil.test", "\\/evil.test", "/\t/evil.test", " //evil.test", "\x01//evil.test"]
    + [
        "http:evil.test",
        "http:/evil.test",
        "https://good.test@evil.test",
        "https://good.test.evil.test",
        "//evil\u3002test",
    ],
)
def test_the_browser_of_these_tests_finds_an_escape(escape: str) -> None:
    # Without this the property below would be worth nothing.
    assert browser_origin(escape, ("https", "good.test", 443)) not in OURS


_PIECES = st.sampled_from(
    ["/", "//", "\\", ".", "..", "@", ":", "?", "#", "%", "%2f", "%5c", "%2e", "%0d%0a", "%00", "\t", "\n", "\r", " "]
    + ["\x00", "\x85", "\u200b", "\u2028", "\u3002", "\uff0f", "\ud800", "[", "]", ";", "443", "80", "https:", "http:"]
    + ["good.test", "evil.test", "app.good.test", ":8443", "javascript:", "data:", "a", "0x7f.1", "xn--"]
)
_TARGETS = st.one_of(
    st.lists(_PIECES, max_size=12).map("".join),
    st.lists(_PIECES, max_size=8).map(lambda pieces: "/" + "".join(pieces)),
    st.lists(_PIECES, max_size=8).map(lambda pieces: "https://good.test" + "".join(pieces)),
    st.text(max_size=60),
)
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")


@pytest.mark.asvs("V1.5.3")
@settings(deadline=None, max_examples=600)
@given(target=_TARGETS, base=st.sampled_from([("https", "good.test", 443), ("http", "good.test", 80)]))
def test_an_accepted_target_never_leaves_our_origins_in_any_parser(target: str, base: tuple[str, str, int]) -> None:
    decision = POLICY.check_target(target)

    if isinstance(decision, Refused):
        assert POLICY.safe_target(target, default=DEFAULT) == DEFAULT
        return
    location = decision.location
    allowed = {base, *OURS}
    assert _HEADER_SAFE.fullmatch(location)
    assert "\\" not in location
    for form in (location, unquote(location)):
        if form == location or not re.search(r"[?#]", location):
            assert browser_origin(form, base) in allowed
    joined = urlsplit(urljoin(f"{base[0]}://good.test/account/", location))
    assert (joined.scheme, joined.hostname, joined.port or PORTS[joined.scheme]) in allowed


@settings(deadline=None, max_examples=300)
@given(target=_TARGETS)
def test_a_location_is_accepted_again_as_it_is(target: str) -> None:
    decision = POLICY.check_target(target)
    if isinstance(decision, Target):
        assert POLICY.check_target(decision.location) == decision


@settings(deadline=None, max_examples=200)
@given(target=_TARGETS)
def test_what_werkzeug_sends_is_what_was_decided(target: str) -> None:
    decision = POLICY.check_target(target)
    if isinstance(decision, Target):
        sent = see_other(target, POLICY).get_wsgi_headers(EnvironBuilder().get_environ())["Location"]
        assert sent == decision.location


def test_a_target_longer_than_a_header_field_should_be_is_refused() -> None:
    assert POLICY.check_target("/" + "a" * 2_048) == Refused(Reason.TOO_LONG)
    assert POLICY.check_target("/" + "\u6771" * 1_000) == Refused(Reason.TOO_LONG)
    assert isinstance(POLICY.check_target("/" + "a" * 2_000), Target)


def test_a_refusal_says_why() -> None:
    reasons = {
        "": Reason.EMPTY,
        "//evil.test": Reason.DOUBLE_SLASH,
        "/\\evil.test": Reason.BACKSLASH,
        "/\t/evil.test": Reason.CONTROL_CHARACTER,
        " /orders": Reason.SPACE_AROUND,
        "/\ud800": Reason.NOT_TEXT,
        "javascript:alert(1)": Reason.SCHEME,
        "https://evil.test": Reason.FOREIGN_ORIGIN,
        "orders": Reason.NOT_A_PATH,
        "/../orders": Reason.DOT_SEGMENT,
    }
    assert {target: POLICY.check_target(target) for target in reasons} == {
        target: Refused(reason) for target, reason in reasons.items()
    }


@pytest.mark.attack("F14")
def test_a_default_built_from_a_foreign_host_is_not_used_either() -> None:
    assert POLICY.safe_target("//evil.test", default="https://evil.test/orders") == "/"
    assert POLICY.safe_target(None, default="/orders") == "/orders"


@pytest.mark.attack("F14")
@pytest.mark.attack("F15")
def test_the_host_of_the_request_is_never_our_origin_where_a_public_url_is_set() -> None:
    environ = {"wsgi.url_scheme": "https", "HTTP_HOST": "evil.test", "HTTP_X_FORWARDED_HOST": "evil.test"}

    assert POLICY.own_origin(environ) == GOOD
    assert not POLICY.is_own_origin("https://evil.test", environ)
    assert POLICY.safe_target("https://evil.test/", default=DEFAULT, environ=environ) == DEFAULT


def test_in_development_the_host_of_the_request_stands_in_for_the_public_url() -> None:
    policy = UrlPolicy(public_url=None)
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:5000"}

    assert policy.is_own_origin("http://localhost:5000", environ)
    assert not policy.is_own_origin("http://localhost:5173", environ)
    assert not policy.is_own_origin("http://localhost:5000")
    assert policy.safe_target("http://localhost:5000/a", default="/", environ=environ) == "http://localhost:5000/a"
    assert policy.safe_target("https://good.test/a", default="/", environ=environ) == "/"


@pytest.mark.parametrize("origin", ["https://good.test", "https://good.test:443", "https://app.good.test:8443"])
def test_the_public_url_and_trusted_origins_are_our_own(origin: str) -> None:
    assert POLICY.is_own_origin(origin)


@pytest.mark.attack("G11")
@pytest.mark.parametrize(
    "origin",
    ["null", "", "https://evil.test", "http://good.test", "https://good.test:8443", "https://sub.good.test"]
    + [
        "https://good.test/",
        "https://good.test.",
        "https://good.test@evil.test",
        "https://good.test, https://evil.test",
    ],
)
def test_no_other_origin_is_our_own(origin: str) -> None:
    assert not POLICY.is_own_origin(origin)
    assert not POLICY.is_trusted_origin(origin)


def test_the_public_url_is_not_among_the_trusted_origins() -> None:
    assert POLICY.is_trusted_origin("https://app.good.test:8443")
    assert not POLICY.is_trusted_origin("https://good.test")
