"""Registration: an account comes to be once its address is proven, and nobody learns who has one already."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, Hashes, open_people

from ostiary import Accounts, Field
from ostiary.events import Registered, RegistrationRefused
from ostiary.features.accounts import AccountState
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.kernel.clock import DAY


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        yield made


def rows(people, table):
    with people.database.read() as connection:
        return list(connection.execute(select(table)))


def test_a_person_registers_confirms_her_address_and_signs_in(people):
    browser = people.browser()
    assert people.register(browser).status_code == 202
    assert rows(people, accounts_table) == [], "there is no account before its address is proven"
    assert people.sign_in(browser).status_code == 401
    assert people.confirm(browser).status_code == 200
    account = people.accounts.find(email=ADA)
    assert (account.state, account.verified) == (AccountState.ACTIVE, True)
    assert people.sign_in(browser).status_code == 200
    assert browser.get("/").json == {"subject": account.id}


@pytest.mark.attack("I4")
@pytest.mark.asvs("V6.3.8")
def test_an_address_that_has_an_account_answers_works_and_mails_like_one_that_has_none(people, monkeypatch):
    people.member()
    people.mailbox.clear()
    hashes = Hashes(monkeypatch)

    def seen(address):
        answer = people.register(people.browser(), address, BETTER)
        cookies = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
        lengths = [len(cookie) for cookie in answer.headers.getlist("Set-Cookie")]
        headers = sorted((name, value) for name, value in answer.headers if name not in ("Set-Cookie", "Date"))
        return (
            answer.status_code,
            answer.data,
            headers,
            cookies,
            lengths,
            hashes.taken(),
            len(people.mailbox.to(address)),
        )

    assert seen("bob@example.com") == seen(ADA)
    assert people.mailbox.last(ADA).subject.startswith("You already have an account")
    assert people.accounts.find(email="bob@example.com") is None


@pytest.mark.attack("I4")
def test_the_page_reads_the_same_too(people):
    people.member()
    form = {"password": BETTER}
    pages = [
        people.browser().post("/auth/register", data={**form, "identifier": address}, headers=PAGE)
        for address in (ADA, "bob@example.com")
    ]
    assert pages[0].status_code == pages[1].status_code == 202
    assert pages[0].text == pages[1].text


@pytest.mark.attack("I10")
def test_a_weak_password_is_refused_whether_or_not_the_address_has_an_account(people, monkeypatch):
    people.member()
    hashes = Hashes(monkeypatch)
    answers = []
    for address in (ADA, "bob@example.com"):
        answer = people.register(people.browser(), address, "password")
        answers.append((answer.status_code, answer.data, hashes.taken()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_everything_that_is_wrong_is_told_at_once(people):
    answer = people.register(people.browser(), "no address", "short")
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {"email", "password"}
    answer = people.register(people.browser(), "", "")
    assert {error["field"] for error in answer.json["errors"]} == {"email", "password"}


@pytest.mark.attack("N1")
@pytest.mark.attack("N15")
def test_who_registers_somebody_elses_address_first_gains_nothing(people):
    """The mail goes to the victim, who did not choose that password: her click alone makes no account."""
    attacker, victim = people.browser(), people.browser()
    people.register(attacker, ADA, GOOD)
    token = people.token()
    answer = people.confirm(victim, token)
    assert answer.status_code == 401
    assert people.accounts.find(email=ADA) is None
    # Her own registration is not in the way of his, nor his of hers.
    people.register(victim, ADA, BETTER)
    assert people.confirm(victim).status_code == 200
    assert people.sign_in(attacker, ADA, GOOD).status_code == 401
    assert people.sign_in(victim, ADA, BETTER).status_code == 200
    assert people.confirm(attacker, token).status_code == 410, "his link is worth nothing now"


@pytest.mark.attack("N14")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_spends_nothing(people, method):
    browser = people.browser()
    people.register(browser)
    link = people.mailbox.last(ADA).link
    for _ in range(3):
        assert people.browser().open(link, method=method, headers=PAGE).status_code == 200
    assert people.accounts.find(email=ADA) is None
    assert people.confirm(browser).status_code == 200


@pytest.mark.asvs("V3.4.5")
def test_the_page_of_a_link_tells_its_address_to_nobody(people):
    people.register(people.browser())
    answer = people.browser().get(people.mailbox.last(ADA).link, headers=PAGE)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_another_browser_confirms_with_the_password_that_was_chosen(people):
    people.register(people.browser())
    phone = people.browser()
    page = phone.get(people.mailbox.last(ADA).link, headers=PAGE)
    assert 'type="password"' in page.text
    assert people.confirm(phone, password="wrong").status_code == 401
    assert people.confirm(phone, password=GOOD).status_code == 200
    assert people.accounts.find(email=ADA).verified


@pytest.mark.asvs("V6.3.1")
def test_guesses_of_that_password_are_counted(people):
    people.register(people.browser())
    token, thief = people.token(), people.browser()
    answers = [people.confirm(thief, token, password=f"guess {n}").status_code for n in range(15)]
    assert answers.count(401) <= 10
    assert answers[-1] == 429


@pytest.mark.attack("J17")
@pytest.mark.parametrize(
    "token", ["", " ", "x", "01M85Z36JZF6ZSHTMVM1GKGZX1." + "A" * 43, "\u0000", "é" * 80, "a" * 3000]
)
def test_a_link_that_never_was_is_refused_and_breaks_nothing(people, token):
    answer = people.browser().post("/auth/verify-address", json={"token": token})
    assert answer.status_code in (400, 410)
    assert people.browser().get("/auth/verify-address", query_string={"token": token}, headers=PAGE).status_code == 410


def test_a_link_works_once_and_for_a_day(people):
    browser = people.browser()
    people.register(browser)
    people.clock.pass_(DAY)
    assert people.confirm(browser).status_code == 410
    people.register(browser)
    assert people.confirm(browser).status_code == 200
    assert people.confirm(browser).status_code == 410


@pytest.mark.attack("W1")
@pytest.mark.attack("J14")
def test_what_waits_in_the_database_says_neither_who_nor_which_password(people):
    people.register(people.browser())
    token = people.token()
    (row,) = rows(people, one_time_tokens)
    held = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert ADA.encode() not in held
    assert b"argon2" not in held
    assert token.partition(".")[2].encode() not in held


@pytest.mark.attack("S12")
def test_of_two_links_for_one_address_one_makes_the_account(people):
    one, other = people.browser(), people.browser()
    people.register(one, ADA, GOOD)
    first = people.token()
    people.register(other, ADA, BETTER)
    second = people.token()
    barrier = threading.Barrier(2)

    def click(browser, token):
        barrier.wait()
        return people.confirm(browser, token).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(click, (one, other), (first, second)))
    assert answers == [200, 410]
    assert len(rows(people, accounts_table)) == 1


@pytest.mark.attack("N16")
@pytest.mark.asvs("V15.3.3")
def test_whatever_else_a_request_names_goes_nowhere(people):
    browser = people.browser()
    more = {"id": "1", "state": "active", "is_admin": True, "role": "admin", "verified": True, "attributes": {"x": 1}}
    assert people.register(browser, **more).status_code == 202
    assert people.accounts.find(email=ADA) is None
    people.confirm(browser, is_admin=True)
    account = people.accounts.find(email=ADA)
    assert (account.id != "1", dict(account.attributes)) == (True, {})


@pytest.mark.asvs("V2.4.1")
def test_nobody_fills_a_mailbox_that_is_not_his(people):
    for _ in range(12):
        people.register(people.browser())
    assert len(people.mailbox.to(ADA)) == 5


@pytest.mark.asvs("V2.4.1")
def test_one_network_does_not_register_for_ever(people):
    answers = [people.register(people.browser(), f"p{n}@example.com").status_code for n in range(25)]
    assert answers.count(202) == 20
    assert answers[-1] == 429


@pytest.mark.attack("F14")
@pytest.mark.attack("J18")
def test_the_link_leads_to_the_configured_site_whatever_the_request_says(database_url):
    with open_people(database_url, config={"OSTIARY_PUBLIC_URL": "https://shop.example"}) as people:
        headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Sec-Fetch-Site": "same-origin"}
        people.browser().post("/auth/register", json={"identifier": ADA, "password": GOOD}, headers=headers)
        assert people.mailbox.last(ADA).link.startswith("https://shop.example/auth/verify-address?token=")


@pytest.mark.attack("G5")
def test_another_site_registers_nobody(people):
    answer = people.browser().post(
        "/auth/register", json={"identifier": ADA, "password": GOOD}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert not people.mailbox.sent


class TestWithFieldsAndNames:
    """Several identifiers, and fields of the application's own."""

    @pytest.fixture
    def people(self, database_url):
        fields = [Field("company"), Field("newsletter", bool, required=False), Field("age", int, required=False)]
        with open_people(database_url, accounts=Accounts(identifiers=("email", "username"), fields=fields)) as made:
            yield made

    def register(self, people, **more):
        form = {"email": ADA, "username": "ada", "password": GOOD, "company": "Engines", **more}
        return people.browser().post("/auth/register", json=form)

    def test_the_form_asks_for_all_of_them(self, people):
        names = [field["name"] for field in people.browser().get("/auth/register").json["fields"]]
        assert names == ["email", "username", "company", "newsletter", "age", "password"]
        page = people.browser().get("/auth/register", headers=PAGE).text
        assert 'type="checkbox" id="field-newsletter"' in page
        assert 'autocomplete="new-password"' in page

    def test_they_reach_the_account(self, people):
        assert self.register(people, newsletter=True, age="36").status_code == 202
        assert people.confirm(people.browser(), password=GOOD).status_code == 200
        account = people.accounts.find(username="ada")
        assert dict(account.attributes) == {"company": "Engines", "newsletter": True, "age": 36}
        assert people.sign_in(people.browser(), "ADA").status_code == 200

    def test_a_field_that_is_missing_or_wrong_is_told_beside_it(self, people):
        answer = self.register(people, company="", age="old")
        assert {error["field"] for error in answer.json["errors"]} == {"company", "age"}

    def test_a_user_name_is_public_and_that_it_is_taken_is_said_at_once(self, people):
        self.register(people)
        people.confirm(people.browser(), password=GOOD)
        answer = self.register(people, email="bob@example.com", username="Ada")
        assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [("username", "taken")]

    def test_a_listener_refuses_an_account_and_nothing_of_it_stays(self, people):
        @people.auth.during(Registered)
        def refuse(event, tx):
            if event.fields["company"] == "Engines":
                raise RegistrationRefused("No more of these.", field="company")

        self.register(people)
        answer = people.confirm(people.browser(), password=GOOD)
        assert (answer.status_code, answer.json["title"]) == (422, "No more of these.")
        assert rows(people, accounts_table) == []
        page = people.browser().post(
            "/auth/verify-address", data={"token": people.token(), "password": GOOD}, headers=PAGE
        )
        assert "No more of these." in page.text, "the link is not spent, and the page says why"


def test_names_without_addresses_register_at_once(sqlite_url):
    with open_people(sqlite_url, accounts=Accounts(identifiers=("username",))) as people:
        assert people.register(people.browser(), "ada").status_code == 201
        assert people.sign_in(people.browser(), "ada").status_code == 200
        assert people.register(people.browser(), "Ada").status_code == 422


@pytest.mark.parametrize("mode", ["closed", "invited"])
def test_nobody_registers_where_registration_is_not_open(sqlite_url, mode):
    with open_people(sqlite_url, accounts=Accounts(registration=mode)) as people:
        assert people.browser().get("/auth/register", headers=PAGE).status_code == 404
        assert "Create an account" not in people.browser().get("/auth/sign-in", headers=PAGE).text


class TestUnverifiedMaySignIn:
    """An application that lets people in before their address is proven."""

    @pytest.fixture
    def people(self, database_url):
        with open_people(database_url, accounts=Accounts(unverified_may_sign_in=True)) as made:
            yield made

    def test_they_sign_in_at_once_and_the_link_verifies(self, people):
        browser = people.browser()
        assert people.register(browser).status_code == 202
        assert people.sign_in(browser).status_code == 200
        assert people.accounts.find(email=ADA).state is AccountState.UNVERIFIED
        assert people.confirm(browser).status_code == 200
        assert people.accounts.find(email=ADA).state is AccountState.ACTIVE

    @pytest.mark.attack("N11")
    def test_a_link_verifies_the_address_it_was_sent_to_and_no_other(self, people):
        browser = people.browser()
        people.register(browser)
        token, account = people.token(), people.accounts.find(email=ADA)
        with people.database.write() as tx:
            people.accounts.add_identifier(tx, account.id, "email", "other@example.com", verified=False)
            people.accounts.remove_identifier(tx, account.id, "email", ADA)
        assert people.confirm(browser, token).status_code == 410
        assert not people.accounts.find(email="other@example.com").verified

    def test_an_existing_address_still_answers_alike(self, people):
        people.register(people.browser())
        answer = people.register(people.browser(), ADA, BETTER)
        assert answer.status_code == 202
        assert people.sign_in(people.browser(), ADA, BETTER).status_code == 401


@pytest.mark.parametrize("confirmed_in", ["the same browser", "another one"])
def test_whoever_registers_on_the_way_to_a_page_gets_there(people, confirmed_in):
    browser = people.browser()
    form = {"identifier": ADA, "password": GOOD}
    assert browser.post("/auth/register?next=/orders?page=2", data=form, headers=PAGE).status_code == 202
    there = browser if confirmed_in == "the same browser" else people.browser()
    button = {"token": people.token(), "password": GOOD}
    confirmed = there.post("/auth/verify-address", data=button, headers=PAGE)
    assert confirmed.headers["Location"] == "/auth/sign-in?why=confirmed&next=%2Forders%3Fpage%3D2"
    arrived = there.post(confirmed.headers["Location"], data=form, headers=PAGE)
    assert (arrived.status_code, arrived.headers["Location"]) == (303, "/orders?page=2")


@pytest.mark.attack("F1")
def test_a_registration_leads_to_no_other_site(people):
    browser, form = people.browser(), {"identifier": ADA, "password": GOOD}
    assert browser.post("/auth/register?next=https://evil.example/", data=form, headers=PAGE).status_code == 202
    confirmed = browser.post("/auth/verify-address", data={"token": people.token()}, headers=PAGE)
    arrived = browser.post(confirmed.headers["Location"], data=form, headers=PAGE)
    assert (arrived.status_code, arrived.headers["Location"]) == (303, "/")


@pytest.mark.attack("N1")
def test_the_page_of_a_link_says_whose_address_it_confirms(people):
    people.register(people.browser(), "eve@example.com")
    victim = people.browser()
    assert "eve@example.com" in victim.get(people.mailbox.last("eve@example.com").link, headers=PAGE).text
