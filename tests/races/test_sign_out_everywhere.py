"""Races: signing in against signing out everywhere, suspension and each other, from threads and from processes."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from tests.shop import FrozenClock, open_shop

from ostiary import Sessions
from ostiary.kernel.factor import Evidence
from ostiary.kernel.principal import ANONYMOUS
from ostiary.storage.database import Database

ROUNDS = 6


def migrate(url):
    """Bring the database up to date before anybody races for it."""
    database = Database.from_url(url, migrates_itself=True)
    database.engine()
    database.close()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What the acts answer, each in a thread of its own, all begun at the same instant. Whatever one raises is raised."""
    barrier = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)
    failures: list[BaseException] = []

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            barrier.wait()
            answers[number] = act()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answers


@pytest.fixture
def shop(database_url):
    with open_shop(database_url, clock=FrozenClock()) as made:
        made.runtime.database.engine()
        yield made


def _enter(shop, evidence: Evidence) -> None:
    with shop.app.test_request_context():
        shop.app.extensions["ostiary"].way_in.enter(evidence, present=ANONYMOUS, pending=None)


def _end_all(shop) -> None:
    with shop.app.test_request_context():
        shop.auth.sessions.end_all("ada")


# Evidence from before the raise


@pytest.mark.attack("S18")
@pytest.mark.attack("S19")
@pytest.mark.attack("H26")
@pytest.mark.asvs("V7.4.2")
@pytest.mark.parametrize("how", ["signed out", "suspended", "both"])
def test_no_proof_from_before_a_raise_makes_a_session_that_lives(shop, how) -> None:
    for _ in range(ROUNDS):
        shop.clock.pass_(3_600_000)  # so that the guesses of each round are counted apart
        with shop.app.test_request_context():
            proven = [shop.auth.passwords.verify("ada", "correct horse battery staple") for _ in range(3)]
        raises = [lambda: _end_all(shop)] * (how != "suspended") + [shop.suspend] * (how != "signed out")
        at_once(*[lambda evidence=evidence: _enter(shop, evidence) for evidence in proven], *raises)
        # Nothing else is raised: whichever came first, what rests on the old proofs is dead.
        assert shop.live() == []
    browser = shop.browser()
    browser.sign_in()
    assert browser.who == "ada", "and a proof from after it is as good as ever"


@pytest.mark.attack("S18")
@pytest.mark.attack("H4")
def test_a_proof_that_is_added_while_she_is_signed_out_brings_back_nothing_she_proved_before(shop) -> None:
    for _ in range(ROUNDS):
        browser = shop.browser()
        browser.vouch("ada", "password")
        at_once(lambda browser=browser: browser.vouch("ada", "totp"), lambda: _end_all(shop))
        live = set(shop.live())
        # A session of the new proof alone may stand: it was proven, and perhaps after the sign-out.
        assert [row.factors for row in shop.rows("ada") if row.id in live and "password" in row.factors] == []
        _end_all(shop)


@pytest.mark.attack("S19")
@pytest.mark.attack("H26")
@pytest.mark.asvs("V7.4.1")
def test_two_browsers_that_sign_out_each_other_leave_at_most_one(shop) -> None:
    for _ in range(ROUNDS):
        one, two, third = shop.browser(), shop.browser(), shop.browser()
        for browser in (one, two, third):
            browser.vouch("ada")
        at_once(lambda one=one: one.post("/leave?scope=others"), lambda two=two: two.post("/leave?scope=others"))
        assert third.who == ""
        assert [one.who, two.who].count("ada") <= 1
        _end_all(shop)


@pytest.mark.attack("H4")
@pytest.mark.attack("S19")
@pytest.mark.asvs("V7.4.1")
def test_requests_under_way_do_not_bring_back_a_session_that_is_ended(shop) -> None:
    for _ in range(ROUNDS):
        browser = shop.browser()
        browser.vouch("ada")
        copies = [shop.browser() for _ in range(4)]
        for copy in copies:
            copy.set_cookie("ostiary_session", browser.cookie())
        shop.clock.pass_(120_000)  # every one of them is due to note that it was seen
        at_once(
            *[lambda copy=copy: copy.get("/account") for copy in copies], lambda browser=browser: browser.post("/leave")
        )
        assert [copy.get("/account").status_code for copy in copies] == [401] * 4
        assert shop.rows() == []


# How many at once


@pytest.mark.asvs("V7.1.2")
@pytest.mark.asvs("V15.4.2")
def test_however_many_sign_in_at_once_no_more_than_allowed_live(database_url) -> None:
    with open_shop(database_url, clock=FrozenClock(), sessions=Sessions(at_most=2)) as shop:
        for _ in range(ROUNDS):
            answers = at_once(*[lambda: shop.browser().vouch("ada").status_code] * 6)
            assert answers == [200] * 6
            assert len(shop.live()) == 2
        ended = [detail["reason"] for name, _, detail in shop.audit("ada") if name == "session_ended"]
        assert ended == ["too_many"] * (6 * ROUNDS - 2)


@pytest.mark.asvs("V7.1.2")
@pytest.mark.asvs("V15.4.3")
def test_a_browser_that_signs_in_again_and_a_new_one_do_not_wait_for_each_other_for_ever(database_url) -> None:
    with open_shop(database_url, clock=FrozenClock(), sessions=Sessions(at_most=1)) as shop:
        known = shop.browser()
        known.vouch("ada")
        for _ in range(2 * ROUNDS):
            assert (
                at_once(
                    lambda: known.vouch("ada").status_code,
                    lambda: shop.browser().vouch("ada").status_code,
                    lambda: known.vouch("ada").status_code,
                )
                == [200] * 3
            )
            assert len(shop.live()) == 1


@pytest.mark.asvs("V15.4.1")
@pytest.mark.asvs("V15.4.3")
@pytest.mark.attack("S26")
def test_with_one_connection_in_the_pool_everybody_gets_an_answer(database_url) -> None:
    with open_shop(database_url, clock=FrozenClock(), pool_size=1) as shop:

        def visit() -> str:
            browser = shop.browser()
            assert browser.vouch("ada").status_code == 200
            assert browser.get("/auth/sessions").status_code == 200
            assert browser.get("/account").status_code == 200
            assert browser.post("/leave").status_code == 200
            return browser.who

        assert at_once(*[visit] * 12) == [""] * 12
        assert shop.rows() == []
        assert sorted(shop.named()) == ["sign_in_succeeded"] * 12 + ["signed_out"] * 12


# From processes

# Each has its proof before the race begins, and tells so.
ENTER = """
import os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import Shop
from ostiary.kernel.principal import ANONYMOUS
shop = Shop(sys.argv[1])
way_in = shop.app.extensions["ostiary"].way_in
for line in sys.stdin:
    with shop.app.test_request_context():
        evidence = shop.auth.passwords.verify("ada", "correct horse battery staple")
        print("proven", flush=True)
        sys.stdin.readline()
        entered = way_in.enter(evidence, present=ANONYMOUS, pending=None)
        print(entered.principal.credential.id, flush=True)
shop.close()
"""

GUESS = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import FrozenClock, Shop
from ostiary import SignInRefused
from ostiary.features.sign_in import Guess, SignInActions, WrongProof
shop = Shop(sys.argv[1], clock=FrozenClock())
actions = shop.runtime.action("sign_in", SignInActions)
sys.stdin.readline()
answers = []
for _ in range(8):
    with shop.app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"}):
        try:
            actions.attempt(Guess(method="password", identifier="ada"), lambda: WrongProof("ada"))
        except SignInRefused as refused:
            answers.append(refused.status)
print(json.dumps(answers))
shop.close()
"""

FINISH = """
import os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import FrozenClock, Shop
from ostiary import SignIn
shop = Shop(sys.argv[1], clock=FrozenClock(), sign_in=SignIn(policy=2, vouches=("totp",)))
shop.runtime.database.engine()
browser = shop.browser()
browser.set_cookie("ostiary_pending", sys.argv[2])
sys.stdin.readline()
browser.vouch("ada", "totp")
print(browser.who or "nobody")
shop.close()
"""


class _Children:
    """Processes of one program, told together what to do next."""

    def __init__(self, program: str, count: int, *arguments: str) -> None:
        command = [sys.executable, "-c", program, *arguments]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]

    def tell(self) -> None:
        for process in self.processes:
            process.stdin.write("go\n")
            process.stdin.flush()

    def hear(self) -> list[str]:
        return [process.stdout.readline().strip() for process in self.processes]

    def end(self) -> list[str]:
        outputs = [process.communicate(timeout=60)[0] for process in self.processes]
        assert [process.returncode for process in self.processes] == [0] * len(self.processes)
        return outputs


@pytest.mark.attack("S18")
@pytest.mark.attack("H26")
@pytest.mark.asvs("V7.4.2")
def test_processes_that_had_their_proof_before_a_suspension_leave_nothing_that_lives(database_url) -> None:
    migrate(database_url)
    children = _Children(ENTER, 3, database_url)
    with open_shop(database_url) as shop:
        started = []
        for _ in range(3):
            children.tell()
            assert children.hear() == ["proven"] * 3
            children.tell()
            shop.suspend()
            started += children.hear()
            assert shop.live() == []
        children.end()
        assert len(set(started)) == 9
        # Every sign-in that was answered is on record, once.
        assert shop.named("ada") == ["sign_in_succeeded"] * 9


@pytest.mark.asvs("V6.3.1")
@pytest.mark.attack("K1")
@pytest.mark.attack("S15")
@pytest.mark.attack("S16")
def test_of_the_guesses_of_several_processes_exactly_as_many_as_allowed_are_evaluated(database_url) -> None:
    migrate(database_url)
    children = _Children(GUESS, 3, database_url)
    children.tell()
    answers = [status for output in children.end() for status in json.loads(output)]
    assert (answers.count(401), answers.count(429)) == (10, 14)
    with open_shop(database_url) as shop:
        assert shop.named("ada") == ["sign_in_failed"] * 10


@pytest.mark.asvs("V2.3.4")
@pytest.mark.attack("L8")
def test_of_the_processes_that_finish_one_pending_sign_in_at_once_one_is_signed_in(database_url) -> None:
    from ostiary import SignIn

    migrate(database_url)
    with open_shop(database_url, clock=FrozenClock(), sign_in=SignIn(policy=2, vouches=("totp",))) as shop:
        browser = shop.browser()
        browser.vouch("ada", "password")
        children = _Children(FINISH, 4, database_url, browser.cookie("ostiary_pending"))
        children.tell()
        assert sorted(output.strip() for output in children.end()) == ["ada"] + ["nobody"] * 3
        assert len(shop.rows()) == 1
