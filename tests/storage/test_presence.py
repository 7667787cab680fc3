"""Whether there is a database, asked without bringing one along."""

import subprocess
import sys

from ostiary.kernel.resources import Resources
from ostiary.storage.database import Database
from ostiary.storage.presence import find_database


def test_the_database_is_found_where_there_is_one(tmp_path):
    resources = Resources()
    assert find_database(resources) is None
    database = Database.embedded(tmp_path / "x.sqlite3")
    resources.add(database)
    assert find_database(resources) is database


def test_asking_imports_nothing_of_a_database():
    code = (
        "import sys; from ostiary.kernel.resources import Resources\n"
        "from ostiary.storage.presence import find_database\n"
        "print(find_database(Resources()), 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "False"]
