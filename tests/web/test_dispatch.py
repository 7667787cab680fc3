"""Dispatch: one request to an address of ours, from the guard to the answer."""

from dataclasses import replace

import pytest
from tests.badges import BadgeReader, CookieReader
from tests.shop import KEY, NOON, FrozenClock
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from ostiary.kernel.client import Client
from ostiary.kernel.errors import (
    AuthError,
    CsrfRefused,
    NotAllowed,
    NotAuthenticated,
    SignInRefused,
    TooManyAttempts,
)
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limiter
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

    def __init__(self, answer=None, requires=SIGNED_IN, **options) -> None:
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self.resources = Resources()
        self.answer = answer or Answer(facts={"name": "ada"})
        self.route = Route(
            rule="/things/<id>",
            endpoint="things",
            method="POST",
            answer=self.act,
            requires=requires,
            about="Things.",
            **options,
        )
        readers = (BadgeReader(), CookieReader())
        self.guard = RequestGuard(readers, csrf=CSRF, clock=FrozenClock(), announce=[].append)

    def act(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.answer

    def ask(self, method="POST", id="5", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(EnvironBuilder(method=method, path="/things/5", headers=named).get_environ())
        return dispatch(
            self.route,
            request,
            {"id": id},
            guard=self.guard,
            resources=self.resources,
            client=Client(network="192.0.2.1"),
            visitor="visitor:1",
            finish=self.finish,
        )

    def finish(self, answer):
        self.answers.append(answer)
        if answer.signs_in is not None:
            raise SignInRefused(detail="suspended")
        return Response(status=answer.status)


def test_the_action_learns_who_is_calling_and_what_the_address_says():
    house = House()
    answer = house.ask(Authorization="Badge ada")
    assert (answer.status_code, house.answers[0].facts) == (200, {"name": "ada"})
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
    assert house.calls == house.answers == []


ANYBODY = {"requires": None}


@pytest.mark.attack("G1")
@pytest.mark.attack("G5")
@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Origin": "https://evil.test"}, False),
        ({}, False),
        ({"X_Ostiary_CSRF": CSRF.token("visitor:1")}, True),
        ({"X_Ostiary_CSRF": CSRF.token("visitor:2")}, False),
        ({"Authorization": "Badge ada"}, True),
        ({"Cookie": "who=ada", "Sec_Fetch_Site": "cross-site"}, False),
    ],
)
def test_a_form_for_everybody_comes_from_our_own_pages_too(headers, passes):
    house = House(**ANYBODY)
    if not passes:
        with pytest.raises(CsrfRefused):
            house.ask(**headers)
    else:
        house.ask(**headers)
    assert bool(house.calls) is passes


def test_a_page_for_everybody_is_read_by_anybody():
    assert House(**ANYBODY).ask(method="GET", Sec_Fetch_Site="cross-site").status_code == 200


class Counter:
    """A limiter that lets so many through."""

    def __init__(self, left):
        self.left, self.charged = left, []

    def charge(self, limit, key):
        self.charged.append((str(limit), key))
        self.left -= 1
        if self.left < 0:
            raise TooManyAttempts(retry_after=7)


@pytest.mark.asvs("V2.4.1")
def test_an_id_that_no_database_can_keep_is_nothing_s():
    house = House()
    with pytest.raises(AuthError) as refused:
        house.ask(id="5\0", authorization="Badge ada")
    assert (refused.value.status, house.calls) == (404, [])


def test_a_limit_is_charged_before_the_action():
    house, counter = House(limit="2/1m", **ANYBODY), Counter(1)
    house.resources.add(counter, as_type=Limiter)
    house.ask(Sec_Fetch_Site="same-origin")
    with pytest.raises(TooManyAttempts):
        house.ask(Sec_Fetch_Site="same-origin")
    assert len(house.calls) == 1
    assert counter.charged[0] == ("things.network: 2 in 60 seconds", "192.0.2.1")


PAGE = {"Accept": "text/html", "Sec_Fetch_Site": "same-origin"}


def test_a_refused_form_is_shown_again_to_a_person_and_refused_to_a_program():
    def again(call, error):
        return Answer(status=error.status, facts={"wrong": error.code})

    evidence = Evidence("ada", Factor("password", at=NOON))
    house = House(Answer(signs_in=evidence), again=again, **ANYBODY)
    assert house.ask(**PAGE).status_code == 401
    assert house.answers[-1].facts == {"wrong": "invalid_credentials"}
    with pytest.raises(SignInRefused):
        house.ask(Sec_Fetch_Site="same-origin")


def test_a_refusal_that_leads_elsewhere_is_not_a_form_again():
    class Elsewhere(AuthError):
        answers_itself = True

    def act(call):
        raise Elsewhere

    house = House(again=lambda call, error: Answer(), **ANYBODY)
    house.act = act
    house.route = replace(house.route, answer=act)
    with pytest.raises(Elsewhere):
        house.ask(**PAGE)


def test_a_device_list_is_not_for_programs():
    house = House(requires=Requirement(via=any_of("session")))
    with pytest.raises(NotAllowed):
        house.ask(Authorization="Badge ada")
    assert house.ask(Cookie="who=ada", Sec_Fetch_Site="same-origin").status_code == 200
