"""Redirects: 303 only, to where the policy allows, and `next` read without doubt."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ostiary.kernel.errors import MalformedRequest
from ostiary.web.origin import parse_origin
from ostiary.web.redirect import next_target, see_other, see_other_site
from ostiary.web.strict_json import BodyTooLarge
from ostiary.web.url_policy import UrlPolicy

POLICY = UrlPolicy(public_url=parse_origin("https://good.test"))


def request(
    query: str = "", form: str | None = None, content_type: str = "application/x-www-form-urlencoded"
) -> Request:
    if form is None:
        return Request(EnvironBuilder(query_string=query).get_environ())
    builder = EnvironBuilder(method="POST", query_string=query, data=form, content_type=content_type)
    return Request(builder.get_environ())


@pytest.mark.must("9700-2.1-e")
@pytest.mark.parametrize("location", ["/", "/orders?page=2", "https://good.test/"])
def test_a_redirect_is_303_and_not_kept_by_caches(location: str) -> None:
    response = see_other(location, POLICY)
    assert response.status_code == 303
    assert response.headers["Location"] == location
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.attack("F9")
@pytest.mark.parametrize(
    "location", ["/a\r\nSet-Cookie: x=y", "https://evil.test", "//evil.test", "javascript:alert(1)"]
)
def test_a_location_that_is_not_allowed_is_400_and_not_500(location: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        see_other(location, POLICY)
    assert caught.value.status == 400
    assert "evil" not in str(caught.value)


def test_in_development_the_own_absolute_address_is_known_by_the_request() -> None:
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:5000"}
    response = see_other("http://localhost:5000/a", UrlPolicy(public_url=None), environ)
    assert response.headers["Location"] == "http://localhost:5000/a"


@pytest.mark.must("9700-2.1-e")
@pytest.mark.parametrize(
    "address", ["https://provider.test/authorize?a=b", "http://127.0.0.1:4711/cb", "com.example.app:/cb?code=1"]
)
def test_a_registered_address_of_another_site_is_303_too(address: str) -> None:
    response = see_other_site(address)
    assert (response.status_code, response.headers["Location"]) == (303, address)


@pytest.mark.asvs("V1.2.2")
@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "/relative"]
    + [
        "https://provider.test/\r\nx: y",
        "https://provider.test/\u00e9",
        "https://provider.test\\@evil.test",
        "",
        "https:",
    ],
)
def test_an_address_that_browsers_run_or_that_breaks_the_header_is_refused(address: str) -> None:
    with pytest.raises(MalformedRequest):
        see_other_site(address)


def test_next_is_read_from_the_query_and_from_the_form() -> None:
    assert next_target(request("next=/a"), POLICY, "/default") == "/a"
    assert next_target(request(form="next=/b"), POLICY, "/default") == "/b"
    assert next_target(request(), POLICY, "/default") == "/default"


def test_a_form_that_posts_to_its_own_address_may_say_the_same_twice() -> None:
    assert next_target(request("next=/a", form="next=/a"), POLICY, "/default") == "/a"


@pytest.mark.attack("T10")
@pytest.mark.asvs("V15.3.7")
@pytest.mark.parametrize(
    ("query", "form"),
    [("next=/a&next=/b", None), ("next=/a&next=/a", None), ("", "next=/a&next=/b"), ("next=/a", "next=/b")]
    + [("next=/a&next=//evil.test", None), ("next=//evil.test", "next=/a")],
)
def test_two_next_parameters_lead_to_the_default(query: str, form: str | None) -> None:
    assert next_target(request(query, form), POLICY, "/default") == "/default"


@pytest.mark.attack("F13")
def test_the_referer_is_never_a_target() -> None:
    environ = EnvironBuilder(headers=[("Referer", "https://good.test/orders")]).get_environ()
    assert next_target(Request(environ), POLICY, "/default") == "/default"


def test_json_is_not_read_for_next() -> None:
    assert (
        next_target(request(form='{"next": "/a"}', content_type="application/json"), POLICY, "/default") == "/default"
    )


def test_a_form_larger_than_any_of_ours_is_413() -> None:
    with pytest.raises(BodyTooLarge):
        next_target(request(form="next=/a&x=" + "a" * 70_000), POLICY, "/default")
