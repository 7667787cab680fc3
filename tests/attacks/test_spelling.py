"""Spellings: many ways to write one name are one name to whoever counts guesses and mails, or compares names."""

from itertools import cycle, islice

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.features.passwords.people import GOOD, ask, open_people

from ostiary import Accounts

ADA = "ada@exampleshop.example"
PHONE = "+442079460958"
EVERYTHING = Accounts(identifiers=("email", "username", "phone"))


@pytest.fixture
def people(database_url):
    with open_people(database_url, accounts=EVERYTHING) as made:
        made.accounts.create(email=ADA, username="ada", phone=PHONE, password=GOOD)
        yield made


def with_selectors(text):
    """The domain with an invisible variation selector behind one letter after another."""
    local, _, domain = text.partition("@")
    return [f"{local}@{domain[:n]}\ufe0f{domain[n:]}" for n in range(1, len(domain))]


def dotted(text):
    return [text.replace(".", dot) for dot in (".", "。", "．", "｡")]


def spaced(text, sign):
    return [text[:n] + sign + text[n:] for n in range(2, len(text) - 1)]


@pytest.mark.attack("K2")
@pytest.mark.parametrize(
    "spellings",
    [with_selectors(ADA), dotted(ADA), spaced(PHONE, " "), spaced(PHONE, "-"), ["ada", "ADA", " ada ", "\uff41da"]],
    ids=["selectors", "dots", "spaces", "dashes", "names"],
)
def test_a_spelling_of_a_name_is_no_fresh_allowance_of_guesses(people, spellings):
    codes = [
        people.sign_in(people.browser(), name, f"guess {n}").status_code
        for n, name in enumerate(islice(cycle(spellings), 30))
    ]
    assert codes.count(401) == 10
    assert set(codes[10:]) == {429}


@pytest.mark.attack("K7")
@pytest.mark.parametrize("spelling", ["Ada@ExampleShop.example", "ada@exampleshop。example"])
def test_the_owner_is_known_on_her_browser_however_she_writes_her_address(people, spelling):
    hers = people.browser()
    assert people.sign_in(hers, ADA).status_code == 200
    hers.post("/auth/sign-out")
    attacker = people.browser()
    for n in range(12):
        people.sign_in(attacker, ADA, f"guess {n}")
    assert people.sign_in(people.browser(), ADA).status_code == 429
    assert people.sign_in(hers, spelling).status_code == 200


@pytest.mark.attack("K7")
def test_the_names_of_one_account_share_what_its_mailbox_is_sent(people):
    for name in (ADA, "ada", PHONE):
        for _ in range(7):
            ask(people, name)
    assert len(people.mailbox.to(ADA)) == 5


@pytest.mark.attack("I4")
def test_a_full_mailbox_is_not_told_to_who_asks_by_another_name(people):
    for _ in range(7):
        ask(people, ADA)
    browser = people.browser()
    told = [[ask(people, name, browser).status_code for _ in range(7)] for name in ("ada", "nobody")]
    assert told[0] == told[1] == [202] * 5 + [429] * 2


@pytest.mark.attack("I4")
@pytest.mark.parametrize("kind", ["username", "phone", "email"])
def test_asking_for_a_link_is_the_same_work_for_a_name_nobody_has(database_url, kind):
    names = {
        "email": (ADA, "eve@exampleshop.example", "nobody@exampleshop.example"),
        "username": ("ada", "eve", "nobody"),
        "phone": (PHONE, "+442079460959", "+442079460950"),
    }[kind]
    # Whoever sends takes a mail out of the outbox later, in a thread or a process of its own.
    config = {"OSTIARY_MAIL_WORKER": "none"}
    with open_people(database_url, accounts=EVERYTHING, config=config) as people:
        people.accounts.create(email=ADA, username="ada", phone=PHONE, password=GOOD)
        suspended = people.accounts.create(
            email="eve@exampleshop.example", username="eve", phone="+442079460959", password=GOOD
        )
        people.accounts.suspend(suspended.id, reason="seen")
        assert ask(people, "warm").status_code == 202
        known, *others = [statements_of(lambda name=name: ask(people, name)) for name in names]
    for made in others:
        assert [one for one in made if one.startswith(("INSERT", "COMMIT"))] == [
            one for one in known if one.startswith(("INSERT", "COMMIT"))
        ]


def statements_of(act):
    """What is written while ``act`` runs, by this thread's connections: the statements, and each commit."""
    made = []

    def note(_connection, _cursor, statement, *_):
        made.append(" ".join(statement.split()))

    def committed(_connection):
        made.append("COMMIT")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", committed)
    try:
        assert act().status_code == 202
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "commit", committed)
    return made


# Names that look like each other


@pytest.mark.attack("N11")
@pytest.mark.parametrize(("taken", "wished"), [("bob0", "bobo"), ("paul", "pau1"), ("modern", "rnodern")])
@pytest.mark.parametrize("kinds", [("email", "username"), ("username",)])
def test_a_name_that_looks_like_a_taken_one_is_refused_beside_its_field(database_url, kinds, taken, wished):
    with open_people(database_url, accounts=Accounts(identifiers=kinds)) as people:
        people.accounts.create(username=taken, password=GOOD)
        body = {"username": wished, "password": GOOD} | ({"email": ADA} if "email" in kinds else {})
        answer = people.browser().post("/auth/register", json=body)
        assert (answer.status_code, answer.json["errors"][0]["field"], answer.json["errors"][0]["code"]) == (
            422,
            "username",
            "taken",
        )
        assert not people.mailbox.sent


@pytest.mark.attack("I10")
def test_a_lookalike_name_does_not_tell_whether_an_address_has_an_account(database_url):
    with open_people(
        database_url, accounts=Accounts(identifiers=("email", "username"), unverified_may_sign_in=True)
    ) as people:
        people.accounts.create(email=ADA, username="bob0", password=GOOD)
        answers = [
            people.browser().post("/auth/register", json={"email": address, "username": "bobo", "password": GOOD})
            for address in (ADA, "nobody@exampleshop.example")
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].json == answers[1].json


def test_a_name_that_is_taken_while_the_mail_is_on_its_way_is_told_so(database_url):
    with open_people(database_url, accounts=Accounts(identifiers=("email", "username"))) as people:
        browsers = people.browser(), people.browser()
        addresses = (ADA, "bob@exampleshop.example")
        for browser, address in zip(browsers, addresses, strict=True):
            body = {"email": address, "username": "ada", "password": GOOD}
            assert browser.post("/auth/register", json=body).status_code == 202
        tokens = [people.token(address) for address in addresses]
        answers = [people.confirm(browser, token) for browser, token in zip(browsers, tokens, strict=True)]
        assert [(one.status_code, one.json.get("code")) for one in answers] == [(200, None), (409, "username_taken")]
        page = browsers[1].post(
            "/auth/verify-address",
            data={"token": tokens[1]},
            headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"},
        )
        assert "register again with another one" in page.text
