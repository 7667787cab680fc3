"""Invitations: an account by a mailed link where not everybody may register, made once, and by nobody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.features.passwords.people import ADA, GOOD, PAGE, open_people

from ostiary import Accounts, Field
from ostiary.features.accounts import IdentifierTaken
from ostiary.kernel.clock import DAY
from ostiary.kernel.errors import ConfigurationError, ValidationFailed

INVITED = Accounts(
    identifiers=("email", "username"), registration="invited", fields=[Field("city"), Field("age", int, required=False)]
)
ENTERED = {"username": "ada", "city": "London", "password": GOOD}


@pytest.fixture
def people(database_url):
    with open_people(database_url, accounts=INVITED) as made:
        yield made


def accept(people, token=None, browser=None, **entered):
    body = {"token": token or people.token(), **ENTERED, **entered}
    return (browser or people.browser()).post("/auth/accept-invitation", json=body)


def test_whoever_is_invited_has_an_account_with_a_proven_address(people):
    invitation = people.passwords.invite("Ada@Example.com")
    assert (invitation.email, invitation.roles) == ("Ada@example.com", ())
    answer = accept(people)
    account = people.accounts.find(email=ADA)
    assert (answer.status_code, answer.json) == (201, {"account": account.id})
    assert account.verified
    assert (account.username, account.attributes) == ("ada", {"city": "London", "age": None})
    assert people.sign_in(people.browser(), "ada", GOOD).status_code == 200
    assert people.named()[:2] == ["invited", "registered"]


def test_in_a_browser_the_token_leaves_the_address_and_the_form_comes_back_with_what_is_wrong(people):
    people.passwords.invite(ADA)
    browser = people.browser()
    there = browser.get(people.mailbox.last(ADA).link, headers=PAGE)
    assert (there.status_code, there.headers["Location"]) == (303, "/auth/accept-invitation")
    page = browser.get("/auth/accept-invitation", headers=PAGE)
    assert f"You are invited as {ADA}." in page.text
    assert 'name="email"' not in page.text
    again = browser.post("/auth/accept-invitation", data={"username": "ada", "password": "short"}, headers=PAGE)
    assert again.status_code == 422
    assert "at least 15 characters" in again.text
    assert 'value="ada"' in again.text
    assert "short" not in again.text
    done = browser.post("/auth/accept-invitation", data=ENTERED, headers=PAGE)
    assert (done.status_code, done.headers["Location"]) == (303, "/auth/sign-in?why=registered")
    assert browser.cookie("ostiary_invitation") is None


@pytest.mark.attack("N1")
def test_the_link_alone_decides_whose_account_it_is(people):
    people.passwords.invite(ADA)
    answer = accept(people, email="eve@example.com", verified=True, roles=["admin"])
    assert answer.status_code == 201
    assert people.accounts.find(email="eve@example.com") is None


@pytest.mark.attack("S24")
def test_an_invitation_that_is_accepted_by_many_at_once_is_one_account(people):
    people.passwords.invite(ADA)
    token = people.token()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: accept(people, token, username=f"ada{n}").status_code, range(8)))
    assert sorted(answers) == [201] + [410] * 7
    assert people.named().count("registered") == 1


def test_two_invitations_of_one_address_are_one_account(people):
    tokens = []
    for _ in range(2):
        people.passwords.invite(ADA)
        tokens.append(people.token())
    assert [accept(people, token, username=name).status_code for token, name in zip(tokens, "ab", strict=True)] == [
        201,
        410,
    ]


@pytest.mark.parametrize("how", ["used", "withdrawn", "old", "forged", "of a reset"])
def test_a_link_that_is_not_good_makes_nothing_and_says_so(people, how):
    invitation = people.passwords.invite(ADA)
    token, browser = people.token(), people.browser()
    if how == "used":
        accept(people)
    elif how == "withdrawn":
        assert people.passwords.withdraw_invitation(invitation.id)
        assert not people.passwords.withdraw_invitation(invitation.id)
    elif how == "old":
        people.clock.pass_(7 * DAY)
    elif how == "forged":
        token = f"{token.partition('.')[0]}.{'A' * 43}"
    else:
        people.accounts.create(email="bob@example.com", fields={"city": "Rome"})
        browser.post("/auth/forgot-password", json={"identifier": "bob@example.com"})
        token = people.token("bob@example.com")
    assert accept(people, token, username="other").status_code == 410
    assert people.accounts.find(username="other") is None
    page = browser.get(f"/auth/accept-invitation?token={token}", headers=PAGE, follow_redirects=True)
    assert page.status_code == 410
    assert ADA not in page.text


def test_a_name_that_is_taken_leaves_the_link_good(people):
    people.accounts.create(username="ada", fields={"city": "Rome"})
    people.passwords.invite(ADA)
    refused = accept(people)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "username")
    assert accept(people, username="lovelace").status_code == 201


def test_only_what_could_be_an_account_is_invited(people):
    people.accounts.create(email=ADA, fields={"city": "Rome"})
    with pytest.raises(IdentifierTaken):
        people.passwords.invite("ADA@example.com")
    for address in ("", "ada", "a@b@c", "ada@example.com\nBcc: eve@example.com"):
        with pytest.raises(ValidationFailed):
            people.passwords.invite(address)
    assert not people.mailbox.sent


def test_nobody_registers_without_an_invitation(people):
    assert people.register(people.browser()).status_code == 404
    assert people.browser().post("/auth/accept-invitation", json=ENTERED).status_code == 410


@pytest.mark.parametrize(("registration", "invites"), [("open", True), ("closed", False)])
def test_people_are_invited_wherever_accounts_can_be_made_by_link(sqlite_url, registration, invites):
    with open_people(sqlite_url, accounts=Accounts(registration=registration)) as people:
        if invites:
            people.passwords.invite(ADA)
            assert (
                people.browser()
                .post("/auth/accept-invitation", json={"token": people.token(), "password": GOOD})
                .status_code
                == 201
            )
            return
        with pytest.raises(ConfigurationError, match='registration="invited"'):
            people.passwords.invite(ADA)
        assert people.browser().get("/auth/accept-invitation").status_code == 404


@pytest.mark.attack("J18")
def test_the_log_and_the_table_hold_no_address_and_no_link(people):
    from sqlalchemy import select

    from ostiary.features.audit_log.store import audit
    from ostiary.features.one_time_tokens.store import one_time_tokens

    people.passwords.invite(ADA)
    secret = people.token().partition(".")[2]
    with people.database.read() as connection:
        rows = str([tuple(row) for table in (audit, one_time_tokens) for row in connection.execute(select(table))])
    assert "invited" in rows
    assert ADA not in rows
    assert secret not in rows


@pytest.mark.parametrize(("kinds", "readonly"), [(("email",), True), (("email", "username"), False)])
def test_a_manager_saves_the_password_of_whoever_was_invited_under_her_name(database_url, kinds, readonly):
    with open_people(database_url, accounts=Accounts(identifiers=kinds, registration="invited")) as people:
        people.passwords.invite(ADA)
        browser = people.browser()
        browser.get("/auth/accept-invitation", query_string={"token": people.token()}, headers=PAGE)
        page = browser.get("/auth/accept-invitation", headers=PAGE)
        (field,) = [line for line in page.text.split("<input")[1:] if 'autocomplete="username"' in line]
        assert ((f'value="{ADA}"' in field), (" readonly" in field)) == (readonly, readonly)
        # The link alone says whose account it is.
        form = {"username": "eve", "email": "eve@evil.example", "password": GOOD}
        assert browser.post("/auth/accept-invitation", data=form, headers=PAGE).status_code == 303
        assert people.accounts.find(email=ADA) is not None
        assert people.accounts.find(email="eve@evil.example") is None
