"""The pages of passwords: what they ask, what they keep of what was typed, and how a password is changed on them."""

from html.parser import HTMLParser

import pytest
from tests.badges import Badges
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, Hashes, ask, open_people

from ostiary import Accounts, RememberMe, Sessions


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        yield made


@pytest.mark.asvs("V6.2.2")
@pytest.mark.asvs("V6.2.3")
@pytest.mark.asvs("V7.4.3")
def test_changing_the_password_ends_every_other_session_and_keeps_this_one(people):
    here = people.member()
    there = people.browser()
    people.sign_in(there)
    answer = here.post("/auth/change-password", data={"current": GOOD, "password": BETTER}, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/account")
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 401
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 401
    assert people.sign_in(people.browser(), ADA, BETTER).status_code == 200


@pytest.mark.asvs("V7.2.4")
def test_a_changed_password_is_a_new_session(people):
    browser = people.member()
    before = browser.cookie()
    browser.post("/auth/change-password", json={"current": GOOD, "password": BETTER})
    assert browser.cookie() != before
    thief = people.browser()
    thief.set_cookie("ostiary_session", before)
    assert thief.get("/").status_code == 401
    assert len(browser.get("/auth/sessions").json["sessions"]) == 1


@pytest.mark.asvs("V7.4.3")
@pytest.mark.attack("K7")
def test_the_browser_a_password_is_changed_on_stays_known_and_no_other_does(people):
    people.member().post("/auth/sign-out")
    other, here = people.browser(), people.browser()
    for browser in (other, here):
        assert people.sign_in(browser, ADA, GOOD).status_code == 200
    here.post("/auth/change-password", json={"current": GOOD, "password": BETTER})
    for number in range(25):
        attacker = people.browser()
        attacker.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        people.sign_in(attacker, ADA, "wrong")
    assert people.sign_in(other, ADA, BETTER).status_code == 429
    assert people.sign_in(here, ADA, BETTER).status_code == 200


def test_a_browser_that_is_remembered_stays_so_after_a_change_and_a_copy_of_its_token_does_not(database_url):
    with open_people(database_url, further=(RememberMe(),)) as people:
        people.member()
        here, there, thief = people.browser(), people.browser(), people.browser()
        for browser in (here, there):
            browser.post("/auth/sign-in", json={"identifier": ADA, "password": GOOD, "remember": True})
        thief.set_cookie("ostiary_remember", here.cookie("ostiary_remember"))
        assert here.post("/auth/change-password", json={"current": GOOD, "password": BETTER}).status_code == 200
        for browser in (here, there):
            browser.delete_cookie("ostiary_session")
        assert [browser.get("/").status_code for browser in (thief, there, here)] == [401, 401, 200]


@pytest.mark.asvs("V7.4.3")
def test_a_browser_that_is_not_remembered_is_not_after_a_change(database_url):
    with open_people(database_url, further=(RememberMe(),)) as people:
        browser = people.member()
        browser.post("/auth/change-password", json={"current": GOOD, "password": BETTER})
        assert browser.cookie("ostiary_remember") is None


@pytest.mark.parametrize("password", [GOOD, "a wrong guess of somebody"])
def test_a_program_with_a_credential_of_its_own_learns_nothing_of_passwords(database_url, monkeypatch, password):
    with open_people(database_url, further=(Badges(),)) as people:
        people.member()
        hashes = Hashes(monkeypatch)
        body = {"identifier": ADA, "password": password}
        answer = people.browser().post("/auth/sign-in", json=body, headers={"Authorization": "Badge eve"})
        assert (answer.status_code, answer.json["code"], hashes.verified) == (403, "not_allowed", 0)


@pytest.mark.asvs("V6.2.3")
def test_a_wrong_present_password_changes_nothing_and_is_counted(people):
    browser = people.member()
    answers = [
        browser.post("/auth/change-password", json={"current": f"wrong {n}", "password": BETTER}).status_code
        for n in range(25)
    ]
    assert set(answers) == {422, 429}
    assert people.sign_in(browser).status_code == 200 or answers[-1] == 429
    assert people.passwords.has_password(people.accounts.find(email=ADA).id)


def test_the_form_comes_back_with_what_is_wrong_and_without_any_password(people):
    browser = people.member()
    page = browser.post("/auth/change-password", data={"current": GOOD, "password": "short one"}, headers=PAGE)
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert "at least 15 characters" in page.text
    assert "short one" not in page.text
    assert GOOD not in page.text


@pytest.mark.asvs("V8.2.1")
def test_a_visitor_changes_no_password(people):
    answer = people.browser().post("/auth/change-password", json={"current": GOOD, "password": BETTER})
    assert answer.status_code == 401
    page = people.browser().get("/auth/change-password", headers=PAGE)
    assert page.headers["Location"].startswith("/auth/sign-in?next=")


@pytest.mark.attack("J13")
@pytest.mark.parametrize("value", [{}, [], 1, True, None])
@pytest.mark.parametrize("address", ["/auth/register", "/auth/sign-in", "/auth/reset-password"])
def test_a_password_that_is_no_text_is_a_bad_request(people, address, value):
    answer = people.browser().post(address, json={"identifier": ADA, "password": value})
    assert answer.status_code in (400, 410, 422)


@pytest.mark.attack("J1")
@pytest.mark.parametrize("size", [70_000, 2_000_000])
@pytest.mark.parametrize("address", ["/auth/register", "/auth/sign-in", "/auth/verify-address", "/auth/reset-password"])
def test_a_huge_password_is_refused_before_it_is_read(people, address, size):
    answer = people.browser().post(address, data={"identifier": ADA, "password": "a" * size}, headers=PAGE)
    assert answer.status_code == 413


@pytest.mark.asvs("V6.2.6")
@pytest.mark.asvs("V6.2.7")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/auth/sign-in", {"current-password"}),
        ("/auth/register", {"new-password"}),
        ("/auth/change-password", {"current-password", "new-password"}),
    ],
)
def test_a_manager_knows_which_password_is_meant(people, address, expected):
    page = people.member().get(address, headers=PAGE, follow_redirects=False)
    if page.status_code == 303:
        page = people.browser().get(address, headers=PAGE)
    inputs = [line for line in page.text.split("<input")[1:] if 'type="password"' in line]
    assert {one.partition('autocomplete="')[2].partition('"')[0] for one in inputs} == expected
    assert not [one for one in inputs if "maxlength" in one or "onpaste" in one]


class Inputs(HTMLParser):
    """The inputs of a page in their order, by name."""

    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "input":
            self.found.setdefault(dict(attributes)["name"], {name: value or "" for name, value in attributes})


def shown_name(page):
    """What a manager saves the password of a form under: the field for a name, which stands before that of the password."""
    inputs = Inputs(page.text).found
    names = list(inputs)
    (name,) = [one for one in names if inputs[one].get("autocomplete") == "username"]
    assert names.index(name) < names.index("password")
    return inputs[name]


def test_the_form_that_changes_a_password_says_whose_it_is(people):
    browser = people.member()
    field = shown_name(browser.get("/auth/change-password", headers=PAGE))
    assert (field["value"], field["type"], "readonly" in field, "required" in field) == (ADA, "text", True, False)
    # Whatever comes back under its name is neither shown nor taken.
    form = {"username": "eve@evil.example", "current": GOOD, "password": "short"}
    page = browser.post("/auth/change-password", data=form, headers=PAGE)
    assert page.status_code == 422
    assert shown_name(page)["value"] == ADA
    assert "evil.example" not in page.text
    form["password"] = BETTER
    assert browser.post("/auth/change-password", data=form, headers=PAGE).status_code == 303
    assert people.sign_in(people.browser(), password=BETTER).status_code == 200


def test_a_program_is_not_asked_for_what_is_only_shown(people):
    fields = people.member().get("/auth/change-password").get_json()["fields"]
    assert [field["name"] for field in fields] == ["current", "password"]


def test_the_form_behind_a_link_says_whose_password_is_set(people):
    people.member()
    ask(people)
    browser = people.browser()
    browser.get("/auth/reset-password", query_string={"token": people.token()}, headers=PAGE)
    field = shown_name(browser.get("/auth/reset-password", headers=PAGE))
    assert (field["value"], "readonly" in field) == (ADA, True)
    again = browser.post("/auth/reset-password", data={"username": "eve", "password": "short"}, headers=PAGE)
    assert (again.status_code, shown_name(again)["value"]) == (422, ADA)


@pytest.mark.parametrize(
    ("kinds", "registered", "saved"),
    [
        (("email",), "identifier", ADA),
        (("email", "username"), "username", "ada"),
        (("username", "email"), "username", "ada"),
        (("username",), "identifier", "ada"),
    ],
)
def test_a_manager_finds_the_password_under_the_name_that_it_was_saved_under(database_url, kinds, registered, saved):
    with open_people(database_url, accounts=Accounts(identifiers=kinds)) as people:
        form = shown_name(people.browser().get("/auth/register", headers=PAGE))
        assert form["name"] == registered
        names = {"email": ADA, "username": "ada"}
        people.accounts.create(**{kind: names[kind] for kind in kinds}, password=GOOD)
        browser = people.browser()
        people.sign_in(browser, names[kinds[0]])
        assert shown_name(browser.get("/auth/change-password", headers=PAGE))["value"] == saved


def test_the_link_of_a_registration_opened_elsewhere_says_whose_password_it_asks_for(people):
    people.register(people.browser())
    page = people.browser().get("/auth/verify-address", query_string={"token": people.token()}, headers=PAGE)
    assert shown_name(page)["value"] == ADA


@pytest.mark.parametrize(
    ("kinds", "inputmode", "label"),
    [
        (("email",), "email", "Email address"),
        (("phone",), "tel", "Telephone number"),
        (("email", "username"), None, "Email address or user name"),
    ],
)
def test_a_phone_shows_the_keyboard_for_what_is_asked(database_url, kinds, inputmode, label):
    accounts = Accounts(identifiers=kinds, registration="closed")
    with open_people(database_url, accounts=accounts) as people:
        for address in ("/auth/sign-in", "/auth/forgot-password") if "email" in kinds else ("/auth/sign-in",):
            page = people.browser().get(address, headers=PAGE)
            field = Inputs(page.text).found["identifier"]
            # Its type stays: a browser refuses an address whose letters it does not know.
            assert (field.get("inputmode"), field["type"], field["autocomplete"]) == (inputmode, "text", "username")
            assert f">{label}</label>" in page.text


@pytest.mark.attack("T6")
def test_a_name_that_is_shown_is_text_and_no_markup(people):
    address = "a'onfocus='x&amp@example.com"
    browser = people.member(address)
    page = browser.get("/auth/change-password", headers=PAGE)
    assert shown_name(page)["value"] == address
    assert not [one for one in Inputs(page.text).found.values() if "onfocus" in one]


def test_the_sign_in_page_leads_to_where_the_visitor_wanted_to_go(people):
    people.member()
    browser = people.browser()
    to_sign_in = browser.get("/", headers=PAGE).headers["Location"]
    assert to_sign_in == "/auth/sign-in?next=%2F"
    form = {"identifier": ADA, "password": GOOD}
    answer = browser.post("/auth/sign-in?next=%2Fwho", data=form, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/who")
    assert browser.get("/auth/sign-in?next=%2Fwho", headers=PAGE).headers["Location"] == "/who"


@pytest.mark.asvs("V3.7.2")
@pytest.mark.parametrize("target", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(people, target):
    people.member()
    form = {"identifier": ADA, "password": GOOD}
    answer = people.browser().post("/auth/sign-in", query_string={"next": target}, data=form, headers=PAGE)
    assert answer.headers["Location"] == "/"


@pytest.mark.attack("I1")
@pytest.mark.asvs("V6.3.8")
def test_the_page_says_the_same_of_a_wrong_password_an_unknown_name_and_a_suspended_account(people):
    people.member()
    people.accounts.suspend(people.accounts.create(email="sue@example.com", password=GOOD), reason="test")
    people.accounts.create(email="new@example.com", password=GOOD, verified=False)
    pages = set()
    for address, password in (
        (ADA, "wrong"),
        ("nobody@example.com", GOOD),
        ("sue@example.com", GOOD),
        ("new@example.com", GOOD),
    ):
        page = people.browser().post("/auth/sign-in", data={"identifier": address, "password": password}, headers=PAGE)
        masked = page.text.replace(address, "…")
        token = masked.partition('name="ostiary_csrf" value="')[2].partition('"')[0]
        pages.add((page.status_code, masked.replace(token, "…") if token else masked))
    assert len(pages) == 1


def test_the_page_names_the_cause_when_a_cookie_does_not_come_back(people):
    people.member()
    careless = people.app.test_client(use_cookies=False)
    form = {"identifier": ADA, "password": GOOD}
    headers = {**PAGE, "Referer": "http://localhost/auth/sign-in"}
    assert careless.post("/auth/sign-in", data=form, headers=headers).status_code == 303
    again = careless.get("/", headers=headers)
    assert "why=cookie" in again.headers["Location"]
    assert "did not send our cookie back" in careless.get(again.headers["Location"], headers=PAGE).text
    elsewhere = {**PAGE, "Referer": "https://evil.test/auth/sign-in"}
    assert "why=cookie" not in careless.get("/", headers=elsewhere).headers["Location"]


@pytest.mark.parametrize("why", ["<script>", "nonsense", "signed_out' onload='", "stale"])
def test_nothing_that_a_stranger_writes_into_the_address_is_shown(people, why):
    page = people.browser().get("/auth/sign-in", query_string={"why": why}, headers=PAGE)
    assert why == "stale" or why not in page.text


@pytest.mark.asvs("V7.4.4")
@pytest.mark.attack("W8")
def test_the_account_page_shows_who_where_and_what_happened(people):
    browser = people.member()
    page = browser.get("/auth/account", headers=PAGE)
    assert page.status_code == 200
    for text in (ADA, "this device", "You signed in", "Change the password", "What happened lately"):
        assert text in page.text
    assert "Sign out" in page.text, "wherever she is shown that she is signed in"
    assert not {"argon2", "secret", "hash"} & set(browser.get("/auth/account").text.lower().split('"'))
    assert people.browser().get("/auth/account").status_code == 401


def test_a_session_is_ended_from_the_page(people):
    here, there = people.member(), people.browser()
    people.sign_in(there)
    devices = here.get("/auth/account").json["devices"]["sessions"]
    other = next(one["id"] for one in devices if not one["current"])
    answer = here.post(f"/auth/sessions/{other}", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/account")
    assert (here.get("/").status_code, there.get("/").status_code) == (200, 401)


def test_remembering_is_offered_only_where_it_is_on(sqlite_url):
    with open_people(sqlite_url) as people:
        assert 'name="remember"' not in people.browser().get("/auth/sign-in", headers=PAGE).text
    with open_people(sqlite_url, further=(RememberMe(),)) as people:
        browser = people.browser()
        assert 'name="remember"' in browser.get("/auth/sign-in", headers=PAGE).text
        people.accounts.ensure(email=ADA, password=GOOD)
        browser.post("/auth/sign-in", data={"identifier": ADA, "password": GOOD, "remember": "true"}, headers=PAGE)
        assert browser.cookie("ostiary_remember")


def test_an_application_with_a_page_of_its_own_has_none_of_ours(sqlite_url):
    from flask import Flask

    from ostiary import Passwords, SignIn
    from ostiary.flask import Auth

    app = Flask("own")
    app.testing = True
    Auth(app, [Sessions(), Passwords(lookup={}.get), SignIn(page="login")])
    app.add_url_rule("/login", "login", lambda: "mine")
    assert app.test_client().get("/auth/sign-in").status_code == 404


def test_accounts_without_sessions_have_no_pages_for_browsers():
    from flask import Flask

    from ostiary import Passwords
    from ostiary.flask import Auth

    app = Flask("bare")
    app.testing = True
    Auth(app, [Accounts(), Passwords()])
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert not endpoints & {"ostiary.account", "ostiary.change_password"}
