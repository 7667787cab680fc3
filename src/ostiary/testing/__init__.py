"""The test kit: clients that are really signed in, accounts, a frozen clock and captured mail.

In ``conftest.py`` write ``pytest_plugins = ["ostiary.testing"]`` and a fixture ``app``; tests then take ``auth_kit``.
Under other test runners ``with AuthKit(app) as auth_kit:`` is the same.

kit.py                  AuthKit
frozen_clock.py         a clock that a test moves on
policy_table.py         a table of decisions, checked
outbox.py               the mails that were sent
passing_database.py     a fresh database in a millisecond
same_origin_client.py   a client that a browser on our own pages would be

A conftest.py that imports this module itself is no reason for pytest to warn: PYTEST_DONT_REWRITE
"""

from collections.abc import Iterator

from flask import Flask

from ostiary.delivery.memory import SentMail
from ostiary.testing.frozen_clock import FrozenClock
from ostiary.testing.kit import PASSWORD, AuthKit
from ostiary.testing.outbox import Outbox
from ostiary.testing.policy_table import assert_policy_table

__all__ = ["PASSWORD", "AuthKit", "FrozenClock", "Outbox", "SentMail", "assert_policy_table"]

try:
    import pytest
except ModuleNotFoundError:  # pragma: no cover - another test runner: then there are no fixtures
    pass
else:

    @pytest.fixture
    def auth_kit(app: Flask) -> Iterator[AuthKit]:
        """The test kit of the application that your fixture ``app`` gives."""
        with AuthKit(app) as kit:
            yield kit
