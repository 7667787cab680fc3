"""account_key: the application's own models refer to accounts, across two metadata and two migration histories."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, event, inspect, select
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from tests.shop import open_shop

from ostiary import Accounts, Field
from ostiary.events import Registered, RegistrationRefused
from ostiary.features.accounts import AccountActions
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.kernel.identifiers import new_id
from ostiary.storage import account_key, include_name

NOBODY = new_id(1, b"0123456789")


@pytest.fixture
def models():
    class Base(DeclarativeBase):
        metadata = MetaData()

    class User(Base):
        __tablename__ = "user"
        id: Mapped[str] = account_key(primary_key=True)
        display_name: Mapped[str] = mapped_column()

    class Note(Base):
        __tablename__ = "note"
        number: Mapped[int] = mapped_column(primary_key=True)
        author: Mapped[str | None] = account_key(ondelete="SET NULL")

    return Base, User, Note


@pytest.fixture
def shop(database_url):
    fields = [Field("display_name", max_length=80)]
    with open_shop(database_url, further=[Accounts(fields=fields)]) as made:
        made.database.engine()
        yield made


@pytest.fixture
def engine(database_url):
    made = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    if made.dialect.name == "sqlite":
        # As an application does that wants its foreign keys to hold.
        event.listen(made, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    yield made
    made.dispose()


@pytest.fixture
def own(shop, engine, models):
    models[0].metadata.create_all(engine)
    return models


def test_the_table_of_the_application_is_made_and_ours_is_left_alone(own, engine):
    found = inspect(engine)
    [key] = found.get_foreign_keys("user")
    assert (key["referred_table"], key["referred_columns"]) == ("ostiary_accounts", ["id"])
    assert key["options"] == {"ondelete": "CASCADE"}
    assert set(own[0].metadata.tables) == {"user", "note"}
    own[0].metadata.drop_all(engine)
    assert inspect(engine).has_table("ostiary_accounts")


def test_the_key_holds_and_goes_with_the_account(own, engine, shop):
    _, User, Note = own
    accounts = shop.runtime.action("accounts", AccountActions)
    ada = accounts.create(email="ada@shop.example", fields={"display_name": "Ada"})
    with Session(engine) as session:
        session.add_all([User(id=ada.id, display_name="Ada"), Note(number=1, author=ada.id)])
        session.commit()
        session.add(User(id=NOBODY, display_name="Nobody"))
        with pytest.raises(IntegrityError):
            session.commit()
    with shop.database.write() as tx:
        tx.execute(accounts_table.delete())
    with Session(engine) as session:
        assert session.scalars(select(User)).all() == []
        assert session.scalars(select(Note.author)).all() == [None]


def test_a_registration_makes_both_rows_or_neither(own, engine, shop):
    _, User, _ = own

    @shop.auth.during(Registered)
    def add_user(event, tx):
        tx.session().add(User(id=event.account.id, display_name=event.fields["display_name"]))
        if event.fields["display_name"] == "Eve":
            raise RegistrationRefused("Not you.", field="display_name")

    accounts = shop.runtime.action("accounts", AccountActions)
    ada = accounts.create(email="ada@shop.example", fields={"display_name": "Ada"})
    with pytest.raises(RegistrationRefused):
        accounts.create(email="eve@shop.example", fields={"display_name": "Eve"})
    with Session(engine) as session:
        assert session.execute(select(User.id, User.display_name)).all() == [(ada.id, "Ada")]
    assert ada.attributes == {}
    assert accounts.find(email="eve@shop.example") is None


def test_the_migrations_of_the_application_find_nothing_to_do_and_none_of_ours(own, engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": include_name, "compare_type": True, "target_metadata": own[0].metadata}
        )
        assert compare_metadata(context, own[0].metadata) == []


def test_the_migrations_of_the_application_make_its_table(shop, engine, models):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": include_name})
        changes = compare_metadata(context, models[0].metadata)
    assert sorted((verb, table.name) for verb, table in changes) == [("add_table", "note"), ("add_table", "user")]


@pytest.mark.postgresql
def test_on_postgresql_our_tables_come_first(postgresql_url, models):
    engine = create_engine(postgresql_url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(ProgrammingError, match="ostiary_accounts"):
        models[0].metadata.create_all(engine)
    engine.dispose()
