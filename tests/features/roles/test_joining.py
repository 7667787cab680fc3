"""Roles inside a transaction of the application's own: all of it or nothing, and nobody is told before the commit."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from tests.features.roles.house import open_house

from ostiary.features.roles import Group

ACME = ("org", "acme")


@pytest.fixture
def house(database_url, clock):
    with open_house(database_url, clock=clock) as made:
        made.roles.groups.create(Group("sales"))
        yield made


@pytest.fixture
def session(house, database_url):
    if database_url.startswith("sqlite"):
        engine = create_engine(database_url)
    else:
        engine = house.database.engine()
    with Session(engine) as made:
        yield made
    if database_url.startswith("sqlite"):
        engine.dispose()


def test_what_is_given_inside_is_held_once_the_application_commits(house, session) -> None:
    with house.database.joining(session):
        house.roles.assign("ada", "editor", on=ACME)
        house.roles.groups.add(Group("sales"), "bob")
        assert "editor" in house.roles.of("ada", ACME), "the same transaction sees it"
    assert "editor" not in house.rights.roles(house.principal("ada"), ACME)
    assert house.shop.events[-1].name() == "group_created"
    session.commit()
    assert "editor" in house.rights.roles(house.principal("ada"), ACME)
    assert [event.name() for event in house.shop.events[-2:]] == ["role_assigned", "group_member_added"]


def test_what_is_rolled_back_was_never_given(house, session) -> None:
    with house.database.joining(session):
        house.roles.assign("ada", "editor", on=ACME)
        house.roles.assign(Group("sales"), "editor")
    session.rollback()
    assert house.roles.of("ada", ACME) == {"reader"}
    assert house.roles.held("ada").version == 0
    assert house.roles.assignments() == []


def test_a_verb_that_is_refused_leaves_the_transaction_as_it_was(house, session) -> None:
    with house.database.joining(session):
        house.roles.assign("ada", "editor")
        with pytest.raises(LookupError):
            house.roles.assign(Group("nobody"), "editor")
    session.execute(text("SELECT 1"))
    session.commit()
    assert "editor" in house.roles.of("ada")


@pytest.mark.attack("T1")
@pytest.mark.parametrize(
    "name",
    [
        "' OR '1'='1",
        '"; DROP TABLE ostiary_roles; --',
        "%",
        "_",
        "\\",
        "%s",
        ":subject",
        "?",
        "{0.__class__}",
        "ü\u202e",
        "a" * 255,
    ],
)
def test_a_subject_or_a_place_is_matched_literally_whatever_it_spells(house, name) -> None:
    place = ("org", name if name.isprintable() and len(name) < 200 else "x")
    house.roles.assign("ada", "writer")
    house.roles.assign(name, "editor", on=place)
    house.roles.groups.add(Group("sales"), name)
    assert house.roles.of(name, place) == {"reader", "writer", "editor"}
    assert house.roles.of(name) == {"reader"}
    assert house.roles.members("editor", place) == house.roles.groups.members(Group("sales")) == [name]
    assert house.rights.roles(house.principal(name), place) == {"reader", "writer", "editor"}
    assert house.roles.revoke(name, "editor", on=place)
    assert house.roles.of("ada") == {"reader", "writer"}
