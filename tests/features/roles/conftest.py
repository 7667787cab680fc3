"""The shop with roles, on both databases."""

import pytest
from tests.features.roles.house import open_house


@pytest.fixture
def house(database_url, clock):
    with open_house(database_url, clock=clock) as made:
        yield made


@pytest.fixture
def house_here(sqlite_url, clock):
    """On SQLite alone: for what does not depend on the database."""
    with open_house(sqlite_url, clock=clock) as made:
        yield made
