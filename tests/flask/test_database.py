"""The application's own database: a URL, an engine, Flask-SQLAlchemy; joining its transaction, or being told to."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ostiary import ConfigurationError, OpenTransaction, Sessions
from ostiary.events import SessionEnded, SignInSucceeded
from ostiary.flask import Auth
from ostiary.flask.database import database_of
from ostiary.storage import schema
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import GuardReads

SAME = {"Sec-Fetch-Site": "same-origin"}


class Base(DeclarativeBase):
    pass


def make(url):
    """An application with a table of its own in the database that it shares with us."""
    app = Flask("shop")
    app.testing = True
    app.config["SQLALCHEMY_DATABASE_URI"] = url.replace("postgresql://", "postgresql+psycopg://")
    migrated = Database.from_url(url)
    schema.upgrade(migrated)
    migrated.close()
    db = SQLAlchemy(app, model_class=Base)

    class Note(db.Model):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    with app.app_context():
        db.create_all()
    auth = Auth(app, [Sessions()], database=db)

    @app.post("/in")
    def sign_in():
        auth.sign_in("ada")
        return "in"

    @app.get("/who")
    @auth.require
    def who():
        return auth.principal.subject

    return app, auth, db, Note


@pytest.fixture
def shop(database_url):
    app, auth, db, note = make(database_url)
    yield app, auth, db, note
    runtime = app.extensions["ostiary"].runtime
    runtime.resources[GuardReads].close()
    runtime.database.close()
    with app.app_context():
        db.engine.dispose()
    # The class of a model outlives its application.
    Base.registry.dispose()
    Base.metadata.clear()


def notes(app, db, note):
    with app.app_context():
        return [one.text for one in db.session.scalars(db.select(note))]


def test_sessions_stand_in_the_applications_own_database(shop):
    app, _, db, _ = shop
    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.get("/who").text == "ada"
    with app.app_context():
        assert db.session.scalar(text("SELECT subject FROM ostiary_sessions")) == "ada"


def test_a_listener_writes_the_applications_rows_in_the_same_transaction(shop):
    app, auth, db, note = shop

    @auth.during(SignInSucceeded)
    def remember(event, tx):
        tx.session().add(note(text=f"hello {event.subject}"))

    app.test_client().post("/in", headers=SAME)
    assert notes(app, db, note) == ["hello ada"]


def test_a_listener_that_fails_leaves_neither_its_rows_nor_ours(shop):
    app, auth, db, note = shop

    @auth.during(SignInSucceeded)
    def refuse(event, tx):
        tx.session().add(note(text="half"))
        raise LookupError("no")

    client = app.test_client()
    with pytest.raises(LookupError):
        client.post("/in", headers=SAME)
    assert notes(app, db, note) == []
    assert client.get("/who").status_code == 401


@pytest.mark.parametrize("commits", [True, False])
def test_a_verb_joins_the_transaction_that_the_application_has_open(shop, commits):
    app, auth, db, note = shop
    heard = []
    auth.on(SessionEnded)(heard.append)

    @app.post("/close")
    def close():
        db.session.add(note(text="closing"))
        id = auth.sessions.list("ada")[0].id
        with auth.joining(db.session):
            assert auth.sessions.end(id)
        assert heard == [], "nothing is told before the commit"
        (db.session.commit if commits else db.session.rollback)()
        return "closed"

    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.post("/close").text == "closed"
    assert client.get("/who").status_code == (401 if commits else 200)
    assert notes(app, db, note) == (["closing"] if commits else [])
    assert len(heard) == int(commits)


@pytest.mark.parametrize("flushed", [True, False])
def test_not_joining_on_a_shared_file_is_told_at_once(sqlite_url, flushed):
    app, auth, db, note = make(sqlite_url)

    @app.post("/forgot")
    def forgot():
        db.session.add(note(text="open"))
        if flushed:
            db.session.flush()
        auth.sessions.end_all("ada")

    with pytest.raises(OpenTransaction, match=r"with auth\.joining\(db\.session\)"):
        app.test_client().post("/forgot")
    Base.registry.dispose()
    Base.metadata.clear()


def test_joining_without_a_database_says_what_is_missing():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [])
    with app.app_context(), pytest.raises(ConfigurationError, match="no_database"):
        auth.joining(object())


@pytest.mark.parametrize("kind", ["url", "engine", "database"])
def test_a_url_an_engine_and_a_database_are_taken_as_they_are(sqlite_url, kind):
    given = {"url": str, "engine": create_engine, "database": Database.from_url}[kind](sqlite_url)
    found = database_of(given, Flask("shop"), development=True)
    assert str(found.file) == sqlite_url.removeprefix("sqlite:///")
    assert found.migrates_itself is (kind != "database")


def test_nothing_given_is_nothing():
    assert database_of(None, Flask("shop"), development=True) is None


@pytest.mark.parametrize("given", [5, object(), ["sqlite://"], b"sqlite:///x"])
def test_what_is_no_database_is_refused_by_name(given):
    with pytest.raises(ConfigurationError, match=type(given).__name__):
        database_of(given, Flask("shop"), development=True)


def test_a_database_in_memory_is_refused_with_its_cure():
    app = Flask("shop")
    app.testing = True
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = SQLAlchemy(app)
    Auth(app, [Sessions()], database=db)
    with pytest.raises(ConfigurationError, match="memory"):
        app.test_client().delete("/auth/sessions/1", headers={"Cookie": "ostiary_session=" + "0" * 26 + "." + "A" * 43})


@pytest.mark.postgresql
def test_a_given_postgresql_is_migrated_by_the_command_alone_also_in_development(postgresql_url):
    engine = create_engine(postgresql_url)
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()], database=engine)
    with app.app_context(), pytest.raises(ConfigurationError, match="ostiary db upgrade"):
        auth.sessions.list("ada")
    assert app.test_cli_runner().invoke(args=["ostiary", "db", "upgrade"]).exit_code == 0
    with app.app_context():
        assert auth.sessions.list("ada") == []
    app.extensions["ostiary"].runtime.database.close()
    engine.dispose()
