"""Families of refresh tokens: begun, rotated, answered twice within the grace, and ended by theft and by everything else."""

import pytest
from tests.shop import NOON, PASSWORD, Browser
from tests.token_shop import Program, open_token_shop

from ostiary import Sessions, Tokens
from ostiary.kernel.clock import DAY, MINUTE, SECOND
from ostiary.storage.subjects import raise_epoch


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url) as made:
        yield made


@pytest.mark.must("9700-2.2.2")
def test_each_use_exchanges_a_refresh_token_for_its_successor(shop):
    program = shop.program()
    seen = {program.refresh_token}
    for _ in range(3):
        shop.clock.pass_(5 * MINUTE)
        program.take(program.refresh())
        assert program.who == "ada"
        seen.add(program.refresh_token)
    assert len(seen) == 4
    assert [row.generation for row in shop.families()] == [4]


@pytest.mark.attack("O16")
@pytest.mark.asvs("V10.4.5")
def test_a_reused_token_ends_the_family_and_its_access_tokens(shop):
    program = shop.program()
    stolen = program.refresh_token
    program.take(program.refresh())
    shop.clock.pass_(2 * MINUTE)
    answer = program.refresh(stolen)
    assert (answer.status_code, answer.json["code"], answer.json["error"]) == (400, "invalid_grant", "invalid_grant")
    assert shop.families() == []
    assert program.who == "401"
    assert program.refresh().status_code == 400
    assert shop.names().count("refresh_token_reused") == 1


def test_a_lost_answer_is_given_once_more_within_the_grace(shop):
    program = shop.program()
    first = program.refresh_token
    program.take(program.refresh())
    shop.clock.pass_(5 * SECOND)
    again = program.refresh(first)
    assert again.json["refresh_token"] == program.refresh_token
    program.take(again)
    assert program.who == "ada"
    assert [row.generation for row in shop.families()] == [2]


def test_a_token_two_generations_old_is_a_copy_however_fast(shop):
    program = shop.program()
    first = program.refresh_token
    program.take(program.refresh())
    program.take(program.refresh())
    assert program.refresh(first).status_code == 400
    assert shop.families() == []


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "0" * 26 + ".1." + "A" * 43, "\udcff", "1" * 4_000, "é" * 80])
def test_what_was_never_a_token_gives_nothing_and_ends_nothing(shop, text):
    shop.program()
    answer = shop.app.test_client().post("/auth/token/refresh", json={"refresh_token": text})
    assert answer.status_code == 400
    assert len(shop.families()) == 1


def test_a_forged_token_of_a_known_family_ends_nothing(shop):
    program = shop.program()
    id, generation, _ = program.refresh_token.split(".")
    assert program.refresh(f"{id}.{generation}.{'A' * 43}").status_code == 400
    assert program.refresh().status_code == 200


@pytest.mark.asvs("V7.3.1")
def test_a_family_that_rests_too_long_is_over(database_url):
    with open_token_shop(database_url, tokens=Tokens(refresh="30d", refresh_idle="1d")) as shop:
        program = shop.program()
        shop.clock.pass_(DAY - 1)
        program.take(program.refresh())
        shop.clock.pass_(DAY)
        assert program.refresh().status_code == 400


@pytest.mark.asvs("V7.3.2")
@pytest.mark.asvs("V10.4.8")
def test_a_family_ends_however_often_it_is_used(database_url):
    with open_token_shop(database_url, tokens=Tokens(refresh="2d", refresh_idle="1d", access="15m")) as shop:
        program = shop.program()
        for _ in range(3):
            shop.clock.pass_(15 * 60 * MINUTE)
            program.take(program.refresh())
        shop.clock.at = NOON + 2 * DAY - 1
        answer = program.refresh()
        program.take(answer)
        assert answer.json["expires_in"] <= 1, "an access token lives no longer than what it is renewed by"
        shop.clock.at = NOON + 2 * DAY
        assert program.refresh().status_code == 400


@pytest.mark.attack("C23")
def test_the_epoch_ends_a_family_and_its_access_tokens_at_once(shop):
    program = shop.program()
    with shop.database.write() as tx:
        raise_epoch(tx, "ada", now=shop.clock.at)
    assert program.who == "401"
    assert program.refresh().status_code == 400


def test_revoking_all_of_one_subject_leaves_the_others(shop):
    ada, bob = shop.program(), Program(shop, shop.token(identifier="bob", password=PASSWORD))
    with shop.app.app_context():
        shop.auth.tokens.revoke_all("ada")
    assert (ada.who, bob.who) == ("401", "bob")
    assert (ada.refresh().status_code, bob.refresh().status_code) == (400, 200)
    assert [row.subject for row in shop.families()] == ["bob"]


@pytest.mark.attack("W1")
def test_a_row_holds_nothing_that_could_be_presented(shop):
    program = shop.program()
    secret = program.refresh_token.split(".")[2]
    assert secret not in repr(shop.families())


def test_a_listener_that_refuses_leaves_no_family(shop):
    from ostiary.kernel.events import SignInSucceeded

    @shop.auth.during(SignInSucceeded)
    def refuse(event, tx):
        raise RuntimeError

    assert shop.token().status_code == 500
    assert shop.families() == []


# Beside a session


@pytest.fixture
def both(database_url):
    with open_token_shop(database_url, Sessions()) as made:
        made.app.add_url_rule("/in", "ada", lambda: made.auth.sign_in("ada").response(), methods=["POST"])
        yield made


def _beside(both) -> tuple[Browser, Program]:
    browser = both.browser()
    assert browser.post("/in").status_code == 200
    return browser, Program(both, browser.post("/vouch/ada"))


def test_signing_out_ends_what_was_issued_beside_the_session(both):
    browser, program = _beside(both)
    apart = both.program()
    assert program.who == "ada"
    assert browser.post("/leave").status_code == 200
    assert (program.who, apart.who) == ("401", "ada")
    assert program.refresh().status_code == 400


def test_a_session_that_is_ended_elsewhere_takes_its_tokens_along(both):
    _, program = _beside(both)
    with both.app.app_context():
        (device,) = both.auth.sessions.list("ada")
        both.auth.sessions.end(device.id)
    assert program.who == "401"


def test_a_session_that_is_replaced_keeps_its_tokens(both):
    browser, program = _beside(both)
    assert browser.post("/in").status_code == 200
    assert program.who == "ada"
    browser.post("/leave")
    assert program.who == "401"


def test_another_person_on_the_same_browser_ends_the_tokens_of_the_one_before(both):
    both.app.add_url_rule("/in/bob", "bob", lambda: both.auth.sign_in("bob").response(), methods=["POST"])
    browser, program = _beside(both)
    assert browser.post("/in/bob").status_code == 200
    assert program.who == "401"


def test_signing_out_the_others_keeps_the_tokens_of_this_session(both):
    browser, program = _beside(both)
    apart = both.program()
    assert browser.post("/leave?scope=others").status_code == 200
    assert apart.refresh().status_code == 400
    # Its access token is of before; its refresh token lives on.
    program.take(program.refresh())
    assert program.who == "ada"


def test_a_subject_without_a_session_of_her_own_gets_tokens_that_stand_alone(both):
    browser, _ = _beside(both)
    bob = Program(both, browser.post("/vouch/bob"))
    browser.post("/leave")
    assert bob.who == "bob"
