"""Revoking and asking: at once in one process and on one machine, within the stated time between machines."""

import threading

import pytest
from sqlalchemy.orm import Session

from ostiary.kernel.clock import DAY, HOUR, MINUTE
from ostiary.storage.prune import prune
from ostiary.storage.revocations import KEPT_BEYOND, SUBJECT_ROWS_LIVE
from ostiary.storage.subjects import raise_epoch, raise_rights

KINDS = [("token", "t1"), ("family", "f1"), ("client", "c1")]


# One process


@pytest.mark.asvs("V7.4.1")
@pytest.mark.parametrize(("kind", "key"), KINDS)
def test_what_is_revoked_is_refused_from_the_commit_on(machine, kind, key) -> None:
    assert machine.ask() is None
    machine.revoke(kind, key)
    # The clock stands: no copy has become old meanwhile.
    assert machine.ask() == kind
    assert machine.ask(jti="t2", family="f2", client="c2") is None


@pytest.mark.asvs("V7.4.1")
def test_raising_the_epoch_refuses_tokens_of_before_and_none_of_after(machine, clock) -> None:
    assert machine.ask() is None
    with machine.database.write() as tx:
        epoch = raise_epoch(tx, "ada", now=clock.now())
    assert [machine.ask(epoch=epoch - 1), machine.ask(epoch=epoch), machine.ask(epoch=epoch + 1)] == [
        "epoch",
        None,
        None,
    ]
    assert machine.ask(subject="bob") is None


@pytest.mark.asvs("V8.3.2")
def test_a_change_of_roles_is_told_with_the_next_question(machine, clock) -> None:
    assert machine.ask() is None
    with machine.database.write() as tx:
        raise_rights(tx, "ada", now=clock.now())
        newest = raise_rights(tx, "ada", now=clock.now())
    assert machine.ask() is None
    assert [machine.revocations.rights_of("ada", had) for had in (0, newest, newest + 1)] == [
        newest,
        newest,
        newest + 1,
    ]
    assert machine.revocations.rights_of("bob", 7) == 7


def test_nothing_is_revoked_by_a_transaction_that_is_rolled_back(machine, clock) -> None:
    with pytest.raises(ZeroDivisionError), machine.database.write() as tx:
        for kind, key in KINDS:
            machine.revocations.revoke(tx, kind, key, expires_at=clock.now() + HOUR, now=clock.now())
        raise_epoch(tx, "ada", now=clock.now())
        raise ZeroDivisionError
    assert (machine.ask(), machine.rows()) == (None, 0)


def test_nothing_is_revoked_before_the_commit(machine, clock) -> None:
    with machine.database.write() as tx:
        machine.revocations.revoke(tx, "token", "t1", expires_at=clock.now() + HOUR, now=clock.now())
        # In this very thread: asking waits for no lock, and needs no second connection of the pool.
        assert machine.ask() is None
    assert machine.ask() == "token"


def test_a_revocation_joins_the_transaction_of_the_application(machine, clock) -> None:
    assert machine.ask() is None
    with Session(machine.database.engine()) as session:
        with machine.database.joining(session), machine.database.write() as tx:
            machine.revocations.revoke(tx, "token", "t1", expires_at=clock.now() + HOUR, now=clock.now())
        assert machine.ask() is None
        session.commit()
        assert machine.ask() == "token"


def test_revoking_the_same_again_and_again_adds_one_row(machine) -> None:
    for _ in range(5):
        machine.revoke("token", "t1")
        assert machine.ask() == "token"
    assert machine.rows() == 1
    machine.revoke("token", "t1", expires_at=machine.clock.now() + 2 * HOUR)
    assert machine.rows() == 2


@pytest.mark.asvs("V15.4.2")
def test_no_thread_is_told_that_a_token_is_good_once_its_revocation_has_returned(machine) -> None:
    for number in range(4):
        revoked, stop, wrong = threading.Event(), threading.Event(), []

        def look(jti=f"x{number}", revoked=revoked, stop=stop, wrong=wrong) -> None:
            while not stop.is_set():
                was = revoked.is_set()
                if machine.ask(jti=jti) is None and was:
                    wrong.append(jti)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            machine.revoke("token", f"x{number}")
            revoked.set()
            assert machine.ask(jti=f"x{number}") == "token"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert wrong == []


# Several machines


def test_another_process_on_the_same_file_refuses_at_its_very_next_question(machines, sqlite_url) -> None:
    one, other = machines(sqlite_url), machines(sqlite_url)
    for kind, key in KINDS:
        assert other.ask(**{"jti": "x", "family": "y", "client": "z", _field(kind): key}) is None
        one.revoke(kind, key)
        assert other.ask(**{"jti": "x", "family": "y", "client": "z", _field(kind): key}) == kind


def _field(kind: str) -> str:
    return "jti" if kind == "token" else kind


def test_another_machine_refuses_as_soon_as_its_copy_is_as_old_as_is_stated(machines, postgresql_url, clock) -> None:
    one, other = machines(postgresql_url), machines(postgresql_url, staleness="2s")
    assert other.ask() is None
    one.revoke("token", "t1")
    assert one.ask() == "token"
    clock.pass_(1_999)
    assert other.ask() is None
    clock.pass_(1)
    assert other.ask() == "token"


def test_a_clock_that_is_set_back_is_no_reason_to_believe_an_old_copy(machines, postgresql_url, clock) -> None:
    one, other = machines(postgresql_url), machines(postgresql_url)
    assert other.ask() is None
    one.revoke("token", "t1")
    clock.pass_(-HOUR)
    assert other.ask() == "token"


@pytest.mark.attack("O18")
@pytest.mark.asvs("V7.4.1")
def test_a_restart_forgets_nothing_that_is_still_of_use(machines, database_url, clock) -> None:
    before = machines(database_url)
    for number in range(20):
        before.revoke("token", f"x{number}", expires_at=clock.now() + (number + 1) * MINUTE)
    with before.database.write() as tx:
        raise_epoch(tx, "ada", now=clock.now())
    before.close()
    clock.pass_(10 * MINUTE)
    after = machines(database_url)
    assert [after.ask(jti=f"x{number}", epoch=1) for number in range(10, 20)] == ["token"] * 10
    assert after.ask() == "epoch"


@pytest.mark.attack("O18")
def test_an_epoch_is_remembered_longer_than_any_access_token_lives(machines, database_url, clock) -> None:
    one = machines(database_url)
    with one.database.write() as tx:
        raise_epoch(tx, "ada", now=clock.now())
    clock.pass_(DAY)
    one.revoke("token", "x")
    assert machines(database_url).ask() == "epoch"
    clock.pass_(SUBJECT_ROWS_LIVE - DAY)
    assert machines(database_url).ask() == "epoch"


# How long it is kept


def test_an_entry_goes_with_its_token_from_memory_and_from_the_table(machine, clock) -> None:
    for number in range(50):
        machine.revoke("token", f"x{number}", expires_at=clock.now() + HOUR)
    machine.revoke("token", "long", expires_at=clock.now() + 2 * HOUR)
    assert machine.ask(jti="x0") == "token"
    assert (len(machine.known), machine.rows()) == (51, 51)
    clock.pass_(HOUR + KEPT_BEYOND)
    assert machine.ask(jti="x0") is None
    assert len(machine.known) == 1
    assert prune(machine.database, clock.now(), tables=_expiring())["ostiary_revocations"] == 50
    assert machine.rows() == 1
    assert machine.ask(jti="long") == "token"


def _expiring():
    from ostiary.features.revocation import Revocation

    return Revocation().expiring()


def test_a_machine_whose_clock_is_late_still_refuses_what_the_others_hold_for_expired(
    machines, database_url, clock
) -> None:
    machine = machines(database_url)
    machine.revoke("token", "t1", expires_at=clock.now() + HOUR)
    clock.pass_(HOUR + KEPT_BEYOND - 1)
    assert prune(machine.database, clock.now(), tables=_expiring())["ostiary_revocations"] == 0
    assert machine.ask() == "token"
    assert machines(database_url).ask() == "token"


def test_a_clock_that_ran_ahead_for_a_while_makes_nothing_good_again(machine, clock) -> None:
    machine.revoke("token", "t1")
    assert machine.ask() == "token"
    clock.pass_(30 * DAY)
    assert machine.ask() is None
    clock.pass_(-30 * DAY)
    assert machine.ask() == "token"
