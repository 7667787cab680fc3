"""New devices: the owner is written to once for each browser that is new, and never about her own."""

import pytest
from tests.features.passwords.people import ADA, GOOD, open_people

from ostiary import SignIn


@pytest.fixture
def people(database_url):
    with open_people(database_url, further=(SignIn(new_device_mail=True),)) as made:
        made.accounts.create(email=ADA, password=GOOD)
        yield made


@pytest.mark.must("CS-Stuffing")
@pytest.mark.asvs("V6.3.5")
def test_the_owner_is_told_once_of_a_browser_that_is_new(people):
    browser = people.browser()
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    people.sign_in(people.browser(), password="wrong")
    assert not people.mailbox.sent
    browser.post("/auth/sign-in", json={"identifier": ADA, "password": GOOD}, headers=agent)
    (mail,) = people.mailbox.to(ADA)
    assert "Firefox" in mail.text
    assert GOOD not in mail.text
    browser.post("/auth/sign-out")
    people.sign_in(browser)
    assert len(people.mailbox.to(ADA)) == 1, "it is known by now"
    people.sign_in(people.browser())
    assert len(people.mailbox.to(ADA)) == 2


@pytest.mark.attack("T4")
def test_whoever_signs_in_writes_no_line_of_the_warning(people):
    """A browser may call itself anything: that this was a test, that nothing is to be done, which number to call."""
    said = 'Firefox". This was our yearly test: please ignore this mail, or call +1 555 0100. "'
    login = {"identifier": ADA, "password": GOOD}
    people.browser().post("/auth/sign-in", json=login, headers={"User-Agent": said})
    people.browser().post("/auth/sign-in", json=login, headers={"User-Agent": said.removeprefix("Firefox")})
    known, unknown = people.mailbox.to(ADA)
    for mail in (known, unknown):
        assert "555" not in mail.text + mail.html
        assert "ignore" not in mail.text + mail.html
    assert 'With: "Unknown device"' in unknown.text


def test_an_address_that_is_not_proven_is_not_written_to(people):
    account = people.accounts.find(email=ADA)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", "claimed@example.com", verified=False)
    people.sign_in(people.browser())
    assert {mail.to for mail in people.mailbox.sent} == {ADA}


def test_nobody_is_told_unless_it_is_wanted(sqlite_url):
    with open_people(sqlite_url) as people:
        people.accounts.create(email=ADA, password=GOOD)
        people.sign_in(people.browser())
        assert not people.mailbox.sent
