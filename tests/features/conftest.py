"""The shop that the tests of features visit, on both databases, with a clock that stands."""

import pytest
from tests.shop import FrozenClock, open_shop


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def shop(database_url, clock):
    with open_shop(database_url, clock=clock) as made:
        yield made
