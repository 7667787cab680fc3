"""Two applications on one host: browsers send each what the other set, and neither touches it."""

import pytest
from tests.features.passwords.people import ADA, GOOD, PAGE, open_people

from ostiary import RememberMe


@pytest.fixture
def neighbours(tmp_path):
    """Two applications with databases of their own, and people of one address."""
    office = {"OSTIARY_COOKIE_PREFIX": "office", "OSTIARY_SITE_NAME": "The <Office>"}
    with (
        open_people(f"sqlite:///{tmp_path}/shop.db", further=(RememberMe(),)) as shop,
        open_people(f"sqlite:///{tmp_path}/office.db", further=(RememberMe(),), config=office) as backoffice,
    ):
        for one in (shop, backoffice):
            one.accounts.create(email=ADA, password=GOOD)
        yield shop, backoffice


def visit(one, cookies, path="/who", **kwargs):
    """One request with the cookies of the host, which keeps what is set and forgets what is cleared."""
    browser = one.browser()
    for name, value in cookies.items():
        browser.set_cookie(name, value)
    answer = browser.open(path, **kwargs)
    kept = browser._cookies.values()
    cookies.clear()
    cookies.update({cookie.key: cookie.value for cookie in kept})
    return answer


def test_nobody_is_signed_out_by_the_neighbour(neighbours):
    shop, backoffice = neighbours
    cookies, body = {}, {"identifier": ADA, "password": GOOD, "remember": True}
    for one in neighbours:
        assert visit(one, cookies, "/auth/sign-in", method="POST", json=body).status_code == 200
    assert {"ostiary_session", "ostiary_remember", "office_session", "office_remember"} <= set(cookies)
    for one in (shop, backoffice, shop):
        assert visit(one, cookies).json["subject"] == one.accounts.find(email=ADA).id
    visit(backoffice, cookies, "/auth/sign-out", method="POST")
    assert not any(name.startswith("office_session") for name in cookies)
    assert visit(shop, cookies).json["subject"]


def test_a_session_of_one_is_nothing_to_the_other_under_its_own_name(neighbours):
    shop, backoffice = neighbours
    cookies = {}
    visit(shop, cookies, "/auth/sign-in", method="POST", json={"identifier": ADA, "password": GOOD})
    cookies["office_session"] = cookies["ostiary_session"]
    assert visit(backoffice, cookies).json["subject"] == ""


def test_pages_and_mails_say_what_the_site_is_called(neighbours):
    _, backoffice = neighbours
    page = visit(backoffice, {}, "/auth/sign-in", headers=PAGE).text
    assert "The &lt;Office&gt;" in page
    visit(backoffice, {}, "/auth/forgot-password", method="POST", json={"identifier": ADA})
    letter = backoffice.mailbox.last(ADA)
    assert "The <Office>" in f"{letter.subject} {letter.text}"
