"""Races: suspending and closing an account while it signs in, from threads and from processes."""

import subprocess
import sys
import threading

import pytest
from tests.shop import FrozenClock, hashed, open_shop

from ostiary import Accounts, SignInRefused
from ostiary.features.accounts import AccountActions, AccountState
from ostiary.kernel.principal import ANONYMOUS
from ostiary.storage.database import Database

ROUNDS = 6
PASSWORD = "correct horse battery staple"
SETTINGS = Accounts(identifiers=("email", "username"))


class Users:
    """Everybody has the same password; the names are those of the accounts."""

    def __init__(self):
        self.accounts = None

    def __call__(self, name):
        account = self.accounts.find_by_identifier(name) if self.accounts else None
        return None if account is None else (account.id, hashed())


@pytest.fixture
def shop(database_url):
    users = Users()
    with open_shop(database_url, clock=FrozenClock(), users=users, further=[SETTINGS]) as made:
        made.runtime.database.engine()
        users.accounts = made.runtime.action("accounts", AccountActions)
        yield made


@pytest.fixture
def accounts(shop):
    return shop.runtime.action("accounts", AccountActions)


def at_once(*acts):
    """Begin every act at the same instant; whatever one raises is raised."""
    barrier, failures = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def sign_in(shop):
    """The whole of it: the password proven, and a session begun, unless the account may not."""
    with shop.app.test_request_context():
        try:
            evidence = shop.auth.passwords.verify("ada", PASSWORD)
            shop.app.extensions["ostiary"].way_in.enter(evidence, present=ANONYMOUS, pending=None)
        except SignInRefused:
            pass


@pytest.mark.attack("S18")
@pytest.mark.asvs("V7.4.2")
@pytest.mark.parametrize("verb", ["suspend", "close"])
def test_whichever_comes_first_nothing_that_lives_is_left_of_a_sign_in(shop, accounts, verb):
    for _ in range(ROUNDS):
        shop.clock.pass_(3_600_000)  # so that the guesses of each round are counted apart
        ada = accounts.create(username="ada")
        shut = (
            (lambda a=ada: accounts.suspend(a, reason="fraud"))
            if verb == "suspend"
            else lambda a=ada: accounts.close(a)
        )
        at_once(*[lambda: sign_in(shop)] * 3, shut)
        assert shop.live(ada.id) == []
        assert accounts.get(ada.id).state is (AccountState.SUSPENDED if verb == "suspend" else AccountState.CLOSED)
        _forget(shop)


@pytest.mark.attack("S18")
@pytest.mark.asvs("V7.4.2")
def test_a_proof_from_before_a_suspension_is_worth_nothing_after_the_restoration(shop, accounts):
    ada = accounts.create(username="ada")
    with shop.app.test_request_context():
        evidence = shop.auth.passwords.verify("ada", PASSWORD)
    accounts.suspend(ada, reason="fraud")
    accounts.restore(ada)
    with shop.app.test_request_context():
        shop.app.extensions["ostiary"].way_in.enter(evidence, present=ANONYMOUS, pending=None)
    assert shop.live(ada.id) == []
    sign_in(shop)
    assert len(shop.live(ada.id)) == 1


@pytest.mark.attack("S18")
def test_a_suspension_between_the_question_and_the_session_leaves_nothing_that_lives(shop, accounts):
    """The very interleaving: the gate has said yes, and the session is not begun yet."""
    ada = accounts.create(username="ada")
    with shop.app.test_request_context():
        way_in = shop.app.extensions["ostiary"].way_in
        evidence = shop.auth.passwords.verify("ada", PASSWORD)
        concluded = way_in._sign_in.conclude(evidence)
        accounts.suspend(ada, reason="fraud")
        with shop.database.write() as tx:
            way_in._sessions.start(tx, concluded)
    assert shop.live(ada.id) == []


@pytest.mark.asvs("V15.4.2")
def test_suspending_restoring_and_closing_at_once_ends_in_a_state_of_the_table(shop, accounts):
    for _ in range(ROUNDS):
        ada = accounts.create(username="ada")
        accounts.suspend(ada, reason="first")

        def restore(a=ada):
            try:
                accounts.restore(a)
            except Exception as error:
                assert type(error).__name__ == "WrongState"

        at_once(restore, restore, lambda a=ada: accounts.close(a))
        assert accounts.get(ada.id).state is AccountState.CLOSED
        _forget(shop)


def _forget(shop):
    """The next round's Ada is another account."""
    from ostiary.features.accounts.store import accounts as table

    with shop.database.write() as tx:
        tx.execute(table.delete())


ENTER = """
import os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.races.test_suspension_against_sign_in import PASSWORD, SETTINGS, Users
from tests.shop import Shop
from ostiary import SignInRefused
from ostiary.features.accounts import AccountActions
from ostiary.kernel.principal import ANONYMOUS
users = Users()
shop = Shop(sys.argv[1], users=users, further=[SETTINGS])
users.accounts = shop.runtime.action("accounts", AccountActions)
way_in = shop.app.extensions["ostiary"].way_in
for line in sys.stdin:
    with shop.app.test_request_context():
        evidence = shop.auth.passwords.verify(line.strip(), PASSWORD)
        print("proven", flush=True)
        sys.stdin.readline()
        try:
            way_in.enter(evidence, present=ANONYMOUS, pending=None)
            print("entered", flush=True)
        except SignInRefused:
            print("refused", flush=True)
shop.close()
"""


@pytest.mark.attack("S18")
@pytest.mark.asvs("V7.4.2")
def test_processes_that_had_their_proof_before_a_suspension_leave_nothing_that_lives(database_url):
    database = Database.from_url(database_url, migrates_itself=True)
    database.engine()
    database.close()
    command = [sys.executable, "-c", ENTER, database_url]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]

    def tell(line):
        for child in children:
            child.stdin.write(f"{line}\n")
            child.stdin.flush()

    def hear():
        return [child.stdout.readline().strip() for child in children]

    with open_shop(database_url, further=[SETTINGS]) as shop:
        accounts = shop.runtime.action("accounts", AccountActions)
        for number in range(3):
            ada = accounts.create(username=f"ada{number}a")
            tell(f"ada{number}a")
            assert hear() == ["proven"] * 3
            tell("go")
            accounts.suspend(ada, reason="fraud")
            answers = hear()
            assert shop.live(ada.id) == []
            entered = shop.named(ada.id).count("sign_in_succeeded")
            assert entered == answers.count("entered"), "every sign-in that was answered is on record"
            assert set(answers) <= {"entered", "refused"}
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
