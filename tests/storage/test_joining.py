"""Joining the application's transaction: its commit, its rollback, its savepoints; or a sentence at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, String, create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from ostiary.kernel.errors import OpenTransaction
from ostiary.storage.database import Database, SecondConnection
from ostiary.storage.database_url import parse_database_url
from ostiary.storage.subjects import raise_epoch, read_epoch


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    name: Mapped[str] = mapped_column(String(50), primary_key=True)


class Application:
    """An application with a database and a session of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        Base.metadata.create_all(engine)
        self.session = scoped_session(sessionmaker(engine))
        self.database = Database.from_engine(lambda: engine, migrates_itself=True, open_session=lambda: self.session)
        self.after: list[str] = []
        with self.database.read():
            pass

    def act(self, subject: str = "ada") -> int:
        """An action of ours."""
        with self.database.write() as tx:
            tx.after_commit(lambda: self.after.append(subject))
            return raise_epoch(tx, subject, now=0)

    def epoch(self, subject: str = "ada") -> int:
        with self.database.alone() as connection:
            return read_epoch(connection, subject)

    def orders(self) -> list[str]:
        with self.database.alone() as connection:
            return sorted(connection.execute(text("SELECT name FROM orders")).scalars())


@pytest.fixture(params=["sqlite", "sqlite_with_begin", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def application(request: pytest.FixtureRequest) -> Iterator[Application]:
    url = request.getfixturevalue("postgresql_url" if request.param == "postgresql" else "sqlite_url")
    engine = create_engine(parse_database_url(url).url)
    if request.param == "sqlite_with_begin":
        # SQLAlchemy's recipe for real transactions with sqlite3: it begins none by itself, we say BEGIN.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    made = Application(engine)
    yield made
    made.session.remove()
    made.database.close()
    engine.dispose()


def test_a_verb_that_joins_a_session_is_committed_by_it(application: Application) -> None:
    session = application.session
    session.add(Order(name="tea"))
    with application.database.joining(session):
        assert application.act() == 1
    assert (application.epoch(), application.orders(), application.after) == (0, [], [])
    session.commit()
    assert (application.epoch(), application.orders(), application.after) == (1, ["tea"], ["ada"])


def test_a_verb_that_joins_a_session_is_rolled_back_by_it(application: Application) -> None:
    session = application.session
    with application.database.joining(session):
        application.act()
        session.add(Order(name="tea"))
    session.rollback()
    session.add(Order(name="milk"))
    session.commit()
    assert (application.epoch(), application.orders(), application.after) == (0, ["milk"], [])


def test_a_verb_may_join_before_the_session_did_anything(application: Application) -> None:
    with application.database.joining(application.session):
        application.act()
    application.session.rollback()
    assert (application.epoch(), application.after) == (0, [])


def test_a_joined_verb_that_fails_leaves_nothing_and_the_application_goes_on(application: Application) -> None:
    session = application.session
    session.add(Order(name="tea"))
    with application.database.joining(session):
        with pytest.raises(KeyError), application.database.write() as tx:
            tx.after_commit(lambda: application.after.append("failed"))
            raise_epoch(tx, "ada", now=0)
            raise KeyError
        application.act("bob")
    session.commit()
    assert (application.epoch("ada"), application.epoch("bob")) == (0, 1)
    assert (application.orders(), application.after) == (["tea"], ["bob"])


def test_a_joined_verb_sees_what_the_application_has_not_committed(application: Application) -> None:
    session = application.session
    with application.database.joining(session):
        application.act()
        with application.database.read() as connection:
            assert read_epoch(connection, "ada") == 1
        with application.database.write() as tx:
            assert tx.session() is session()
    session.rollback()


def test_a_savepoint_of_the_application_takes_ours_along(application: Application) -> None:
    session = application.session
    session.add(Order(name="tea"))
    session.flush()
    with application.database.joining(session):
        application.act("kept")
        savepoint = session.begin_nested()
        application.act("lost")
        savepoint.rollback()
        with session.begin_nested():
            application.act("released")
        assert application.after == []
    session.commit()
    assert [application.epoch(name) for name in ("kept", "lost", "released")] == [1, 0, 1]
    assert application.after == ["kept", "released"]


def test_a_savepoint_that_was_there_before_us_takes_ours_along(application: Application) -> None:
    session = application.session
    session.add(Order(name="tea"))
    session.flush()
    savepoint = session.begin_nested()
    with application.database.joining(session):
        application.act()
    savepoint.rollback()
    session.commit()
    assert (application.epoch(), application.orders(), application.after) == (0, ["tea"], [])


def test_what_waited_for_the_applications_commit_may_open_a_transaction(application: Application) -> None:
    session = application.session

    def act_after() -> None:
        application.act("after")

    with application.database.joining(session):
        with application.database.write() as tx:
            tx.after_commit(act_after)
            raise_epoch(tx, "ada", now=0)
        session.commit()
        assert application.after == ["after"]
    assert application.epoch("after") == 1


def test_a_session_that_is_used_on_runs_what_waits_once(application: Application) -> None:
    session = application.session
    for _ in range(3):
        with application.database.joining(session):
            application.act()
        session.commit()
    session.rollback()
    assert (application.epoch(), application.after) == (3, ["ada", "ada", "ada"])


def test_a_verb_may_join_a_connection(application: Application) -> None:
    with application.engine.connect() as connection:
        with application.database.joining(connection):
            application.act()
        assert application.after == []
        connection.commit()
        assert application.after == ["ada"]
        assert application.epoch() == 1
        with application.database.joining(connection):
            application.act("bob")
        connection.rollback()
    assert (application.epoch("bob"), application.after) == (0, ["ada"])


def test_a_verb_may_join_a_session_on_a_connection(application: Application) -> None:
    with application.engine.connect() as connection, Session(connection) as session:
        with application.database.joining(session):
            application.act()
        session.rollback()
    assert (application.epoch(), application.after) == (0, [])


def test_two_joined_verbs_follow_each_other_and_do_not_nest(application: Application) -> None:
    with application.database.joining(application.session):
        with application.database.write(), pytest.raises(SecondConnection), application.database.write():
            pass
        assert [application.act(), application.act()] == [1, 2]
    application.session.rollback()


def test_a_session_of_another_database_cannot_be_joined(application: Application, tmp_path: Path) -> None:
    other = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with (
        Session(other) as session,
        pytest.raises(ValueError, match="another database"),
        application.database.joining(session),
    ):
        pass
    other.dispose()


# On a shared SQLite file


@pytest.fixture
def shared(sqlite_url: str) -> Iterator[Application]:
    engine = create_engine(parse_database_url(sqlite_url).url)
    made = Application(engine)
    yield made
    made.session.remove()
    made.database.close()
    engine.dispose()


def test_not_joining_while_the_session_holds_writes_says_what_to_do(shared: Application) -> None:
    shared.session.add(Order(name="tea"))
    with pytest.raises(OpenTransaction, match=r"with auth.joining\(db.session\)"):
        shared.act()
    shared.session.flush()
    with pytest.raises(OpenTransaction, match="commit first"):
        shared.act()
    shared.session.commit()
    assert shared.act() == 1


def test_a_session_that_only_read_is_no_obstacle(application: Application) -> None:
    application.session.execute(text("SELECT * FROM orders")).all()
    assert application.act() == 1


def test_on_postgresql_the_applications_writes_are_no_obstacle(postgresql_url: str) -> None:
    engine = create_engine(parse_database_url(postgresql_url).url)
    application = Application(engine)
    application.session.add(Order(name="tea"))
    application.session.flush()
    assert application.act() == 1
    application.session.remove()
    application.database.close()
    engine.dispose()
