"""The application of the tests about passwords, and a count of the slow function's calls."""

import pytest
from tests.features.passwords.house import open_house

from ostiary.features.passwords.argon2_hash import Parameters


@pytest.fixture
def house(database_url):
    with open_house(database_url) as made:
        yield made


@pytest.fixture
def hashes(monkeypatch):
    """The hashes that were computed, by their parameters."""
    calls = []
    original = Parameters.tag

    def counting(parameters, *rest):
        calls.append(str(parameters))
        return original(parameters, *rest)

    monkeypatch.setattr(Parameters, "tag", counting)
    return calls
