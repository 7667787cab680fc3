"""Fuzzing of every address: nothing that a stranger can send may cause a 500, or come back as anything but text."""

import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.attacks.wire import send
from tests.features.passwords.people import ADA, GOOD, PAGE, open_people

from ostiary import Accounts, Field, RememberMe
from ostiary.features.rate_limits import RateLimits

# What each form reads, and the two that every address may carry.
FORMS = {
    "/auth/register": ("email", "username", "phone", "password", "display_name", "age", "terms"),
    "/auth/verify-address": ("token", "password"),
    "/auth/forgot-password": ("identifier",),
    "/auth/reset-password": ("token", "password"),
    "/auth/change-password": ("current", "password"),
    "/auth/sign-in": ("identifier", "username", "password", "method", "remember", "next"),
    "/auth/sign-out": ("scope", "next"),
    "/auth/sessions/abc": ("ostiary_csrf",),
}
TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202e",
    "\ufdfa" * 2_000,
    "a" * 5_000,
    "a" * 300_000,
    "'\"><script>alert(1)</script>",
    "{{7*7}}{% raw %}",
    "\r\nSet-Cookie: x=y",
    "../../etc/passwd",
    "ada@example.com\r\nBcc: b@x.test",
    "a@" + "b" * 250 + ".test",
    "@",
    "+",
    "+4420794609580000000000",
    "xn--a@xn--a",
    "a@xn--.test",
    "\ufb01@x.test",
    "a@\u3002test",
    "A" * 26 + "." + "B" * 43,
    ".",
    "//evil.test",
    "\\\\evil",
    "javascript:alert(1)",
    "\u0130",
    "\u00df" * 80,
    "e\u0301" * 3_000,
    "\u0663",
    "1e999",
    "9" * 400,
    "\u2028\x7f\x80\ufeff",
)
OTHERS = (None, True, False, 0, -1, 10**30, 1.5, [], {}, ["a"], {"a": 1}, [[[[]]]])
MEANT = {
    "/auth/register": {"email": "bob@example.com", "username": "bobby", "password": GOOD, "display_name": "B"},
    "/auth/change-password": {"current": "wrong", "password": GOOD + " more"},
    "/auth/sign-in": {"identifier": ADA, "password": "wrong"},
    "/auth/sign-out": {"scope": "others"},
}
# A box that is ticked, as a form says it.
ACCEPTED = {"terms": "on"}
COOKIES = ("session", "registration", "reset", "pending", "remember", "csrf", "device")
BODIES = (
    b"",
    b"\xff\xfe",
    b"--x\r\n\r\n\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n\xff\r\n--x--',
    b"--x\r\nFoo: bar\r\n\r\nz\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="identifier"; filename="f"\r\n\r\n\xff\r\n--x--',
    b"%ff=%00&identifier=%ff%fe",
    b"{",
    b"[]",
    b'{"a":1,"a":2}',
    b"&" * 1_000,
    b"identifier=a&identifier=b&password=c&token=a&token=b",
    b'{"identifier":"\\ud800","password":"\\ud800","token":"\\ud800"}',
    b"[" * 10_000,
    b"a" * 2_000_000,
)
HEADERS = (
    "HTTP_ACCEPT",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_SEC_FETCH_MODE",
    "HTTP_USER_AGENT",
    "HTTP_COOKIE",
    "HTTP_AUTHORIZATION",
    "HTTP_REFERER",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_OSTIARY_CSRF",
    "HTTP_HOST",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "QUERY_STRING",
    "REMOTE_ADDR",
)
MEMORY = {"OSTIARY_MAIL_URL": "memory:"}
SETTINGS = Accounts(
    identifiers=("email", "username", "phone"),
    fields=(Field("display_name"), Field("age", type=int, required=False), Field("terms", type=bool)),
)


@pytest.fixture
def people(database_url):
    # Without limits: it is what lies behind them that is tried.
    with open_people(
        database_url, accounts=SETTINGS, further=(RememberMe(), RateLimits(enabled=False)), config=MEMORY
    ) as made:
        made.app.testing = False
        made.accounts.create(email=ADA, password=GOOD, fields={"display_name": "Ada", "terms": True})
        yield made


def as_form(values):
    pairs = (
        f"{name}={quote_from_bytes(str(value).encode('utf-8', 'surrogatepass'))}" for name, value in values.items()
    )
    return "&".join(pairs)


def visitors(people, path):
    member = people.browser()
    if path in ("/auth/change-password", "/auth/sign-out", "/auth/sessions/abc"):
        assert people.sign_in(member).status_code == 200
    return member


def check(answer, *what):
    assert answer.status_code < 500, what
    if answer.mimetype == "text/html":
        assert "<script>alert" not in answer.text, what
        assert ">49<" not in answer.text, what
    for _, value in answer.headers:
        assert "\n" not in value, what


@pytest.mark.attack("J13")
@pytest.mark.parametrize("path", FORMS)
def test_every_field_of_every_form_may_hold_anything(people, path):
    browser = visitors(people, path)
    for name in FORMS[path]:
        for value in TEXTS:
            form = as_form({**MEANT.get(path, {}), **ACCEPTED, name: value})
            kind = "application/x-www-form-urlencoded"
            check(browser.post(path, data=form, content_type=kind, headers=PAGE), "form", name, value[:40])
            query = as_form({name: value[:2_000]})
            check(browser.get(f"{path}?{query}", headers=PAGE), "query", name, value[:40])
        for value in (*TEXTS, *OTHERS):
            body = json.dumps({**MEANT.get(path, {}), "terms": True, name: value})
            check(browser.post(path, data=body, content_type="application/json"), "json", name, repr(value)[:40])


BYTES = (
    "",
    "\xff\xfe\x80",
    "\x00",
    "a" * 70_000,
    '()<>@,;:\\"/[]?={}',
    ";;;;",
    ",,,,",
    "=",
    "-1",
    "1e3",
    "99999999999",
)
KINDS = (
    "multipart/form-data",
    "multipart/form-data; boundary=\xff",
    "application/json; charset=\xff",
    "application/x-www-form-urlencoded; charset=utf-16",
)
CALLS = ("Basic !!!", "Basic YTpi", "Bearer x", "null", "none", "cross-site", "http://[::1", "https://evil.test\x00")


@pytest.mark.parametrize("path", [*FORMS, "/auth/account", "/auth/sessions/\xff\x00", "/auth/nothing"])
def test_every_header_and_cookie_may_hold_anything(sqlite_people, path):
    body = b"identifier=a&password=b&token=c"
    for method in ("GET", "HEAD", "POST"):
        for accept in ("text/html", "*/*"):
            given = {"HTTP_ACCEPT": accept, "body": body if method == "POST" else b""}
            for value in (*BYTES, *KINDS, *CALLS):
                for name in HEADERS:
                    status, _ = send(sqlite_people.app, path, method=method, **{**given, name: value})
                    assert status < 500, (method, accept, name, value[:40])
                for stem in COOKIES:
                    cookie = f"ostiary_{stem}={value}; ostiary_{stem}={value[:10]}"
                    status, _ = send(sqlite_people.app, path, method=method, **{**given, "HTTP_COOKIE": cookie})
                    assert status < 500, (method, accept, stem, value[:40])


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", ""],
)
def test_every_body_may_be_anything(sqlite_people, path, kind):
    for body in BODIES:
        status, _ = send(sqlite_people.app, path, method="POST", body=body, CONTENT_TYPE=kind, HTTP_ACCEPT="text/html")
        assert status < 500, body[:40]


@pytest.fixture
def sqlite_people(sqlite_url):
    with open_people(sqlite_url, further=(RememberMe(), RateLimits(enabled=False)), config=MEMORY) as made:
        made.app.testing = False
        yield made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["email", "username", "phone", "display_name", "age"]), st.text(max_size=40)))
def test_a_registration_is_accepted_or_refused_whatever_is_typed(people, typed):
    """What gets through is known by it, and can be sent a mail."""
    answer = people.browser().post("/auth/register", json={**MEANT["/auth/register"], "terms": True, **typed})
    assert answer.status_code in (202, 400, 422)
