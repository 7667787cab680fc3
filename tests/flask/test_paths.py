"""Paths: however an address is written, the same guard and the same limit stand before it."""

import pytest
from tests.shop import FrozenClock, Shop, open_shop

OURS = [
    "//auth/sessions", "/auth//sessions", "/auth/./sessions", "/auth/x/../sessions", "/AUTH/sessions", "/auth/sessions/",
    "/auth/%73essions", "/auth/sessions%00", "/auth/sessions;x=1", "/auth/sessions%2f", "/auth\\sessions", "/auth/sessions?",
]  # fmt: skip
THEIRS = ["//account", "/account/", "/%61ccount", "/ACCOUNT", "/account;x", "/account%00", "/./account", "/account?a=1"]


@pytest.fixture
def shop(sqlite_url: str):
    with open_shop(sqlite_url, clock=FrozenClock()) as made:
        yield made


@pytest.mark.attack("L18")
@pytest.mark.parametrize("path", [*OURS, *THEIRS])
def test_no_way_of_writing_an_address_gets_past_its_guard(shop: Shop, path: str) -> None:
    answer = shop.browser().get(path, follow_redirects=True)
    assert answer.status_code in {400, 401, 404}


@pytest.mark.attack("L18")
def test_no_way_of_writing_an_address_gives_fresh_guesses(shop: Shop) -> None:
    browser, answers = shop.browser(), []
    for number in range(24):
        path = ("/login", "//login", "/%6cogin", "///login")[number % 4]
        wrong = {"identifier": "ada", "password": "wrong"}
        answers.append(browser.post(path, json=wrong, follow_redirects=True).status_code)
    assert answers.count(401) == 10
    assert set(answers) <= {401, 404, 429}


@pytest.mark.asvs("V3.5.6")
@pytest.mark.parametrize("name", ["callback", "jsonp", "cb", "_callback"])
def test_no_answer_is_a_script_that_another_site_could_run(shop: Shop, name: str) -> None:
    browser = shop.browser()
    browser.sign_in()
    for path in ("/auth/sessions", "/auth/nothing", "/account"):
        answer = browser.get(f"{path}?{name}=steal", headers={"Accept": "*/*"})
        assert "steal" not in answer.text
        assert "script" not in answer.headers["Content-Type"]
