"""Cookies: how they are written, and a reader that believes nothing that arrives twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response

from ostiary.web.cookies import DOUBLED, CookiePolicy, read_cookie

POLICY = CookiePolicy(development=False)
NAME = "__Host-ostiary_session"


def read(header: str, name: str = NAME) -> object:
    return read_cookie({"HTTP_COOKIE": header}, name)


def written(policy: CookiePolicy, max_age: int | None = None) -> str:
    response = Response()
    policy.set_cookie(response, policy.name("ostiary_session"), "id.secret", max_age)
    (header,) = response.headers.getlist("Set-Cookie")
    return header


@pytest.mark.asvs("V3.3.1")
@pytest.mark.asvs("V3.3.2")
@pytest.mark.asvs("V3.3.3")
@pytest.mark.asvs("V3.3.4")
def test_a_cookie_is_host_only_secure_and_out_of_reach_of_scripts() -> None:
    assert written(POLICY) == "__Host-ostiary_session=id.secret; Secure; HttpOnly; Path=/; SameSite=Lax"
    assert written(POLICY, 60) == "__Host-ostiary_session=id.secret; Max-Age=60; Secure; HttpOnly; Path=/; SameSite=Lax"


@pytest.mark.asvs("V3.3.3")
def test_a_shared_cookie_has_a_domain_and_the_weaker_prefix() -> None:
    header = written(CookiePolicy(development=False, domain="good.test"))
    assert header.startswith("__Secure-ostiary_session=id.secret; Domain=good.test; Secure; HttpOnly; Path=/")


def test_a_development_cookie_works_over_plain_http() -> None:
    assert written(CookiePolicy(development=True)) == "ostiary_session=id.secret; HttpOnly; Path=/; SameSite=Lax"


@pytest.mark.asvs("V3.3.2")
def test_a_cookie_for_other_sites_is_secure_even_in_development() -> None:
    response = Response()
    CookiePolicy(development=True).set_cookie(response, "transaction", "x", same_site="None")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "SameSite=None" in response.headers["Set-Cookie"]


def test_a_cleared_cookie_has_the_attributes_of_a_set_one() -> None:
    response = Response()
    POLICY.clear_cookie(response, NAME)
    header = response.headers["Set-Cookie"]
    assert header.startswith(f"{NAME}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; Path=/")


def test_a_response_sets_a_cookie_once_and_the_last_word_counts() -> None:
    response = Response()
    response.set_cookie("theme", "dark")
    POLICY.clear_cookie(response, NAME)
    POLICY.set_cookie(response, NAME, "id.secret")
    headers = response.headers.getlist("Set-Cookie")
    assert [header.partition(";")[0] for header in headers] == ["theme=dark", f"{NAME}=id.secret"]


@pytest.mark.attack("T4")
@pytest.mark.parametrize("value", ["a b", "a;b", "a\r\nSet-Cookie: x=y", 'a"b', "a,b", "a\\b", "\u00e9", "\x00"])
def test_a_value_that_would_need_quoting_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        POLICY.set_cookie(Response(), NAME, value)


@pytest.mark.asvs("V3.3.5")
def test_a_cookie_that_browsers_would_drop_is_refused() -> None:
    POLICY.set_cookie(Response(), NAME, "a" * (4_096 - len(NAME)))
    with pytest.raises(ValueError, match="longer"):
        POLICY.set_cookie(Response(), NAME, "a" * (4_097 - len(NAME)))


@pytest.mark.parametrize("name", ["ostiary_session", "__Secure-x", "__Host-a b", "__Host-a;b", ""])
def test_a_name_of_another_policy_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        POLICY.set_cookie(Response(), name, "x")


@pytest.mark.parametrize(
    "domain", ["", "good.test; Path=/x", "https://good.test", ".good.test", "good.test/", "g\u00f6d.test"]
)
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="cookie_domain"):
        CookiePolicy(development=False, domain=domain)


@pytest.mark.parametrize(
    "header",
    [f"{NAME}=v", f"a=b; {NAME}=v", f"{NAME}=v; a=b", f"a=b; {NAME}=v; c=d", f"a=b;{NAME}=v", f"a=b;\t {NAME}=v ; c=d"],
)
def test_a_cookie_is_found_wherever_it_stands(header: str) -> None:
    assert read(header) == "v"


@pytest.mark.parametrize(
    "header",
    ["", "a=b", f"x{NAME}=v", f"{NAME}2=v", f"a={NAME}", NAME, f"{NAME.lower()}=v", f"{NAME} =v", f"a={NAME}=v"],
)
def test_a_cookie_that_is_not_there_is_none(header: str) -> None:
    assert read(header) is None
    assert read_cookie({}, NAME) is None


@pytest.mark.attack("H13")
@pytest.mark.parametrize(
    "header",
    [
        f"{NAME}=a; {NAME}=b",
        f"{NAME}=a; {NAME}=a",
        f"{NAME}=a;{NAME}=b",
        f"{NAME}=; x=y; {NAME}=b",
        f'x="; {NAME}=a"; {NAME}=b',
    ],
)
def test_of_two_cookies_of_one_name_neither_is_believed(header: str) -> None:
    assert read(header) is DOUBLED


@pytest.mark.attack("H14")
@pytest.mark.parametrize("header", [f"={NAME}=bad", f"; ={NAME}=bad", f"a=b; ={NAME}=bad", f"=; ={NAME}=bad;"])
def test_a_nameless_cookie_is_not_taken_for_ours(header: str) -> None:
    assert read(header) is None
    assert read(f"{header}; {NAME}=good") == "good"
    assert read(f"{NAME}=good; {header}") == "good"


@pytest.mark.attack("H15")
@pytest.mark.parametrize("value", ["\x85", "\x00", "\xff", "a\x00b", "a\x7f", "\t\x01", "a" * 5_000])
def test_strange_bytes_are_a_cookie_that_is_nobodys(value: str) -> None:
    assert read(f"{NAME}={value}") == ""
    assert read(f"a=b; {NAME}={value}; c=d") == ""
    assert read(f"a={value}; {NAME}=v") == "v"


@pytest.mark.attack("H15")
def test_a_header_of_a_hundred_kilobytes_is_nobodys() -> None:
    assert read(f"{NAME}=" + "a" * 100_000) is None
    assert read(f"a={'b' * 100_000}; {NAME}=v") is None
    assert read(f" {NAME}=v;" * 5_000) is None
    assert read(f" {NAME}=" * 2_000) == ""


_PIECES = st.sampled_from(
    [NAME, "=", ";", "; ", " ", "\t", '"', "a", "v", "\x85", "\x00", "\xff", ",", "\\", f"; {NAME}=v"]
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(), st.lists(_PIECES, max_size=15).map("".join)))
def test_no_header_makes_it_raise_and_both_ways_of_reading_agree(header: str) -> None:
    answer = read(header)
    pairs = [pair.lstrip(" \t") for pair in header.split(";")]
    values = [pair.removeprefix(f"{NAME}=").rstrip(" \t") for pair in pairs if pair.startswith(f"{NAME}=")]
    if len(values) > 1:
        assert answer is DOUBLED
    elif values:
        assert answer == (values[0] if values[0].isascii() and values[0].isprintable() else "")
    else:
        assert answer is None


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet="abc_-", min_size=1, max_size=5), st.text(alphabet="xyz.-_", max_size=5)))
def test_ordinary_cookies_are_read_as_werkzeug_reads_them(cookies: dict[str, str]) -> None:
    header = "; ".join([f"{name}={value}" for name, value in cookies.items()])
    for name in cookies:
        assert read(header, name) == parse_cookie(header).get(name)
