"""A one-time token: good for one thing, one person and one use, and worthless in every other shape."""

import json
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select, text, update
from tests.features.one_time_tokens.conftest import Tokens
from tests.shop import NOON

from ostiary.features.one_time_tokens import OneTimeToken
from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.kernel.clock import HOUR
from ostiary.kernel.secret import parse_token

CANARY = "canary-3f9a"


def test_a_token_says_what_was_put_into_it(tokens):
    token = tokens.issue(subject="ada", epoch=7, payload={"email": "ada@shop.example", "n": [1, None]})
    found = tokens.find(token)
    assert found == OneTimeToken(
        id=parse_token(token).id,
        purpose="reset",
        subject="ada",
        epoch=7,
        payload={"email": "ada@shop.example", "n": [1, None]},
        binding_hash=None,
        created_at=NOON,
        expires_at=NOON + HOUR,
    )
    assert tokens.spend(token) == found


@pytest.mark.attack("N14")
def test_looking_spends_nothing(tokens):
    token = tokens.issue()
    for _ in range(3):
        assert tokens.find(token) is not None
    assert tokens.spend(token) is not None


@pytest.mark.attack("S4")
def test_a_token_is_spent_once(tokens):
    token = tokens.issue()
    assert tokens.spend(token) is not None
    assert tokens.spend(token) is None
    assert tokens.find(token) is None


def test_what_is_rolled_back_is_not_spent(tokens):
    token = tokens.issue()
    with pytest.raises(RuntimeError), tokens.database.write() as tx:
        assert tokens.actions.spend(tx, token, purpose="reset", now=NOON) is not None
        raise RuntimeError
    assert tokens.spend(token) is not None


@pytest.mark.attack("J17")
def test_a_token_in_any_other_shape_is_none(tokens):
    token, other = tokens.issue(subject="ada"), tokens.issue(subject="bob")
    parts, others = parse_token(token), parse_token(other)
    wrong = [
        "",
        " ",
        ".",
        "\x00",
        token[:-1],
        token[1:],
        token + "A",
        f" {token}",
        f"{token}\n",
        token.lower(),
        token.replace(".", ":"),
        parts.id,
        parts.secret,
        f"{parts.id}.",
        f"{parts.id}.{others.secret}",
        f"{others.id}.{parts.secret}",
        f"{parts.id}.{'A' * 43}",
        f"{parts.id}.{parts.secret[:-1]}{'A' if parts.secret[-1] != 'A' else 'E'}",
        f"{'0' * 26}.{parts.secret}",
        "\ud800" * 70,
        "é" * 70,
        "x" * 10**6,
        "%",
    ]
    for shape in wrong:
        assert tokens.find(shape) is None, shape
        assert tokens.spend(shape) is None, shape
    assert tokens.spend(token).subject == "ada", "and a wrong guess spent nothing"
    assert tokens.spend(other).subject == "bob"


@pytest.mark.attack("J17")
@pytest.mark.parametrize("purpose", ["verify", "", "Reset", "reset "])
def test_a_token_for_something_else_is_none(tokens, purpose):
    token = tokens.issue()
    assert tokens.find(token, purpose=purpose) is None
    assert tokens.spend(token, purpose=purpose) is None
    assert tokens.spend(token) is not None


@pytest.mark.must("63B-4.2.1.2")
def test_a_token_is_good_until_its_last_millisecond(tokens):
    token = tokens.issue()
    assert tokens.find(token, now=NOON + HOUR) is None
    assert tokens.spend(token, now=NOON + HOUR) is None
    assert tokens.find(token, now=NOON + HOUR - 1) is not None
    assert tokens.spend(token, now=NOON + HOUR - 1) is not None


# One browser


def test_a_token_that_is_bound_knows_its_browser(tokens):
    found = tokens.find(tokens.issue(binding="cookie-1"))
    assert found.bound
    assert tokens.actions.is_bound_to(found, "cookie-1")
    for other in ("cookie-2", "", None, "\ud800", "cookie-1 ", "x" * 10**5):
        assert not tokens.actions.is_bound_to(found, other)


def test_a_token_that_is_bound_to_none_is_bound_to_no_one(tokens):
    found = tokens.find(tokens.issue())
    assert not found.bound
    for other in ("", None, "cookie-1"):
        assert not tokens.actions.is_bound_to(found, other)


# Ending them


def test_the_tokens_of_a_subject_end_together(tokens):
    mine, yours = [tokens.issue(subject="ada"), tokens.issue(subject="ada")], tokens.issue(subject="bob")
    verify = tokens.issue(subject="ada", purpose="verify")
    assert tokens.end_all(subject="ada", purpose="reset") == 2
    assert [tokens.find(token) for token in mine] == [None, None]
    assert tokens.find(verify, purpose="verify") is not None
    assert tokens.end_all(subject="ada") == 1
    assert tokens.end_all(subject="ada") == 0
    assert tokens.find(yours) is not None


# At rest


@pytest.mark.attack("W1")
@pytest.mark.attack("W2")
def test_a_copy_of_the_table_redeems_nothing_and_tells_nothing(tokens):
    token = tokens.issue(subject="ada", binding=f"{CANARY}-binding", payload={"password": f"{CANARY}-payload"})
    with tokens.database.read() as connection:
        [row] = connection.execute(select(one_time_tokens)).all()
    stored = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert parse_token(token).secret.encode() not in stored
    assert CANARY.encode() not in stored
    assert tokens.find(f"{row.id}.{row.secret_hash.hex()[:43]}") is None


@pytest.mark.attack("W4")
@pytest.mark.attack("W9")
def test_neither_secret_nor_payload_is_shown(tokens):
    token = tokens.issue(binding=f"{CANARY}-binding", payload={"password": CANARY})
    for shown in (repr(tokens.find(token)), str(tokens.spend(token))):
        assert CANARY not in shown
        assert "binding_hash" not in shown


def test_what_was_moved_from_another_row_is_none(tokens):
    one, other = tokens.issue(payload={"email": "ada"}), tokens.issue(payload={"email": "eve"})
    with tokens.database.write() as tx:
        moved = select(one_time_tokens.c.payload).where(one_time_tokens.c.id == parse_token(other).id).scalar_subquery()
        tx.execute(update(one_time_tokens).where(one_time_tokens.c.id == parse_token(one).id).values(payload=moved))
    assert tokens.find(one) is None
    assert tokens.spend(one) is None
    assert tokens.find(other).payload == {"email": "eve"}


def test_what_was_sealed_under_a_key_that_is_gone_is_none(tokens, database):
    token = tokens.issue(payload={"email": "ada"})
    without = Tokens(database, key="Another-key-of-the-shop-9f2c7a1b8d3e6054")
    assert without.find(token) is None
    assert without.spend(token) is None


# Races


@pytest.mark.attack("S4")
@pytest.mark.asvs("V2.3.4")
@pytest.mark.asvs("V15.4.2")
def test_of_many_that_spend_one_token_at_once_exactly_one_gets_it(tokens):
    for _ in range(5):
        token = tokens.issue(payload={"n": 1})
        barrier, won, failed = threading.Barrier(8), [], []

        def spend(token=token, barrier=barrier, won=won, failed=failed):
            try:
                barrier.wait()
                if tokens.spend(token) is not None:
                    won.append(1)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=spend) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert won == [1]


def test_the_statement_that_spends_guards_everything_by_itself(tokens):
    """Not check, then act: secret, purpose and age stand in the one statement that deletes."""
    token = tokens.issue()
    with tokens.database.write() as tx:
        tx.execute(text("UPDATE ostiary_one_time_tokens SET purpose = 'other'"))
    assert tokens.spend(token) is None
    with tokens.database.read() as connection:
        assert len(connection.execute(select(one_time_tokens.c.id)).all()) == 1


def test_a_payload_is_json(tokens):
    with pytest.raises(TypeError):
        tokens.issue(payload={"when": object()})
    assert tokens.find(tokens.issue(payload={})).payload == {}
    assert json.dumps(tokens.find(tokens.issue(payload={"ä": "ü"})).payload, ensure_ascii=False) == '{"ä": "ü"}'


SPEND = """
import sys
from tests.features.one_time_tokens.conftest import Tokens
from ostiary.storage.database import Database
database = Database.from_url(sys.argv[1])
tokens = Tokens(database)
database.engine()
print("ready", flush=True)
for line in sys.stdin:
    print("spent" if tokens.spend(line.strip()) is not None else "none", flush=True)
database.close()
"""


@pytest.mark.attack("S4")
@pytest.mark.asvs("V15.4.2")
def test_of_the_processes_that_spend_one_token_at_once_exactly_one_gets_it(tokens, database_url):
    tokens.database.engine()
    command = [sys.executable, "-c", SPEND, database_url]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [child.stdout.readline().strip() for child in children] == ["ready"] * 3
    for _ in range(10):
        token = tokens.issue()
        for child in children:
            child.stdin.write(f"{token}\n")
            child.stdin.flush()
        assert sorted(child.stdout.readline().strip() for child in children) == ["none", "none", "spent"]
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
