"""Routes: what a feature answers, described without any framework; every one of ours is guarded."""

import pytest

from ostiary.kernel.requirement import SIGNED_IN
from ostiary.runtime.assembly import every_feature
from ostiary.web.route import Answer, Route

ROUTES = [route for feature in every_feature() for route in feature.routes()]


def test_there_are_routes_to_look_at():
    assert {route.endpoint for route in ROUTES} >= {"sessions", "end_session", "sign_out"}


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_every_route_demands_somebody_and_says_what_it_is(route):
    assert isinstance(route, Route)
    assert route.requires == SIGNED_IN or route.requires.via is not None
    assert route.about.endswith(".")


@pytest.mark.attack("G2")
@pytest.mark.asvs("V3.5.3")
def test_what_changes_something_is_no_get():
    reading = {"sessions"}
    assert {route.endpoint for route in ROUTES if route.method == "GET"} == reading


@pytest.mark.asvs("V14.2.1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_no_address_has_room_for_a_secret(route):
    assert not {"token", "secret", "password", "code"} & set(route.rule.replace("<", "/").replace(">", "/").split("/"))


def test_an_answer_is_ok_and_empty_unless_it_says_otherwise():
    answer = Answer()
    assert (answer.status, dict(answer.facts), answer.signed_out) == (200, {}, False)
