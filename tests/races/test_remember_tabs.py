"""Races for a remembered browser: tabs that are restored at once, theft, sign-out and suspension in between."""

import json
import subprocess
import sys

import pytest
from tests.races.test_sign_out_everywhere import at_once, migrate
from tests.remembering import REMEMBER, SESSION, close, copy_of, open_remembering_shop, remembered, series
from tests.shop import FrozenClock

from ostiary import Sessions
from ostiary.kernel.clock import DAY, HOUR

ROUNDS = 4
TABS = 20


@pytest.fixture
def shop(database_url):
    with open_remembering_shop(database_url, clock=FrozenClock()) as made:
        made.runtime.database.engine()
        yield made


def _tabs(shop, browser, count=TABS):
    return [copy_of(browser, shop) for _ in range(count)]


# Twenty tabs


@pytest.mark.attack("H9")
@pytest.mark.asvs("V15.4.2")
def test_twenty_tabs_restored_at_once_are_one_session_and_all_of_them_are_let_in(shop) -> None:
    browser = close(remembered(shop))
    for round in range(1, ROUNDS + 1):
        tabs = _tabs(shop, browser)
        answers = at_once(*[lambda tab=tab: tab.get("/account") for tab in tabs])
        assert [answer.status_code for answer in answers] == [200] * TABS
        assert {answer.json["subject"] for answer in answers} == {"ada"}
        # Whichever answer the browser keeps, it keeps the same.
        assert len({(tab.cookie(SESSION), tab.cookie(REMEMBER)) for tab in tabs}) == 1
        (session,), (row,) = shop.rows(), series(shop)
        assert (row.generation, row.session) == (round + 1, session.id)
        assert shop.named("ada").count("sign_in_succeeded") == round + 1
        assert all(tab.who == "ada" for tab in tabs)
        shop.clock.pass_(HOUR)
        browser = close(tabs[0])
    assert "remember_token_reused" not in shop.named("ada")


@pytest.mark.attack("H9")
def test_tabs_that_send_forms_are_all_heard(shop) -> None:
    tabs = _tabs(shop, close(remembered(shop)), 8)
    answers = at_once(*[lambda tab=tab: tab.post("/note") for tab in tabs])
    assert [answer.json for answer in answers] == [{"by": "ada"}] * 8
    assert (len(shop.rows()), series(shop)[0].generation) == (1, 2)


@pytest.mark.attack("H9")
@pytest.mark.asvs("V15.4.3")
@pytest.mark.attack("S26")
@pytest.mark.parametrize("at_most", [None, 1])
def test_with_one_connection_and_one_session_allowed_everybody_gets_an_answer(database_url, at_most) -> None:
    with open_remembering_shop(
        database_url, clock=FrozenClock(), pool_size=1, sessions=Sessions(at_most=at_most)
    ) as shop:
        tabs = _tabs(shop, close(remembered(shop)))
        assert at_once(*[lambda tab=tab: tab.who for tab in tabs]) == ["ada"] * TABS
        assert len(shop.rows()) == 1


RESTORE = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.remembering import REMEMBER, SESSION, open_remembering_shop
from tests.races.test_sign_out_everywhere import at_once
from tests.shop import FrozenClock
with open_remembering_shop(sys.argv[1], clock=FrozenClock()) as shop:
    shop.runtime.database.engine()
    tabs = [shop.browser() for _ in range(5)]
    for tab in tabs:
        tab.set_cookie(REMEMBER, sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    answers = at_once(*[lambda tab=tab: tab.get("/account").status_code for tab in tabs])
    print(json.dumps([answers, sorted({f"{tab.cookie(SESSION)} {tab.cookie(REMEMBER)}" for tab in tabs})]))
"""


@pytest.mark.attack("H9")
@pytest.mark.asvs("V15.4.2")
def test_tabs_that_several_processes_answer_are_one_session(database_url) -> None:
    migrate(database_url)
    with open_remembering_shop(database_url, clock=FrozenClock()) as shop:
        token = close(remembered(shop)).cookie(REMEMBER)
        command = [sys.executable, "-c", RESTORE, database_url, token]
        children = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
        ]
        assert [child.stdout.readline().strip() for child in children] == ["ready"] * 4
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [json.loads(child.communicate(timeout=60)[0]) for child in children]
        assert [status for answers, _ in told for status in answers] == [200] * 20
        assert len({pair for _, pairs in told for pair in pairs}) == 1
        assert (len(shop.rows()), len(series(shop)), series(shop)[0].generation) == (1, 1, 2)
        assert shop.named("ada").count("sign_in_succeeded") == 2


# What comes in between


@pytest.mark.attack("H9")
def test_a_thief_and_the_owner_at_once_leave_nobody_signed_in(shop) -> None:
    for _ in range(ROUNDS):
        owner = close(remembered(shop))
        thief = copy_of(owner, shop)
        assert thief.who == "ada"
        shop.clock.pass_(DAY)
        copies = [copy_of(owner, shop) for _ in range(4)]
        # The thief goes on with his successor while the owner's tabs show the token that he has used.
        at_once(
            lambda thief=thief: close(thief).get("/account"), *[lambda tab=tab: tab.get("/account") for tab in copies]
        )
        assert [browser.who for browser in (thief, *copies)] == [""] * 5
        assert (series(shop), shop.rows()) == ([], [])
    assert shop.named("ada").count("remember_token_reused") == ROUNDS, "told once, however many tabs found out"


@pytest.mark.attack("H10")
@pytest.mark.attack("S18")
@pytest.mark.asvs("V7.4.2")
@pytest.mark.parametrize("how", ["suspended", "everywhere", "others"])
def test_no_browser_comes_in_past_what_ends_them_all(shop, how) -> None:
    for _ in range(ROUNDS):
        tabs = _tabs(shop, close(remembered(shop)), 4)
        other = shop.browser()
        other.vouch("ada")
        ends = {
            "suspended": shop.suspend,
            "everywhere": lambda other=other: other.post("/leave?scope=everywhere"),
            "others": lambda other=other: other.post("/leave?scope=others"),
        }
        at_once(ends[how], *[lambda tab=tab: tab.get("/account") for tab in tabs])
        assert [tab.who for tab in tabs] == [""] * 4
        assert other.who == ("ada" if how == "others" else "")


@pytest.mark.attack("S19")
@pytest.mark.asvs("V6.5.6")
@pytest.mark.parametrize("how", ["session", "series"])
def test_a_browser_that_is_ended_while_it_comes_back_is_out(shop, how) -> None:
    for _ in range(ROUNDS):
        tabs = _tabs(shop, close(remembered(shop)), 4)
        (row,) = series(shop)

        def end(row=row) -> None:
            with shop.app.test_request_context():
                if how == "series":
                    shop.auth.remember_me.end(row.id)
                else:
                    shop.auth.sessions.end(row.session)

        at_once(end, *[lambda tab=tab: tab.get("/account") for tab in tabs])
        if how == "series":
            assert [tab.who for tab in tabs] == [""] * 4
            assert (series(shop), shop.rows()) == ([], [])
        else:
            # That session is over, whichever came first; the browser is out unless it had another one by then.
            assert row.session not in [session.id for session in shop.rows()]
            assert len({tab.who for tab in tabs}) == 1
            with shop.app.test_request_context():
                shop.auth.sessions.end_all("ada")


@pytest.mark.attack("S19")
def test_signing_out_in_one_tab_while_the_others_are_restored_is_for_all_of_them(shop) -> None:
    for _ in range(ROUNDS):
        browser = close(remembered(shop))
        tabs = _tabs(shop, browser, 4)
        at_once(lambda browser=browser: browser.post("/leave"), *[lambda tab=tab: tab.get("/account") for tab in tabs])
        assert [tab.who for tab in (browser, *tabs)] == [""] * 5
        assert (series(shop), shop.rows()) == ([], [])
