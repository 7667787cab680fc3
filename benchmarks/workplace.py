"""The workplace: folders, databases and a Redis for one run, which are gone afterwards."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from benchmarks.database_servers import Services


@dataclass(slots=True, kw_only=True)
class Workplace:
    """Where the applications of one run keep what they store.

    ``postgresql``  the URL of a server on which databases may be made; None: none
    ``redis``       the URL of a Redis that may be written to; None: none
    """

    folder: Path
    postgresql: str | None = None
    redis: str | None = None
    _made: list[str] = field(default_factory=list[str])

    def sqlite(self, name: str) -> str:
        """The URL of an empty SQLite file."""
        return f"sqlite:///{self.folder / name}.sqlite3"

    def database(self, server: str) -> str:
        """The URL of an empty database on the server."""
        import psycopg  # only where there is a server

        name = f"ostiary_bench_{token_hex(4)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return server.rpartition("/")[0] + f"/{name}"

    def clear(self) -> None:
        """Drop the databases that were made."""
        if self.postgresql is not None and self._made:
            import psycopg  # see above

            with psycopg.connect(self.postgresql, autocommit=True) as connection:
                for name in self._made:
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def open_workplace(services: Services) -> Generator[Workplace]:
    """A workplace with these services."""
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        place = Workplace(folder=Path(folder), postgresql=services.postgresql, redis=services.redis)
        try:
            yield place
        finally:
            place.clear()
