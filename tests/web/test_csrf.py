"""CSRF: what the browser says of where a request comes from, and the token where it says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shop import KEY
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret
from ostiary.web.csrf import FIELD, HEADER, CsrfPolicy
from ostiary.web.origin import parse_origin
from ostiary.web.url_policy import UrlPolicy

OLDER = "Older-9f8Hq3Lm2Xc7Vb5Nn1Zz6Kk4Jj0Test"
URLS = UrlPolicy(parse_origin("https://good.test"), frozenset({parse_origin("https://app.good.test:8443")}))


def policy(*keys: str, mode="metadata", development=False) -> CsrfPolicy:
    ring = KeyRing([Secret(key) for key in keys or (KEY,)])
    return CsrfPolicy(ring, URLS, mode=mode, development=development)


def post(site=None, origin=None, *, token=None, **builder) -> Request:
    headers = [("Sec-Fetch-Site", site), ("Origin", origin), (HEADER, token)]
    given = [(name, value) for name, value in headers if value is not None]
    return Request(EnvironBuilder(method="POST", headers=given, **builder).get_environ())


def code(request: Request, *, of: CsrfPolicy | None = None, binding: str | None = "s1") -> str | None:
    reason = (of or policy()).check(request, binding)
    return None if reason is None else reason.code


@pytest.mark.attack("G5")
@pytest.mark.attack("G17")
@pytest.mark.asvs("V3.5.1")
@pytest.mark.must("CS-CSRF")
@pytest.mark.parametrize(
    ("site", "origin", "expected"),
    [
        ("same-origin", None, None),
        ("same-origin", "https://good.test", None),
        (None, "https://good.test", None),
        (None, "https://app.good.test:8443", None),
        ("same-site", "https://app.good.test:8443", None),
        ("cross-site", "https://app.good.test:8443", None),
        ("none", "https://good.test", None),
        # A browser that says same-site and sends our own origin would contradict itself.
        ("same-site", "https://good.test", "foreign_origin"),
        ("cross-site", None, "foreign_site"),
        ("same-site", None, "foreign_site"),
        ("cross-site", "null", "foreign_site"),
        ("SAME-ORIGIN", None, "foreign_site"),
        ("same-origin, cross-site", None, "foreign_site"),
        ("", None, "foreign_site"),
        ("cross-site", "https://evil.test", "foreign_origin"),
        (None, "https://evil.test", "foreign_origin"),
        (None, "http://good.test", "foreign_origin"),
        (None, "https://good.test:444", "foreign_origin"),
        (None, "https://good.test.evil.test", "foreign_origin"),
        (None, "https://sub.good.test", "foreign_origin"),
        (None, "https://good.test@evil.test", "foreign_origin"),
        (None, "https://good.test/", "foreign_origin"),
        (None, "", "foreign_origin"),
        (None, "null", "no_metadata"),
        (None, None, "no_metadata"),
        ("none", None, "no_metadata"),
    ],
)
def test_where_a_request_comes_from_decides(site, origin, expected):
    assert code(post(site, origin)) == expected


@pytest.mark.parametrize(
    ("site", "origin", "expected"),
    [(None, None, None), (None, "null", None), ("none", None, None), ("cross-site", None, "foreign_site")]
    + [(None, "https://evil.test", "foreign_origin"), ("same-site", "null", "foreign_site")],
)
def test_a_right_token_mends_silence_and_never_a_foreign_site(site, origin, expected):
    assert code(post(site, origin, token=policy().token("s1"))) == expected


@pytest.mark.attack("G7")
@pytest.mark.attack("G8")
@pytest.mark.must("CS-CSRF")
@pytest.mark.parametrize("site", ["same-origin", None, "none"])
def test_a_wrong_token_refuses_wherever_the_request_comes_from(site):
    wrong = [policy().token("s2"), policy(OLDER).token("s1"), "", "a", "A" * 86, policy().token("s1") + "=", "é" * 86]
    for token in wrong:
        assert code(post(site, token=token)) == "wrong_token"


def test_a_token_without_anything_to_be_bound_to_is_wrong():
    assert code(post("cross-site", token=policy().token("s1")), binding=None) == "wrong_token"
    lost = policy().check(post("same-origin", token=policy().token("s1")), None)
    assert lost.code == "cookie_lost"
    assert "Allow cookies" in lost.message


def test_whoever_has_signed_in_in_another_tab_is_told_so():
    stale = policy().check(post("same-origin", token=policy().token("of before")), "s1")
    assert "in another tab" in stale.message
    assert policy().check(post("cross-site", token=policy().token("of before")), "s1").message is None


def test_both_can_be_demanded():
    strict = policy(mode="token")
    token = strict.token("s1")
    assert code(post("same-origin"), of=strict) == "token_missing"
    assert code(post("same-origin", token=token), of=strict) is None
    assert code(post(token=token), of=strict) is None
    assert code(post("cross-site", token=token), of=strict) == "foreign_site"


def test_a_token_is_read_from_the_field_of_either_kind_of_form():
    token = policy().token("s1")
    assert code(post(data={FIELD: token})) is None
    assert code(post(data={FIELD: token}, content_type="multipart/form-data")) is None
    assert code(post(json={FIELD: token})) == "no_metadata", "JSON is sent by scripts, which can send a header"


def test_an_upload_from_our_own_pages_is_left_to_the_view():
    asking = post("same-origin", data={"file": "x" * 1_000}, content_type="multipart/form-data")
    assert code(asking) is None
    assert b"x" * 1_000 in asking.stream.read()


@pytest.mark.attack("T10")
def test_a_field_in_the_address_is_no_token():
    assert code(post(query_string={FIELD: policy().token("s1")})) == "no_metadata"


@pytest.mark.attack("U12")
def test_a_token_looks_different_each_time_and_stays_right():
    tokens = {policy().token("s1") for _ in range(50)}
    assert len(tokens) == 50
    assert len({token[index] for token in tokens for index in (0, 50)}) > 10, "no part of it stands still"
    assert all(policy().token_is_right(token, "s1") for token in tokens)


@pytest.mark.asvs("V13.3.4")
def test_a_token_survives_the_rotation_of_the_key_until_the_old_one_is_removed():
    token = policy(OLDER).token("s1")
    assert policy(KEY, OLDER).token_is_right(token, "s1")
    assert not policy(KEY).token_is_right(token, "s1")
    assert not policy(OLDER).token_is_right(policy(KEY, OLDER).token("s1"), "s1"), "the newest key makes new ones"


@given(st.one_of(st.text(max_size=100), st.text(alphabet="ABab01-_=+/", min_size=86, max_size=86)))
def test_what_is_no_token_is_wrong_and_never_an_error(text):
    assert not policy().token_is_right(text, "s1")


@given(st.integers(0, 85), st.sampled_from("ABCabc019-_"))
def test_a_changed_character_makes_it_wrong(index, character):
    token = policy().token("s1")
    changed = token[:index] + character + token[index + 1 :]
    assert policy().token_is_right(changed, "s1") is (changed == token)


@pytest.mark.asvs("V16.5.1")
def test_a_hint_is_given_in_development_only():
    foreign, silent = post(origin="http://localhost:5173"), post()
    assert policy().check(foreign, "s1").hint is None
    assert "OSTIARY_TRUSTED_ORIGINS" in policy(development=True).check(foreign, "s1").hint
    assert "csrf_field" in policy(development=True).check(silent, "s1").hint
