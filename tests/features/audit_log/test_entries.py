"""Reading the audit log: the newest first, and only what was asked for."""

import json

import pytest
from tests.shop import NOON, FrozenClock, Shop, open_shop

from ostiary import ConfigurationError
from ostiary.features.audit_log import AuditEntries, AuditLog
from ostiary.features.audit_log.entries import AuditEntry
from ostiary.features.audit_log.store import audit
from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.duration import milliseconds
from ostiary.storage.prune import prune


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def shop(database_url, clock):
    with open_shop(database_url, clock=clock) as made:
        for who in ("ada", "bob", "ada"):
            made.browser().vouch(who)
            clock.pass_(HOUR)
        made.browser().sign_in("ada", "wrong")
        yield made


def _entries(shop: Shop, **asked) -> list[AuditEntry]:
    return shop.runtime.action("audit_log", AuditEntries).entries(**asked)


def test_the_newest_come_first(shop: Shop) -> None:
    found = [(entry.event, entry.subject, entry.at - NOON) for entry in _entries(shop)]
    assert found == [
        ("sign_in_failed", "ada", 3 * HOUR),
        ("sign_in_succeeded", "ada", 2 * HOUR),
        ("sign_in_succeeded", "bob", HOUR),
        ("sign_in_succeeded", "ada", 0),
    ]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"subject": "ada"}, 3), ({"subject": "bob"}, 1), ({"subject": ""}, 0), ({"event": "sign_in_failed"}, 1),
        ({"event": "sign_in_succeeded", "subject": "ada"}, 2), ({"since": NOON + HOUR}, 3), ({"since": NOON + HOUR + 1}, 2),
        ({"limit": 2}, 2), ({"subject": "' OR 1=1 --"}, 0), ({"event": "%"}, 0),
    ],
)  # fmt: skip
def test_only_what_was_asked_for_is_read(shop: Shop, asked, count: int) -> None:
    assert len(_entries(shop, **asked)) == count


@pytest.mark.asvs("V16.2.2")
def test_an_entry_is_a_line_of_json_with_its_instant_in_utc(shop: Shop) -> None:
    (entry,) = _entries(shop, subject="bob")
    line = json.loads(entry.as_json())
    assert line == {
        "id": entry.id, "at": "2027-01-15T09:00:00.000Z", "event": "sign_in_succeeded", "subject": "bob",
        "device": "Werkzeug/3.1.9", "methods": ["app"], "network": "127.0.0.1", "new_device": False,
    } | {"device": line["device"]}  # fmt: skip


def test_without_a_database_there_is_nothing_to_read_and_that_is_said() -> None:
    with pytest.raises(ConfigurationError, match="no_database"):
        AuditEntries(None).entries()


def test_rows_are_kept_for_as_long_as_the_settings_say(shop: Shop) -> None:
    keep = milliseconds(AuditLog().keep)
    assert keep == 365 * DAY
    prune(shop.database, NOON + HOUR + keep, tables=AuditLog().expiring())
    assert [entry.at - NOON for entry in _entries(shop)] == [3 * HOUR, 2 * HOUR]


def test_no_verb_changes_a_row() -> None:
    from ostiary.features.audit_log import store

    assert [name for name in vars(store) if name in ("update", "delete", "remove")] == []
    assert {"insert", "newest"} <= vars(store).keys()
    assert audit.c.detail.nullable is False
