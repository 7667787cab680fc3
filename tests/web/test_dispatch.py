"""Dispatch: one request to an address of ours, from the guard to the answer."""

import pytest
from tests.badges import BadgeReader, CookieReader
from tests.shop import KEY, FrozenClock
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ostiary.kernel.errors import CsrfRefused, NotAllowed, NotAuthenticated
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.requirement import SIGNED_IN, Requirement, any_of
from ostiary.kernel.resources import Resources
from ostiary.kernel.secret import Secret
from ostiary.web.csrf import CsrfPolicy
from ostiary.web.dispatch import dispatch
from ostiary.web.guard import RequestGuard
from ostiary.web.route import Answer, Call, Route
from ostiary.web.url_policy import UrlPolicy

CSRF = CsrfPolicy(KeyRing([Secret(KEY)]), UrlPolicy(None), mode="metadata", development=False)


class House:
    """One route behind a guard, and what happened to it."""

    def __init__(self, answer=None, requires=SIGNED_IN) -> None:
        self.calls: list[Call] = []
        self.forgotten = []
        self.answer = answer or Answer(facts={"name": "ada"})
        self.route = Route(
            rule="/things/<id>", endpoint="things", method="POST", answer=self.act, requires=requires, about="Things."
        )
        readers = (BadgeReader(), CookieReader())
        self.guard = RequestGuard(readers, csrf=CSRF, clock=FrozenClock(), announce=[].append)

    def act(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.answer

    def ask(self, method="POST", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(EnvironBuilder(method=method, path="/things/5", headers=named).get_environ())
        return dispatch(
            self.route,
            request,
            {"id": "5"},
            guard=self.guard,
            resources=Resources(),
            forget=self.forgotten.append,
        )


def test_the_action_learns_who_is_calling_and_what_the_address_says():
    house = House()
    answer = house.ask(Authorization="Badge ada")
    assert (answer.status_code, answer.json) == (200, {"name": "ada"})
    assert house.calls[0].principal.subject == "ada"
    assert house.calls[0].variables == {"id": "5"}


@pytest.mark.asvs("V8.3.1")
@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, NotAuthenticated),
        ({"Authorization": "Badge FORGED"}, NotAuthenticated),
        ({"Cookie": "who=old"}, NotAuthenticated),
        ({"Cookie": "who=ada", "Sec_Fetch_Site": "cross-site"}, CsrfRefused),
        ({"Cookie": "who=ada"}, CsrfRefused),
        ({"Authorization": "Badge ada;order:read"}, NotAllowed),
    ],
)
def test_nothing_is_done_for_a_request_that_is_refused(headers, error):
    house = House()
    with pytest.raises(error):
        house.ask(**headers)
    assert house.calls == house.forgotten == []


def test_a_device_list_is_not_for_programs():
    house = House(requires=Requirement(via=any_of("session")))
    with pytest.raises(NotAllowed):
        house.ask(Authorization="Badge ada")
    assert house.ask(Cookie="who=ada", Sec_Fetch_Site="same-origin").status_code == 200


@pytest.mark.asvs("V3.2.1")
@pytest.mark.asvs("V3.4.4")
@pytest.mark.asvs("V14.3.2")
@pytest.mark.parametrize("status", [200, 201, 204])
def test_every_answer_carries_our_headers(status):
    answer = House(Answer(status=status)).ask(Authorization="Badge ada")
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_answer_without_content_has_none():
    assert House(Answer(status=204)).ask(Authorization="Badge ada").data == b""


@pytest.mark.parametrize("signed_out", [True, False])
def test_only_a_sign_out_makes_the_browser_forget(signed_out):
    house = House(Answer(status=204, signed_out=signed_out))
    answer = house.ask(Authorization="Badge ada")
    assert house.forgotten == ([answer] if signed_out else [])
