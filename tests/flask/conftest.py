"""The folder the tests run in: an application without one of its own has its instance folder there."""

import pytest


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path, monkeypatch):
    """A key that a developer's machine makes must not stay in the checkout."""
    monkeypatch.chdir(tmp_path)
