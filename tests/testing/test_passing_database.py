"""A database for one test: migrated, empty, and gone afterwards."""

import multiprocessing

from sqlalchemy import event
from sqlalchemy.engine import Engine

from ostiary.storage import schema
from ostiary.storage.subjects import raise_epoch, read_epoch
from ostiary.testing.passing_database import passing_database


def test_it_is_up_to_date_and_writable():
    with passing_database() as database:
        assert schema.status(database).pending == ()
        with database.write() as tx:
            raise_epoch(tx, "ada", now=0)


def test_no_two_share_anything():
    with passing_database() as one, passing_database() as other:
        with one.write() as tx:
            raise_epoch(tx, "ada", now=0)
        with other.read() as connection:
            assert read_epoch(connection, "ada") == 0


def test_its_file_goes_with_it():
    with passing_database() as database:
        folder = database.file.parent
        database.engine()
        assert folder.is_dir()
    assert not folder.exists()


def test_it_costs_no_migration():
    with passing_database():
        pass
    statements = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with passing_database() as database, database.write() as tx:
            raise_epoch(tx, "ada", now=0)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert any("ostiary_subjects" in one for one in statements)
    assert not any(one.lstrip().startswith(("CREATE", "ALTER")) for one in statements)


def _folder(answers):
    with passing_database() as database:
        answers.put(str(database.file.parent))


def test_a_process_of_its_own_has_one_of_its_own():
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_folder, args=(answers,))
    process.start()
    folder = answers.get(timeout=60)
    process.join()
    with passing_database() as database:
        assert str(database.file.parent) != folder
