"""Routes: what a feature answers, described without any framework; every one of ours is guarded."""

import re

import pytest

from ostiary.kernel.requirement import SIGNED_IN
from ostiary.runtime.assembly import every_feature
from ostiary.web.route import Answer, Route

ON = {feature.name: feature for feature in every_feature()}
ROUTES = list({(route.rule, route.method): route for one in ON.values() for route in one.routes(ON)}.values())
OPEN = {"jwks", "sign_in", "register", "verify_address", "forgot_password", "reset_password", "accept_invitation"}
# A proof, a refresh token or a token to revoke says who it is; and who is signed in may be nobody.
OPEN |= {"token", "refresh_tokens", "revoke_token", "session"}
"""What somebody who is not signed in may do."""


def test_there_are_routes_to_look_at():
    assert {route.endpoint for route in ROUTES} >= {"sessions", "end_session", "sign_out"}


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_every_route_demands_somebody_and_says_what_it_is(route):
    assert isinstance(route, Route)
    if route.requires is None:
        assert route.endpoint in OPEN or (route.endpoint, route.method) == ("sign_out", "GET")
    else:
        assert route.requires == SIGNED_IN or route.requires.via is not None or route.requires.permission is not None
    assert route.about.endswith(".")


@pytest.mark.asvs("V2.4.1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.endpoint}-{route.method}")
def test_what_a_stranger_may_change_is_limited(route):
    if route.requires is None and route.method != "GET":
        # A sign-in is counted by the attempt itself, against the account as well.
        assert route.limit is not None or route.endpoint in {"sign_in", "token"}


@pytest.mark.attack("G2")
@pytest.mark.asvs("V3.5.3")
def test_what_changes_something_is_no_get():
    """A page that is read has no action of its own: the same function never answers a GET and a POST."""
    reading = {route.answer for route in ROUTES if route.method == "GET"}
    changing = {route.answer for route in ROUTES if route.method != "GET"}
    assert reading
    assert not reading & changing


@pytest.mark.asvs("V14.2.1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_no_address_has_room_for_a_secret(route):
    assert not {"token", "secret", "password", "code"} & set(re.findall(r"<(?:\w+:)?(\w+)>", route.rule))


def test_an_answer_is_ok_and_empty_unless_it_says_otherwise():
    answer = Answer()
    assert (answer.status, dict(answer.facts), answer.signed_out) == (200, {}, False)
