"""The application of the tests about passwords, and a count of the slow function's calls."""

import pytest
from tests.features.passwords.house import open_house


@pytest.fixture
def house(database_url):
    with open_house(database_url) as made:
        yield made


@pytest.fixture
def hashes(monkeypatch):
    """How often Argon2id verified, and with which parameters."""
    from ostiary.features.passwords import argon2id

    calls = []
    original = argon2id.verify_secret

    def counting(stored, *rest):
        calls.append(stored.decode().split("$")[3])
        return original(stored, *rest)

    monkeypatch.setattr(argon2id, "verify_secret", counting)
    return calls
