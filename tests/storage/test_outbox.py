"""The outbox: in the action's transaction, claimed by one at a time, given back by whoever dies."""

import threading

import pytest
from tests.storage.conftest import Race

from ostiary.kernel.identifiers import new_id
from ostiary.storage import outbox
from ostiary.storage.database import Database

NOW = 1_800_000_000_000
MINUTE = 60_000


def put(database, *, now=NOW, count=1, life=60 * MINUTE):
    ids = [new_id(now, number.to_bytes(10, "big")) for number in range(count)]
    with database.write() as tx:
        for id in ids:
            outbox.put(tx, id=id, sealed=id.encode(), now=now, expires_at=now + life)
    return ids


def claim(database, *, now=NOW, at_most=10):
    with database.write() as tx:
        return outbox.claim(tx, now=now, until=now + 10 * MINUTE, at_most=at_most)


def waiting(database, now=NOW):
    with database.read() as connection:
        return outbox.read_waiting(connection, now=now)


def next_due(database):
    with database.read() as connection:
        return outbox.find_next_due(connection)


@pytest.mark.asvs("V2.3.3")
def test_there_is_no_mail_of_an_action_that_failed(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as tx:
        outbox.put(tx, id="7" * 26, sealed=b"x", now=NOW, expires_at=NOW + 1)
        raise RuntimeError
    assert waiting(database).count == 0


def test_what_is_due_is_claimed_the_oldest_first_and_no_more_than_asked_for(database: Database) -> None:
    ids = put(database, count=5)
    first, second = claim(database, at_most=3), claim(database, at_most=3)
    assert [one.id for one in first + second] == ids
    assert claim(database) == []
    assert (first[0].sealed, first[0].attempts, first[0].created_at) == (ids[0].encode(), 1, NOW)
    assert (first[0].expires_at, first[0].until) == (NOW + 60 * MINUTE, NOW + 10 * MINUTE)


@pytest.mark.attack("S27")
def test_whoever_claims_and_dies_gives_it_back_by_that_alone(database: Database) -> None:
    (id,) = put(database)
    claim(database)
    assert claim(database, now=NOW + 10 * MINUTE - 1) == []
    (again,) = claim(database, now=NOW + 10 * MINUTE)
    assert (again.id, again.attempts) == (id, 2)


def test_what_left_is_gone(database: Database) -> None:
    put(database)
    (claimed,) = claim(database)
    with database.write() as tx:
        outbox.done(tx, claimed)
    assert (waiting(database).count, next_due(database)) == (0, None)


def test_what_is_put_off_comes_back_when_it_is_due(database: Database) -> None:
    put(database)
    (claimed,) = claim(database)
    with database.write() as tx:
        assert outbox.retry(tx, claimed, due_at=NOW + MINUTE)
    assert next_due(database) == NOW + MINUTE
    assert claim(database, now=NOW + MINUTE - 1) == []
    assert [one.attempts for one in claim(database, now=NOW + MINUTE)] == [2]


def test_what_was_not_tried_counts_as_no_attempt(database: Database) -> None:
    put(database)
    (claimed,) = claim(database)
    with database.write() as tx:
        assert outbox.give_back(tx, claimed, due_at=NOW)
    assert [one.attempts for one in claim(database)] == [1]


def test_a_claim_that_lapsed_moves_nothing_that_others_have_in_their_hands(database: Database) -> None:
    put(database)
    (slow,) = claim(database)
    (quick,) = claim(database, now=NOW + 10 * MINUTE)
    with database.write() as tx:
        assert not outbox.retry(tx, slow, due_at=NOW)
        assert not outbox.give_back(tx, slow, due_at=NOW)
    assert claim(database, now=NOW + 10 * MINUTE) == []
    with database.write() as tx:
        # A claim that was given back and taken anew counts the same attempts, and is another claim all the same.
        assert outbox.give_back(tx, quick, due_at=NOW)
    claim(database, now=NOW + 11 * MINUTE)
    with database.write() as tx:
        assert not outbox.retry(tx, quick, due_at=NOW)


def test_what_has_expired_is_claimed_too_so_that_somebody_gives_it_up(database: Database) -> None:
    put(database, life=MINUTE)
    assert len(claim(database, now=NOW + MINUTE)) == 1


def test_what_waits_is_told(database: Database) -> None:
    put(database, now=NOW - MINUTE, count=2)
    put(database, now=NOW, count=1)
    claim(database, now=NOW - MINUTE, at_most=1)
    assert waiting(database) == outbox.Waiting(count=3, due=2, oldest=NOW - MINUTE, next_due=NOW - MINUTE)
    assert waiting(database, NOW - MINUTE).due == 1


@pytest.mark.asvs("V15.4.2")
def test_threads_that_claim_at_once_never_have_the_same_mail(database: Database) -> None:
    ids = put(database, count=60)
    barrier = threading.Barrier(6)
    taken: list[str] = []

    def take() -> None:
        barrier.wait()
        while found := claim(database, at_most=4):
            taken.extend(one.id for one in found)
            with database.write() as tx:
                for one in found:
                    outbox.done(tx, one)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # On PostgreSQL one that skipped locked rows may have stopped early; another then took them.
    assert sorted(taken) == ids


_TAKE = """
from ostiary.storage import outbox
from ostiary.storage.database import Database

def child(number, url, now):
    database, taken = Database.from_url(url), []
    for _ in range(40):
        with database.write() as tx:
            found = outbox.claim(tx, now=now, until=now + 600_000, at_most=2)
        taken += [one.id for one in found]
    return taken
"""


@pytest.mark.asvs("V15.4.2")
def test_processes_that_claim_at_once_never_have_the_same_mail(
    database: Database, database_url: str, race: Race
) -> None:
    ids = put(database, count=80)
    taken = [id for answer in race(_TAKE, 4, database_url, NOW) for id in answer]
    assert len(taken) == len(set(taken))
    # Who skipped what others had locked may have run out of tries: nothing is lost by that.
    assert sorted(taken + [one.id for one in claim(database, at_most=80)]) == ids
