"""A page or JSON: a page only for a navigation that names ``text/html``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.web.negotiation import wants_page

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "mode", "page"),
    [
        (CHROME, "navigate", True),
        (CHROME, None, True),
        ("text/html", None, True),
        ("application/json, text/html;q=0.1", None, True),
        (CHROME, "cors", False),
        (CHROME, "no-cors", False),
        (CHROME, "", False),
        ("*/*", "navigate", False),
        ("*/*", None, False),
        (None, None, False),
        ("", "navigate", False),
        ("application/json", None, False),
        ("text/*", None, False),
        ("text/html-fragment", None, False),
        ("text/html;q=0", None, False),
        ("text/html; q=0.000", None, False),
        ("text/html;Q=0.0, */*", None, False),
        ("text/html;q=0.001", None, True),
    ],
)
def test_a_page_is_for_a_navigation_that_names_it(accept, mode, page):
    environ = {"HTTP_ACCEPT": accept, "HTTP_SEC_FETCH_MODE": mode}
    assert wants_page({name: value for name, value in environ.items() if value is not None}) is page


@given(st.text(max_size=60))
def test_no_header_breaks_it(accept):
    assert wants_page({"HTTP_ACCEPT": accept + ",text/html;" + accept}) in (True, False)
