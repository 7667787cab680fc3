"""The origin of a request: a strict Host, and forwarded values only from stated proxies."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

from ostiary.web.host import request_origin


def spelled(environ: dict[str, Any], trusted_proxies: int = 0) -> str | None:
    origin = request_origin(environ, trusted_proxies)
    return None if origin is None else str(origin)


def test_the_host_of_the_request_is_its_origin() -> None:
    assert spelled({"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:5000"}) == "http://localhost:5000"
    assert spelled({"wsgi.url_scheme": "https", "HTTP_HOST": "Good.Test:443"}) == "https://good.test"


def test_without_a_host_the_name_of_the_server_is_taken() -> None:
    environ = {"wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    assert spelled(environ) == "http://localhost"
    assert spelled({"wsgi.url_scheme": "http"}) is None
    assert spelled({}) is None


@pytest.mark.attack("T9")
@pytest.mark.attack("F14")
@pytest.mark.parametrize(
    "host",
    ["good.test:80@evil.test", "evil.test@good.test", "good.test:abc", "good.test:99999", "good test", "good.test/evil"]
    + [
        "good.test, evil.test",
        "good.test\\evil",
        "good.test\t",
        "\x85",
        "[::1",
        "good.test?",
        "good.test#",
        "%67ood.test",
    ],
)
def test_a_host_that_plays_tricks_is_no_origin(host: str) -> None:
    assert spelled({"wsgi.url_scheme": "http", "HTTP_HOST": host}) is None


@pytest.mark.attack("F15")
@pytest.mark.asvs("V4.1.3")
@pytest.mark.must("9700-4.13")
def test_forwarded_host_and_scheme_are_ignored_without_stated_proxies() -> None:
    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "good.test",
        "HTTP_X_FORWARDED_HOST": "evil.test",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    assert spelled(environ) == "http://good.test"
    assert spelled(environ, 1) == "https://evil.test"


def test_what_stands_left_of_the_trusted_proxies_is_ignored() -> None:
    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "inner:8000",
        "HTTP_X_FORWARDED_HOST": "evil.test, good.test, middle.test",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    assert spelled(environ, 2) == "https://good.test"
    assert spelled(environ, 1) == "https://middle.test"


@pytest.mark.must("9700-4.13")
def test_once_proxy_fix_ran_its_answer_is_taken_and_nothing_is_applied_twice() -> None:
    def answer(environ: dict[str, Any]) -> str | None:
        seen: list[str | None] = []

        @Request.application
        def application(request: Request) -> Response:
            seen.append(spelled(request.environ, 2))
            return Response()

        run_wsgi_app(ProxyFix(application, x_for=1, x_proto=1, x_host=1), environ)
        return seen[0]

    headers = [("X-Forwarded-Host", "evil.test, good.test"), ("X-Forwarded-Proto", "https")]
    assert answer(EnvironBuilder(base_url="http://inner:8000", headers=headers).get_environ()) == "https://good.test"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["HTTP_HOST", "wsgi.url_scheme", "HTTP_X_FORWARDED_HOST"]), st.text()))
def test_no_header_makes_it_raise(environ: dict[str, str]) -> None:
    request_origin(environ, 1)
