"""Signing keys in the database: made once, sealed, rotated without ending a token, retired everywhere."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.shop import KEY, NOON

from ostiary.features.tokens import store
from ostiary.features.tokens.events import SigningKeyMade, SigningKeyRetired
from ostiary.features.tokens.signing_key_life import PUBLISHED_AHEAD, KeyState
from ostiary.features.tokens.signing_keys import generate_key
from ostiary.features.tokens.stored_keys import STALENESS, StoredKeys
from ostiary.kernel.clock import DAY, HOUR, SECOND
from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import Secret
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.standards.jose.keys import parse_jwk
from ostiary.storage.database import Database

LIFE = 90 * DAY
MINUTE_LATER = 60 * SECOND


@pytest.fixture
def database(database_url):
    found = Database.from_url(database_url, migrates_itself=True)
    yield found
    found.close()


def keys_of(database, *, secrets=(KEY,), events=None, algorithm="ES256"):
    listeners = Listeners()
    if events is not None:
        listeners.on(object, events.append)
    ring = KeyRing([Secret(secret) for secret in secrets])
    return StoredKeys(database, ring, algorithm=algorithm, lifetime=LIFE, bus=EventBus(listeners))


def states(keys, now):
    return [key.life.state(now).value for key in keys.list()]


def kids(keys):
    return [key.life.kid for key in keys.list()]


def test_the_first_key_is_made_when_the_first_token_is_signed(database):
    events = []
    keys = keys_of(database, events=events)
    assert len(keys.verifying(NOON, kid=None)) == 0
    assert kids(keys) == []
    signer = keys.signer(NOON)
    assert kids(keys) == [signer.kid] == [event.kid for event in events if isinstance(event, SigningKeyMade)]
    assert signer.can_sign
    assert keys.signer(NOON + DAY).kid == signer.kid


def test_of_many_that_find_no_key_one_makes_it(database):
    """Each is a process of its own: nothing in memory is shared."""
    barrier = threading.Barrier(8)

    def first_token(_):
        keys = keys_of(database)
        barrier.wait()
        return keys.signer(NOON).kid

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first_token, range(8)))) == 1
    assert len(kids(keys_of(database))) == 1


@pytest.mark.asvs("V13.3.1")
@pytest.mark.attack("W2")
def test_the_private_half_is_sealed_and_bound_to_its_row(database):
    keys = keys_of(database)
    secret = keys.signer(NOON).private_members()["d"].encode()
    with database.read() as connection:
        row = connection.execute(select(store.signing_keys)).mappings().one()
    assert all(secret not in str(value).encode() for value in row.values())
    assert secret not in bytes(row["sealed"])
    other = keys.rotate(NOON, at_once=True)
    with database.write() as tx:
        tx.execute(
            store.signing_keys.update().where(store.signing_keys.c.kid == other.life.kid).values(sealed=row["sealed"])
        )
    assert {key.life.kid for key in keys_of(database).list() if key.private is None} == {other.life.kid}


def test_a_key_whose_secret_key_is_gone_signs_no_more_and_says_what_to_do(database):
    signed_by = keys_of(database).signer(NOON).kid
    stranger = keys_of(database, secrets=(KEY[::-1],))
    with pytest.raises(ConfigurationError) as caught:
        stranger.signer(NOON)
    assert caught.value.problems[0].code == "signing_key_sealed"
    # What it signed is still believed.
    assert signed_by in stranger.verifying(NOON, kid=signed_by)
    assert len(kids(stranger)) == 1
    assert keys_of(database, secrets=(KEY[::-1], KEY)).signer(NOON).kid == signed_by
    made = stranger.rotate(NOON, at_once=True)
    assert stranger.signer(NOON).kid == made.life.kid


# Rotation


@pytest.mark.asvs("V11.2.2")
def test_a_rotation_is_published_first_and_no_live_token_becomes_invalid(database):
    keys = keys_of(database)
    old = keys.signer(NOON)
    new = keys.rotate(NOON).life.kid
    assert states(keys, NOON) == ["current", "next"]
    assert set(one.kid for one in keys.published(NOON)) == {old.kid, new}
    assert keys.signer(NOON + PUBLISHED_AHEAD - 1).kid == old.kid
    turn = NOON + PUBLISHED_AHEAD
    assert keys.signer(turn).kid == new
    last_token_ends = turn - 1 + LONGEST_ACCESS_TOKEN
    assert old.kid in keys.verifying(last_token_ends, kid=old.kid)
    assert old.kid not in keys.verifying(last_token_ends + 2 * HOUR, kid=None)


def test_the_schedule_rotates_by_itself_whichever_process_looks(database):
    one, other = keys_of(database), keys_of(database)
    old = one.signer(NOON).kid
    assert other.signer(NOON).kid == old
    due = NOON + LIFE - PUBLISHED_AHEAD
    assert one.signer(due).kid == other.signer(due).kid == old
    assert len(kids(one)) == 2
    assert one.signer(NOON + LIFE).kid == other.signer(NOON + LIFE).kid != old
    assert len(kids(one)) == 2


@pytest.mark.attack("S22")
def test_while_keys_rotate_each_of_four_workers_believes_what_any_of_them_signs(database):
    workers = [keys_of(database) for _ in range(4)]
    for round in range(6):
        now = NOON + round * 20 * MINUTE_LATER
        if round == 1:
            workers[0].rotate(now)
        if round == 5:
            workers[1].rotate(now, at_once=True)
        signed = [worker.signer(now) for worker in workers]
        for key in signed:
            assert all(key.kid in worker.verifying(now + SECOND, kid=key.kid) for worker in workers)
    assert len(kids(workers[0])) == 3


def test_a_rotation_at_once_signs_with_the_new_key_and_a_waiting_one_has_its_turn(database):
    keys = keys_of(database)
    first = keys.signer(NOON).kid
    second = keys.rotate(NOON, at_once=True).life.kid
    assert keys.signer(NOON).kid == second
    third = keys.rotate(NOON + 1).life.kid
    with pytest.raises(ConfigurationError) as caught:
        keys.rotate(NOON + 2)
    assert caught.value.problems[0].code == "rotation_under_way"
    assert keys.rotate(NOON + 2, at_once=True).life.kid == third
    assert keys.signer(NOON + 2).kid == third
    assert set(kids(keys)) == {first, second, third}
    assert states(keys, NOON + 2).count("current") == 1
    assert all(key.life.verifies_until is not None for key in keys.list() if key.life.kid != third)


# Retiring


def test_a_key_that_is_retired_is_believed_no_longer_and_its_private_half_is_forgotten(database):
    events = []
    keys = keys_of(database, events=events)
    old = keys.signer(NOON).kid
    before = keys.version(NOON)
    assert keys.retire(old, NOON)
    assert keys.version(NOON) != before
    assert old not in keys.verifying(NOON, kid=old)
    assert keys.signer(NOON).kid != old
    assert [event.kid for event in events if isinstance(event, SigningKeyRetired)] == [old]
    with database.read() as connection:
        rows = {row.kid: row.sealed for row in store.list_keys(connection)}
    assert rows[old] is None
    assert not keys.retire(old, NOON)
    assert not keys.retire("nobody's", NOON)


def test_another_process_learns_of_a_retirement_within_the_stated_time(database):
    one, other = keys_of(database), keys_of(database)
    old = one.signer(NOON).kid
    other.signer(NOON)
    before = other.version(NOON)
    one.retire(old, NOON)
    assert other.version(NOON + STALENESS) != before
    assert old not in other.verifying(NOON + STALENESS, kid=None)


def test_a_waiting_key_takes_the_place_of_one_that_is_retired(database):
    keys = keys_of(database)
    old = keys.signer(NOON).kid
    waiting = keys.rotate(NOON).life.kid
    keys.retire(old, NOON + 1)
    assert keys.signer(NOON + 1).kid == waiting
    assert len(kids(keys)) == 2


# Importing


def test_a_key_made_elsewhere_signs_after_its_turn_and_a_public_one_only_verifies(database):
    keys = keys_of(database)
    keys.signer(NOON)
    imported = generate_key("Ed25519")
    assert keys.take(imported, NOON).life.state(NOON) is KeyState.NEXT
    assert keys.signer(NOON + PUBLISHED_AHEAD).kid == imported.kid
    with pytest.raises(ConfigurationError):
        keys.take(imported, NOON)
    public = parse_jwk(generate_key("ES256").public_members())
    assert keys.take(public, NOON).private is None
    assert public.kid in keys.verifying(NOON, kid=public.kid)
    assert keys.signer(NOON).kid != public.kid
    assert public.kid not in keys.verifying(NOON + 2 * DAY, kid=None)


# The copy of a process


@pytest.mark.attack("B13")
def test_invented_names_have_the_database_asked_a_few_times_a_second(database, monkeypatch):
    keys, asked = keys_of(database), []
    keys.signer(NOON)
    original = store.list_keys
    monkeypatch.setattr(store, "list_keys", lambda connection: asked.append(1) or original(connection))
    for number in range(100):
        keys.verifying(NOON + SECOND, kid=f"invented-{number}")
    assert len(asked) == 20
    for number in range(100):
        keys.verifying(NOON + 2 * SECOND, kid=f"invented-{number}")
    assert len(asked) == 40


def test_a_key_that_another_process_made_is_found_by_its_name_at_once(database):
    one, other = keys_of(database), keys_of(database)
    one.signer(NOON)
    other.signer(NOON)
    # Also in the very millisecond of the other's last look.
    for now in (NOON, NOON + SECOND):
        made = one.rotate(now, at_once=True).life.kid
        assert made in other.verifying(now, kid=made)


def test_inside_a_transaction_what_is_known_is_enough(database):
    keys = keys_of(database)
    known = keys.signer(NOON).kid
    with database.write():
        assert keys.signer(NOON + MINUTE_LATER).kid == known
        assert known in keys.verifying(NOON + MINUTE_LATER, kid=known)


def test_while_the_database_is_away_what_is_known_goes_on_for_a_bounded_time(sqlite_url, monkeypatch):
    from ostiary.kernel.errors import Unavailable

    database = Database.from_url(sqlite_url, migrates_itself=True)
    keys = keys_of(database)
    known = keys.signer(NOON).kid

    def away(_):
        raise Unavailable

    monkeypatch.setattr(store, "list_keys", away)
    assert known in keys.verifying(NOON + MINUTE_LATER, kid=None)
    with pytest.raises(Unavailable):
        keys.verifying(NOON + 10 * MINUTE_LATER, kid=None)
    with pytest.raises(Unavailable):
        keys_of(database).verifying(NOON, kid=None)
    database.close()


def test_a_key_that_was_made_in_a_transaction_of_the_application_s_lasts_only_if_that_is_committed(sqlite_url):
    from sqlalchemy import create_engine

    database = Database.from_url(sqlite_url, migrates_itself=True)
    database.engine()
    engine = create_engine(sqlite_url)
    keys = keys_of(database)
    with engine.connect() as connection, connection.begin() as outer:
        with database.joining(connection):
            lost = keys.signer(NOON).kid
        outer.rollback()
    kept = keys.signer(NOON).kid
    assert kept != lost
    assert kids(keys) == [kept]
    engine.dispose()
    database.close()
