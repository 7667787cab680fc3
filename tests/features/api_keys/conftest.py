"""The shop with keys, on both databases."""

import pytest
from tests.features.api_keys.keys import open_key_shop


@pytest.fixture
def keys(database_url, clock):
    with open_key_shop(database_url, clock=clock) as made:
        yield made


@pytest.fixture
def keys_here(sqlite_url, clock):
    """On SQLite alone: for what does not depend on the database."""
    with open_key_shop(sqlite_url, clock=clock) as made:
        yield made
