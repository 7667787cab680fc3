"""Scale: no question walks through a table, and a guard asks none at all; ``benchmarks/growth/roles.py`` has the times."""

import pytest
from sqlalchemy import event, text
from tests.features.roles.house import open_house

from ostiary.features.roles import Group, group_store, store
from ostiary.features.roles.holder import Holder

ACME = ("org", "acme")

QUESTIONS = {
    "what somebody holds": lambda connection: store.read_rows(connection, "ada"),
    "her groups": lambda connection: group_store.groups_of(connection, "ada"),
    "what she was given": lambda connection: store.find_assignments(connection, holder=Holder("subject", "ada"), now=0),
    "who holds a role there": lambda connection: store.holders_of(
        connection, ["editor"], ["", "org:acme"], now=0, after="", limit=10
    ),
    "what was given there": lambda connection: store.find_assignments(connection, place="org:acme", now=0),
    "who is in a group": lambda connection: group_store.members_of(connection, "sales", after="", limit=10),
    "whether a role is defined": lambda connection: store.is_defined(connection, "auditor"),
}


def _plans(house, ask):
    """How the database carries out every statement of a question."""
    asked = []

    def note(connection, cursor, statement, parameters, context, many):
        if not statement.startswith("EXPLAIN"):
            asked.append((statement, parameters))

    engine = house.database.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        with engine.connect() as connection:
            ask(connection)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked
    with engine.connect() as connection:
        if house.database.dialect == "postgresql":
            # An empty table is scanned for lack of anything better; this asks whether there is something better.
            connection.execute(text("SET enable_seqscan = off"))
            explain = "EXPLAIN "
        else:
            explain = "EXPLAIN QUERY PLAN "
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(explain + statement, parameters)
            yield "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_walks_through_a_table(house, question) -> None:
    for plan in _plans(house, QUESTIONS[question]):
        walked = [
            line
            for line in plan.splitlines()
            if ("SCAN " in line or "Seq Scan" in line) and "ostiary_" in line and "USING" not in line
        ]
        assert not walked, plan


def test_a_guard_asks_the_database_once_a_version_and_then_not_at_all(house) -> None:
    house.roles.groups.create(Group("sales"))
    house.roles.groups.add(Group("sales"), "ada")
    house.roles.assign(Group("sales"), "editor", on=ACME)
    house.roles.define("auditor", ["reader", "audit:read"])
    house.roles.assign("ada", "auditor")
    asked = []
    reads = house.rights._reads
    fetch = reads.fetch_all

    class Counted:
        compile = reads.compile

        @staticmethod
        def fetch_all(read, parameters):
            asked.append(read.sql)
            return fetch(read, parameters)

    house.rights._reads = Counted()
    browser = house.browser("ada")
    for _ in range(3):
        assert browser.get("/acme/role/editor").status_code == 200
        assert browser.get("/may/audit:read").status_code == 200
    assert len(asked) == 1


def test_thousands_of_subjects_are_told_of_a_change_in_one_transaction(sqlite_url, clock) -> None:
    with open_house(sqlite_url, clock=clock) as house:
        house.roles.groups.create(Group("everybody"))
        with house.database.write() as tx:
            rows = [{"group_name": "everybody", "subject": f"s{number}", "added_at": 0} for number in range(3_000)]
            tx.execute(group_store.group_members.insert(), rows)
        house.roles.assign(Group("everybody"), "editor")
        assert {house.roles.held(f"s{number}").version for number in (0, 1_500, 2_999)} == {1}
        assert len(house.roles.members("editor", limit=10_000)) == 3_000
