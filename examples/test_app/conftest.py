import pytest
from app import app as the_app
from flask import Flask

pytest_plugins = ["ostiary.testing"]


@pytest.fixture
def app() -> Flask:
    return the_app
