"""The application of the Flask-Login documentation after the change: its own users, its own page, remembered browsers."""

import re

import pytest
from tests.examples.program import PAGE, PASSWORD, SAME, length, load

from ostiary.testing import AuthKit

ADA = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def module(monkeypatch):
    return load("migrated", monkeypatch)


@pytest.fixture
def kit(module):
    with AuthKit(module.app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    assert length("migrated") <= 27


def test_a_visitor_is_sent_to_sign_in_and_comes_back(kit):
    browser = kit.client()
    answer = browser.get("/", headers=PAGE)
    assert answer.headers["Location"] == "/login?next=%2F"
    assert browser.get("/login", headers=PAGE).status_code == 200
    assert browser.post("/login?next=%2F", data={**ADA, "password": "wrong"}, headers=PAGE).status_code == 200
    assert browser.get("/").status_code == 401
    assert browser.post("/login?next=%2F", data=ADA, headers=PAGE).headers["Location"] == "/"
    assert browser.get("/").text == "Hello ada"


@pytest.mark.parametrize("next", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_next_never_leads_elsewhere(kit, next):
    answer = kit.client().post("/login", query_string={"next": next}, data=ADA, headers=SAME)
    assert answer.headers["Location"] == "/"


def test_a_browser_is_remembered_only_if_she_asked(kit):
    once, always = kit.client(), kit.client()
    once.post("/login", data=ADA, headers=SAME)
    always.post("/login", data={**ADA, "remember": "1"}, headers=SAME)
    kit.clock.advance("20d")
    assert once.get("/").status_code == 401
    assert always.get("/").text == "Hello ada"
    kit.clock.advance("31d")
    assert always.get("/").status_code == 401


def test_a_user_who_is_gone_is_signed_out(kit, module):
    browser = kit.client("1")
    assert browser.get("/").text == "Hello ada"
    module.users.clear()
    assert browser.get("/").status_code == 401


def test_an_unknown_name_and_a_wrong_password_read_the_same(kit):
    unknown = kit.client().post("/login", data={**ADA, "username": "eve"}, headers=SAME)
    wrong = kit.client().post("/login", data={**ADA, "password": "wrong"}, headers=SAME)
    # But for the token of its form, which is every browser's own.
    pages = [re.sub(r'name="ostiary_csrf" value="[^"]+"', "", answer.text) for answer in (unknown, wrong)]
    assert (unknown.status_code, pages[0]) == (wrong.status_code, pages[1])
