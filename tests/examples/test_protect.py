"""A closed application: a blueprint for staff, a view class with a guard for each method, an async view."""

import pytest
from tests.examples.program import SAME, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def kit(monkeypatch):
    with AuthKit(load("protect", monkeypatch).app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    # Its model has the body of three views beside their heads; the formatter gives each a line of its own.
    assert length("protect") <= 23 + 3


def test_a_view_that_is_declared_open_is_open_within_a_protected_blueprint(kit):
    assert kit.client().get("/admin/health").json == {"ok": True}


@pytest.mark.parametrize("via", ["session", "bearer"])
def test_orders_are_read_by_staff_and_by_nobody_else(kit, via):
    assert kit.client().get("/orders/7").status_code == 401
    assert kit.client(kit.account(), via=via).get("/orders/7").status_code == 403
    staff = kit.client(roles=["staff"], via=via)
    assert staff.get("/orders/7").json == staff.put("/orders/7", headers=SAME).json == {"id": 7}


def test_a_method_has_the_guard_of_its_class_and_its_own(kit):
    account = kit.account(roles=["staff"])
    narrow = kit.client(account, via="bearer", scope=["order:read"])
    assert narrow.get("/orders/7").status_code == 200
    assert narrow.put("/orders/7").status_code == 403


def test_the_user_of_an_async_view_is_awaited(kit):
    account = kit.account(email="ada@example.com")
    assert kit.client(account).get("/report").json == {"for": "ada@example.com"}


def test_what_is_neither_guarded_nor_open_stops_the_start(monkeypatch):
    from ostiary import ConfigurationError

    app = load("protect", monkeypatch).app
    app.add_url_rule("/forgotten", "forgotten", lambda: "everything")
    with AuthKit(app) as kit, pytest.raises(ConfigurationError, match="forgotten"):
        kit.client().get("/admin/health")
