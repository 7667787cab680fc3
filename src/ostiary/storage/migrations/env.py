"""Alembic's environment: runs the migrations on the connection it is handed, within its transaction."""

from alembic import context

from ostiary.storage.migrations import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=VERSION_TABLE)
context.run_migrations()
