"""An application's own rows and ours in one transaction, as somebody with Flask-SQLAlchemy writes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from flask import Blueprint, Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ostiary import OpenTransaction, Sessions
from ostiary.events import CredentialsRevoked, Event, Transaction
from ostiary.flask import Auth
from ostiary.storage import schema
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import GuardReads

SAME = {"Sec-Fetch-Site": "same-origin"}
SENTENCE = r"takes one writer at a time: write `with auth\.joining\(db\.session\):` around this call"


class Shop:
    """The modules of a project with an application factory: `db`, `auth`, a model, a blueprint."""

    def __init__(self) -> None:
        class Base(DeclarativeBase):
            pass

        self.db = db = SQLAlchemy(model_class=Base)
        self.auth = auth = Auth(features=[Sessions()], database=db)
        self.heard: list[Event] = []
        auth.on(CredentialsRevoked)(self.heard.append)

        class Closure(db.Model):
            __tablename__ = "closures"
            id: Mapped[int] = mapped_column(primary_key=True)
            subject: Mapped[str]

        self.closure = Closure
        self.made: list[Flask] = []
        self.pages = pages = Blueprint("pages", __name__)

        @pages.post("/in/<who>")
        def sign_in(who):
            return auth.sign_in(who).response()

        @pages.get("/who")
        @auth.require
        def who():
            return auth.principal.subject

        @pages.post("/close/<who>")
        def close(who):
            db.session.add(Closure(subject=who))
            with auth.joining(db.session):
                ended = auth.sessions.end_all(who, reason="account_closed")
            told = len(self.heard)
            db.session.commit()
            return {"ended": ended, "told before the commit": told}

        @pages.post("/think-again/<who>")
        def think_again(who):
            db.session.add(Closure(subject=who))
            with auth.joining(db.session):
                auth.sessions.end_all(who)
            db.session.rollback()
            return "as it was"

        @pages.post("/forgot-to-join/<who>")
        def forgot_to_join(who):
            db.session.add(Closure(subject=who))
            db.session.flush()
            auth.sessions.end_all(who)
            db.session.commit()
            return "closed"

    def create_app(self, url: str) -> Flask:
        """The factory."""
        app = Flask("shop")
        app.testing = True
        app.config["SQLALCHEMY_DATABASE_URI"] = url.replace("postgresql://", "postgresql+psycopg://")
        self.db.init_app(app)
        self.auth.init_app(app)
        app.register_blueprint(self.pages)
        migrated = Database.from_url(url)
        schema.upgrade(migrated)
        migrated.close()
        with app.app_context():
            self.db.create_all()
        self.made.append(app)
        return app

    def closures(self, app: Flask) -> list[str]:
        with app.app_context():
            return [one.subject for one in self.db.session.scalars(self.db.select(self.closure))]

    def close(self) -> None:
        for app in self.made:
            runtime = app.extensions["ostiary"].runtime
            runtime.resources[GuardReads].close()
            runtime.database.close()
            with app.app_context():
                self.db.engine.dispose()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


def _signed_in(app: Flask, who: str = "ada"):
    client = app.test_client()
    client.post(f"/in/{who}", headers=SAME)
    assert client.get("/who").text == who
    return client


def test_a_commit_keeps_the_applications_row_and_ours(shop: Shop, database_url: str) -> None:
    app = shop.create_app(database_url)
    ada, bob = _signed_in(app), _signed_in(app, "bob")
    assert ada.post("/close/ada").json == {"ended": 1, "told before the commit": 0}
    assert (ada.get("/who").status_code, bob.get("/who").text) == (401, "bob")
    assert shop.closures(app) == ["ada"]
    assert [(event.subject, event.reason) for event in shop.heard] == [("ada", "account_closed")]


def test_a_rollback_undoes_both_and_tells_nobody(shop: Shop, database_url: str) -> None:
    app = shop.create_app(database_url)
    ada = _signed_in(app)
    assert ada.post("/think-again/ada").text == "as it was"
    assert (ada.get("/who").text, shop.closures(app), shop.heard) == ("ada", [], [])


def test_an_error_after_the_block_undoes_both(shop: Shop, database_url: str) -> None:
    pages = shop.pages

    @pages.post("/break")
    def break_down():
        shop.db.session.add(shop.closure(subject="ada"))
        with shop.auth.joining(shop.db.session):
            shop.auth.sessions.end_all("ada")
        raise LookupError

    app = shop.create_app(database_url)
    ada = _signed_in(app)
    with pytest.raises(LookupError):
        ada.post("/break")
    # Flask-SQLAlchemy removes the session with the application context, and with it what was not committed.
    assert (ada.get("/who").text, shop.closures(app), shop.heard) == ("ada", [], [])


def test_on_a_shared_sqlite_file_whoever_forgets_to_join_is_told_at_once(shop: Shop, sqlite_url: str) -> None:
    app = shop.create_app(sqlite_url)
    ada = _signed_in(app)
    with pytest.raises(OpenTransaction, match=SENTENCE):
        ada.post("/forgot-to-join/ada")
    assert (ada.get("/who").text, shop.closures(app)) == ("ada", [])


@pytest.mark.postgresql
def test_on_postgresql_each_then_has_a_transaction_of_its_own(shop: Shop, postgresql_url: str) -> None:
    app = shop.create_app(postgresql_url)
    ada = _signed_in(app)
    assert ada.post("/forgot-to-join/ada").text == "closed"
    assert (ada.get("/who").status_code, shop.closures(app)) == (401, ["ada"])


def test_a_listener_inside_the_transaction_uses_the_applications_own_session(shop: Shop, database_url: str) -> None:
    seen = []

    @shop.auth.during(CredentialsRevoked)
    def note(event: CredentialsRevoked, tx: Transaction) -> None:
        seen.append(tx.session() is shop.db.session())
        tx.session().add(shop.closure(subject=f"{event.subject}, by listener"))

    app = shop.create_app(database_url)
    ada = _signed_in(app)
    ada.post("/think-again/ada")
    assert shop.closures(app) == [], "its row goes with the rollback"
    ada.post("/close/ada")
    assert shop.closures(app) == ["ada", "ada, by listener"]
    with app.test_request_context():
        shop.auth.sessions.end_all("bob")
    assert "bob, by listener" in shop.closures(app)
    assert seen == [True, True, False], "without joining it is a session of our own, on our transaction"


def test_two_applications_of_one_factory_keep_their_databases_apart(shop: Shop, database_url: str, tmp_path) -> None:
    here, there = shop.create_app(database_url), shop.create_app(f"sqlite:///{tmp_path / 'there.db'}")
    ada_here, ada_there = _signed_in(here), _signed_in(there)
    ada_here.post("/close/ada")
    assert (ada_here.get("/who").status_code, ada_there.get("/who").text) == (401, "ada")
    assert (shop.closures(here), shop.closures(there)) == (["ada"], [])


# The application's migrations

ENV = """
import json, pathlib, sys
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, create_engine
from ostiary.storage import include_name

options = context.config.attributes
metadata = MetaData()
Table("closures", metadata, Column("id", Integer, primary_key=True))
Table("refunds", metadata, Column("id", Integer, primary_key=True))
filters = {"include_name": include_name} if options["filtered"] else {}
engine = create_engine(options["url"])
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, **filters)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
SCRIPT = '''"""${message}"""
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
def upgrade():
    ${upgrades if upgrades else "pass"}
def downgrade():
    ${downgrades if downgrades else "pass"}
'''


def _autogenerate(folder: Path, url: str, *, filtered: bool) -> str:
    """What ``alembic revision --autogenerate`` writes into ``upgrade``."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV, "utf-8")
    (folder / "script.py.mako").write_text(SCRIPT, "utf-8")
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update({"url": url.replace("postgresql://", "postgresql+psycopg://"), "filtered": filtered})
    written = command.revision(config, message="refunds", autogenerate=True)
    return Path(written.path).read_text("utf-8").partition("def downgrade")[0]


def test_the_applications_migrations_never_drop_our_tables(
    shop: Shop, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = shop.create_app(database_url)
    ada = _signed_in(app)
    careless = _autogenerate(tmp_path / "careless", database_url, filtered=False)
    assert "op.drop_table('ostiary_sessions')" in careless, "this is what would happen"
    careful = _autogenerate(tmp_path / "careful", database_url, filtered=True)
    assert "op.create_table('refunds'" in careful
    assert "ostiary_" not in careful
    with app.app_context():
        assert "ostiary_sessions" in inspect(shop.db.engine).get_table_names()
    assert ada.get("/who").text == "ada"
