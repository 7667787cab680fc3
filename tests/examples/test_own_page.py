"""Our pages inside the application's own layout, and one page that is all its own."""

import pytest
from tests.examples.program import PAGE, PASSWORD, confirm, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def kit(monkeypatch):
    with AuthKit(load("own_page", monkeypatch).app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    assert length("own_page") <= 16


def test_every_page_of_ours_stands_inside_the_layout_of_the_application(kit):
    for path, title in {"/auth/register": "Create", "/auth/forgot-password": "password"}.items():
        page = kit.client().get(path, headers=PAGE).text
        assert "<header><strong>Acme</strong></header>" in page, path
        assert title in page
        assert "ostiary.css" not in page
        assert page.count("<html") == page.count("<main") == 1
    account = kit.client(kit.account()).get("/auth/account", headers=PAGE).text
    assert "<header><strong>Acme</strong></header>" in account


def test_the_sign_in_page_is_the_applications_own_and_works(kit):
    browser, ada = kit.client(), kit.account(fields={"company": "Acme"})
    answer = browser.get("/", headers=PAGE)
    page = browser.get(answer.headers["Location"], headers=PAGE).text
    assert "<h1>Enter Acme</h1>" in page
    assert "<button>Enter</button>" in page
    assert 'href="/auth/register' in page
    assert 'name="remember"' not in page
    wrong = browser.post(answer.headers["Location"], data={"identifier": ada.email, "password": "wrong"}, headers=PAGE)
    assert wrong.status_code == 401
    assert "The name or the password is not right." in wrong.text
    assert "<h1>Enter Acme</h1>" in wrong.text
    right = {"identifier": ada.email, "password": PASSWORD}
    assert browser.post(answer.headers["Location"], data=right, headers=PAGE).headers["Location"] == "/"
    assert browser.get("/").text == f"Hello {ada.email} of Acme"


def test_the_fields_of_the_application_are_asked_for_and_kept(kit):
    browser = kit.client()
    page = browser.get("/auth/register", headers=PAGE).text
    assert 'name="company"' in page
    assert 'name="newsletter"' in page
    form = {"identifier": "ada@example.com", "password": PASSWORD, "newsletter": "true"}
    assert browser.post("/auth/register", data=form, headers=PAGE).status_code == 422
    assert browser.post("/auth/register", data={**form, "company": "Acme"}, headers=PAGE).status_code == 202
    assert confirm(kit, browser, "ada@example.com").status_code == 303
    with kit.app.app_context():
        found = kit.app.jinja_env.globals["auth"].accounts.find(email="ada@example.com")
    assert found.attributes == {"company": "Acme", "newsletter": True}
