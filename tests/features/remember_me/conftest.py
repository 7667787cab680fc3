"""The shop with remembered browsers, on both databases, with a clock that stands."""

import pytest
from tests.remembering import open_remembering_shop


@pytest.fixture
def shop(database_url, clock):
    with open_remembering_shop(database_url, clock=clock) as made:
        yield made
