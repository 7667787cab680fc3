"""Races: one address, one name, one identity of another system, claimed at once from threads and from processes."""

import json
import subprocess
import sys
import threading

import pytest
from sqlalchemy import func, select
from tests.shop import open_shop

from ostiary import Accounts
from ostiary.features.accounts import AccountActions, IdentifierTaken
from ostiary.features.accounts.identities import LastIdentifier
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.features.accounts.store import identifiers as identifiers_table
from ostiary.storage.database import Database

ROUNDS = 5
AT_ONCE = 6
SETTINGS = Accounts(identifiers=("email", "username"))


@pytest.fixture
def shop(database_url):
    with open_shop(database_url, further=[SETTINGS], pool_size=AT_ONCE) as made:
        made.runtime.database.engine()
        yield made


@pytest.fixture
def accounts(shop):
    return shop.runtime.action("accounts", AccountActions)


def at_once(*acts):
    """What the acts answer, or the error each one raises, all begun at the same instant."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        barrier.wait()
        try:
            answers[number] = act()
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def kinds(answers):
    """The names of the classes of the answers, sorted."""
    return sorted(type(answer).__name__ for answer in answers)


def counts(shop):
    with shop.database.read() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (accounts_table, identifiers_table)
        ]


@pytest.mark.attack("S12")
@pytest.mark.asvs("V2.3.4")
@pytest.mark.asvs("V15.4.2")
def test_one_address_that_is_registered_by_many_at_once_is_one_account(shop, accounts):
    for number in range(ROUNDS):
        spellings = [f"ada{number}@shop.example", f"ADA{number}@Shop.example"] * (AT_ONCE // 2)
        answers = at_once(*[lambda typed=typed: accounts.create(email=typed) for typed in spellings])
        assert kinds(answers) == ["Account"] + ["IdentifierTaken"] * (AT_ONCE - 1)
        assert counts(shop) == [number + 1, number + 1]
    assert shop.named() == ["registered"] * ROUNDS


@pytest.mark.attack("S12")
def test_names_that_look_alike_are_one_name_also_at_once(shop, accounts):
    for number in range(ROUNDS):
        alike = [f"pau{letter}{'x' * number}" for letter in ("l", "1", "i", "I")]
        answers = at_once(*[lambda name=name: accounts.create(username=name) for name in alike])
        assert kinds(answers) == ["Account"] + ["IdentifierTaken"] * 3
        assert counts(shop) == [number + 1, number + 1]


@pytest.mark.asvs("V15.4.3")
def test_registrations_that_share_an_address_with_one_and_a_name_with_another_wait_for_none_for_ever(shop, accounts):
    for number in range(ROUNDS):
        a, b, x, y = (f"{letter}{number}" for letter in "abxy")
        pairs = [(a, x), (a, y), (b, x), (b, y)]
        answers = at_once(*[lambda p=p: accounts.create(email=f"{p[0]}@shop.example", username=p[1]) for p in pairs])
        assert set(kinds(answers)) <= {"Account", "IdentifierTaken"}
        assert kinds(answers).count("Account") in (1, 2)
    made = counts(shop)
    assert made[1] == 2 * made[0], "and nobody has half of what she asked for"


@pytest.mark.attack("S12")
def test_a_seed_that_runs_in_many_workers_at_once_makes_one_account(shop, accounts):
    for number in range(ROUNDS):
        answers = at_once(
            *[lambda n=number: accounts.ensure(email=f"admin{n}@shop.example", username=f"admin{n}")] * AT_ONCE
        )
        assert kinds(answers) == ["Account"] * AT_ONCE, answers
        assert len({answer.id for answer in answers}) == 1
    assert counts(shop) == [ROUNDS, 2 * ROUNDS]


@pytest.mark.attack("S13")
def test_one_identity_that_is_linked_to_two_accounts_at_once_stands_for_one(shop, accounts):
    ada, bob = accounts.create(username="ada"), accounts.create(username="bob")

    def link(account, subject):
        with shop.database.write() as tx:
            accounts.link_upstream(tx, account.id, "https://idp.example", subject)

    for number in range(ROUNDS):
        answers = at_once(*[lambda who=who, n=number: link(who, f"s{n}") for who in (ada, bob, ada, bob)])
        assert kinds(answers) == ["IdentifierTaken"] * 2 + ["NoneType"] * 2
        assert accounts.of_upstream("https://idp.example", f"s{number}").id in (ada.id, bob.id)


@pytest.mark.attack("N22")
def test_two_that_remove_the_last_two_identifiers_at_once_leave_one(shop, accounts):
    def remove(account, kind, value):
        with shop.database.write() as tx:
            return accounts.remove_identifier(tx, account.id, kind, value)

    for number in range(ROUNDS):
        ada = accounts.create(email=f"ada{number}@shop.example", username=f"ada{number}")
        answers = at_once(
            lambda a=ada, n=number: remove(a, "email", f"ada{n}@shop.example"),
            lambda a=ada, n=number: remove(a, "username", f"ada{n}"),
        )
        assert kinds(answers) == [LastIdentifier.__name__, "bool"]
        assert len(accounts.get(ada.id).identifiers) == 1


REGISTER = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import Shop
from ostiary import Accounts
from ostiary.features.accounts import AccountActions, IdentifierTaken
shop = Shop(sys.argv[1], further=[Accounts(identifiers=("email", "username"))])
accounts = shop.runtime.action("accounts", AccountActions)
shop.database.engine()
print("ready", flush=True)
sys.stdin.readline()
answers = []
for number in range(10):
    try:
        accounts.create(email=f"ada{number}@shop.example", username=f"ada{number}")
        answers.append("made")
    except IdentifierTaken:
        answers.append("taken")
    answers.append(accounts.ensure(email=f"seed{number}@shop.example").id)
print(json.dumps(answers))
shop.close()
"""


@pytest.mark.attack("S12")
@pytest.mark.asvs("V15.4.2")
def test_of_the_processes_that_register_one_address_at_once_one_makes_the_account(database_url):
    database = Database.from_url(database_url, migrates_itself=True)
    database.engine()
    database.close()
    command = [sys.executable, "-c", REGISTER, database_url]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.stdout.readline().strip() for process in processes] == ["ready"] * 3
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    for number in range(10):
        assert sorted(answer[2 * number] for answer in answers) == ["made", "taken", "taken"]
        assert len({answer[2 * number + 1] for answer in answers}) == 1
    with open_shop(database_url, further=[SETTINGS]) as shop:
        assert counts(shop) == [20, 30]
        assert shop.named() == ["registered"] * 20


def test_the_error_of_who_came_second_says_what_was_taken(accounts):
    accounts.create(email="ada@shop.example", username="ada")
    with pytest.raises(IdentifierTaken) as taken:
        accounts.create(email="ada@shop.example", username="bob")
    assert taken.value.kind == "email"
