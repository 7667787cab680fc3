"""Counting sealed values by their key, without reading them."""

from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.kernel.key_ring import SEAL_LENGTH, KeyRing
from ostiary.kernel.secret import Secret
from ostiary.storage import schema
from ostiary.storage.database import Database
from ostiary.storage.seals import count_by_seal


def test_values_are_counted_by_the_key_that_sealed_them_and_absent_ones_not_at_all(database_url):
    database = Database.from_url(database_url, migrates_itself=True)
    old, new = KeyRing([Secret("o" * 40)]), KeyRing([Secret("n" * 40), Secret("o" * 40)])
    payloads = [
        old.seal("x", b"1", bound_to="a"),
        new.seal("x", b"2", bound_to="b"),
        new.seal("x", b"", bound_to="c"),
        None,
    ]
    with database.write() as tx:
        for number, payload in enumerate(payloads):
            row = {"id": f"{number}" * 26, "purpose": "x", "secret_hash": b"x", "epoch": 0, "payload": payload}
            tx.execute(one_time_tokens.insert().values(**row, created_at=1, expires_at=2))
    assert schema.status(database).pending == ()
    with database.read() as connection:
        found = count_by_seal(connection, one_time_tokens.c.payload, length=SEAL_LENGTH)
    assert sorted(found.values()) == [1, 2]
    by_newest = {new.sealed_by_newest("x", seal): count for seal, count in found.items()}
    assert by_newest == {True: 2, False: 1}
    database.close()
