"""The guard: who is calling, whose credential wins, and what a refusal answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.badges import BadgeReader, CookieReader, Held
from tests.shop import KEY, NOON, FrozenClock
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ostiary.kernel.errors import AuthError, CsrfRefused, InvalidCredential, NotAllowed, NotAuthenticated, StepUpNeeded
from ostiary.kernel.events import AccessDenied, CredentialRejected, CsrfFailed
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import SIGNED_IN, Requirement, any_of, check_requirement
from ostiary.kernel.secret import Secret
from ostiary.web.credential_reader import Exchangeable
from ostiary.web.csrf import CsrfPolicy
from ostiary.web.guard import Caller, RequestGuard, endpoint_of
from ostiary.web.origin import parse_origin
from ostiary.web.url_policy import UrlPolicy

CSRF = CsrfPolicy(
    KeyRing([Secret(KEY)]), UrlPolicy(parse_origin("https://good.test")), mode="metadata", development=False
)


class Door:
    """A guard with its readers and what it announced."""

    def __init__(self, *readers, rights=None) -> None:
        self.events = []
        self.cookie = CookieReader()
        self.readers = (*readers, self.cookie)
        self.guard = RequestGuard(
            self.readers, csrf=CSRF, clock=FrozenClock(), announce=self.events.append, rights=rights
        )


def request(method: str = "GET", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(method=method, path="/orders", headers=named).get_environ())


@pytest.fixture
def door() -> Door:
    return Door(BadgeReader(), BadgeReader("HTTP_X_BADGE"))


# Who is calling


def test_a_request_without_a_credential_is_nobody_s(door):
    assert not door.guard.caller(request().environ).principal
    assert door.events == []


@pytest.mark.asvs("V7.2.1")
def test_a_good_cookie_is_somebody_and_is_read_once_a_request(door):
    asking = request(Cookie="who=ada")
    for _ in range(3):
        assert door.guard.caller(asking.environ).principal.subject == "ada"
    assert (door.cookie.asked, door.cookie.used) == (1, 1)


def test_a_bad_cookie_counts_as_none_is_cleared_and_is_an_event(door):
    caller = door.guard.caller(request(Cookie="who=old").environ)
    assert not caller.principal
    assert caller.stale_cookies == ("who",)
    assert door.events == [CredentialRejected(at=NOON, subject="ada", kind="session", reason="ended")]


def test_a_bad_credential_that_a_program_presents_is_401_with_its_challenge(door):
    with pytest.raises(InvalidCredential) as caught:
        door.guard.caller(request(Authorization="Badge FORGED").environ)
    assert (caught.value.status, caught.value.code) == (401, "invalid_credential")
    assert caught.value.headers["WWW-Authenticate"] == 'Badge realm="tests"'
    assert door.events == [CredentialRejected(at=NOON, subject=None, kind="badge", reason="forged")]


@pytest.mark.attack("C19")
def test_a_bad_explicit_credential_is_never_forgiven_for_a_good_cookie(door):
    asking = request(Authorization="Badge FORGED", Cookie="who=ada")
    with pytest.raises(InvalidCredential):
        door.guard.caller(asking.environ)
    assert not door.guard.caller(asking.environ).principal, "the rest of the request is nobody's"
    assert door.cookie.asked == 0


@pytest.mark.attack("C19")
def test_of_two_good_ones_the_explicit_wins_and_nothing_is_merged(door):
    caller = door.guard.caller(request(Authorization="Badge bob", Cookie="who=ada").environ)
    assert caller.principal.subject == "bob"
    assert caller.principal.factors == ()
    assert not caller.ambient
    assert door.cookie.asked == 0


@pytest.mark.attack("C19")
@pytest.mark.parametrize("second", ["Badge bob", "Badge ada"])
def test_two_explicit_credentials_are_refused_also_of_one_subject(door, second):
    with pytest.raises(InvalidCredential) as caught:
        door.guard.caller(request(Authorization="Badge ada", X_Badge=second).environ)
    assert (caught.value.status, caught.value.code) == (400, "two_credentials")


@pytest.mark.attack("C19")
def test_two_authorization_fields_joined_by_a_server_are_refused(door):
    environ = request().environ
    environ["HTTP_AUTHORIZATION"] = "Badge ada,Badge bob"
    with pytest.raises(InvalidCredential):
        door.guard.caller(environ)


def test_a_reader_that_fails_lets_nobody_in():
    class Broken(CookieReader):
        def read(self, environ, now):
            raise OSError("the database is gone")

    door = Door()
    door.guard = RequestGuard((Broken(),), csrf=CSRF, clock=FrozenClock(), announce=door.events.append)
    asking = request(Cookie="who=ada")
    with pytest.raises(OSError):
        door.guard.require(asking, SIGNED_IN)
    assert not door.guard.caller(asking.environ).principal


@pytest.mark.attack("X9")
def test_two_guards_that_share_an_environ_know_their_own_caller_each():
    first, second = Door(BadgeReader()), Door()
    asking = request(Authorization="Badge bob", Cookie="who=ada")
    assert first.guard.caller(asking.environ).principal.subject == "bob"
    assert second.guard.caller(asking.environ).principal.subject == "ada"
    assert first.guard.caller(asking.environ).principal.subject == "bob"


def test_after_a_sign_in_within_the_view_the_request_is_hers(door):
    asking = request(Cookie="who=old")
    door.guard.caller(asking.environ)
    door.guard.become(asking.environ, Principal("bob"), "s2")
    assert door.guard.caller(asking.environ).principal.subject == "bob"
    door.guard.forget(asking.environ)
    assert not door.guard.caller(asking.environ).principal


# A credential that is exchanged for another one first


class TicketReader(CookieReader):
    """A cookie ``ticket=…`` lets nobody in by itself. Nobody is asked for one."""

    kind = "ticket"
    cookies = ("ticket",)
    challenge = ""

    def read(self, environ, now):
        return Exchangeable("s0") if "ticket=" in environ["HTTP_COOKIE"] else None


@pytest.fixture
def gate() -> Door:
    door = Door()
    readers = (door.cookie, TicketReader())
    door.guard = RequestGuard(readers, csrf=CSRF, clock=FrozenClock(), announce=door.events.append)
    return door


def test_until_it_is_exchanged_the_request_is_nobody_s(gate):
    asking = request(Cookie="ticket=1")
    caller = gate.guard.authenticate(asking)
    assert (bool(caller.principal), caller.exchangeable, caller.ambient, caller.csrf_binding) == (
        False,
        True,
        True,
        "s0",
    )
    with pytest.raises(NotAuthenticated):
        gate.guard.require(asking, SIGNED_IN)
    gate.guard.become(asking.environ, Principal("ada"), "s1", caller.reader)
    caller = gate.guard.require(asking, SIGNED_IN)
    assert (caller.principal.subject, caller.exchangeable, caller.ambient, caller.csrf_binding) == (
        "ada", False, True, "s1",
    )  # fmt: skip


def test_a_good_session_is_not_exchanged_for_anything(gate):
    caller = gate.guard.authenticate(request(Cookie="ticket=1; who=ada"))
    assert (caller.principal.subject, caller.exchangeable) == ("ada", False)


def test_beside_a_stale_session_that_one_is_cleared_and_it_is_exchanged(gate):
    caller = gate.guard.authenticate(request(Cookie="ticket=1; who=old"))
    assert (caller.exchangeable, caller.stale_cookies) == (True, ("who",))


def test_csrf_is_asked_before_it_is_exchanged(gate):
    asking = request("POST", Cookie="ticket=1", Sec_Fetch_Site="cross-site")
    with pytest.raises(CsrfRefused):
        gate.guard.authenticate(asking)
    caller = gate.guard.caller(asking.environ)
    assert (bool(caller.principal), caller.exchangeable) == (False, False), (
        "caught by a view, there is nothing left of it"
    )


def test_nobody_is_asked_for_what_has_no_challenge(gate):
    assert gate.guard.challenges == (CookieReader.challenge,)


# CSRF by the credential that won


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "post"])
def test_a_change_that_a_cookie_carries_must_come_from_our_own_pages(door, method):
    asking = request(method, Cookie="who=ada", Sec_Fetch_Site="cross-site")
    with pytest.raises(CsrfRefused):
        door.guard.require(asking, SIGNED_IN)
    assert door.events == [CsrfFailed(at=NOON, reason="foreign_site", endpoint="/orders")]
    assert not door.guard.caller(asking.environ).principal, "caught by a view, it is still nobody's"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_is_not_asked_where_it_comes_from(door, method):
    assert door.guard.require(request(method, Cookie="who=ada", Sec_Fetch_Site="cross-site"), SIGNED_IN)


def test_a_change_that_a_program_carries_is_not_asked_also_beside_a_cookie(door):
    asking = request("POST", Authorization="Badge bob", Cookie="who=ada", Sec_Fetch_Site="cross-site")
    assert door.guard.require(asking, SIGNED_IN).principal.subject == "bob"


@pytest.mark.attack("C19")
@pytest.mark.parametrize("header", ["Bearer x", "Basic YTpi", "Negotiate x"])
def test_a_header_that_nobody_reads_does_not_switch_csrf_off(header):
    # Only the credential that won decides; "Authorization: x" set by an attacker's fetch wins nothing.
    door = Door()
    asking = request("POST", Authorization=header, Cookie="who=ada", Sec_Fetch_Site="cross-site")
    with pytest.raises(CsrfRefused):
        door.guard.require(asking, SIGNED_IN)


# Refusals


def test_nobody_is_asked_to_sign_in_with_every_challenge_there_is_each_once(door):
    with pytest.raises(NotAuthenticated) as caught:
        door.guard.require(request(), SIGNED_IN)
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"] == 'Badge realm="tests", Cookie cookie-name="who"'


def test_without_a_reader_there_is_no_challenge_to_send():
    guard = RequestGuard((), csrf=CSRF, clock=FrozenClock(), announce=[].append)
    with pytest.raises(NotAuthenticated) as caught:
        guard.require(request(), SIGNED_IN)
    assert caught.value.headers == {}


@given(
    st.builds(
        Principal,
        st.sampled_from(["", "ada"]),
        kind=st.sampled_from(["person", "program", "anonymous"]),
        scope=st.sampled_from([None, frozenset(), frozenset({"order:read"})]),
        tenant=st.sampled_from([None, ("shop", "1")]),
    ),
    st.sampled_from([SIGNED_IN, Requirement(), Requirement(factors=2), Requirement(permission="order:read")]),
    st.sampled_from([None, ("shop", "1"), ("shop", "2")]),
)
def test_who_is_admitted_is_who_meets_the_requirement(principal, requirement, on):
    guard = Door().guard
    meets = check_requirement(requirement, principal, now=NOON, on=on).allowed
    try:
        guard.admit(request(), Caller(principal), requirement, on=on)
    except AuthError:
        assert not meets
    else:
        assert meets


@pytest.mark.asvs("V16.3.2")
def test_a_denied_request_is_an_event_with_the_ground_and_the_place():
    door = Door(rights=Held({}, {}))
    with pytest.raises(NotAllowed) as caught:
        door.guard.require(request(Cookie="who=ada"), Requirement(role=any_of("teller")))
    assert (caught.value.status, caught.value.code) == (403, "not_allowed")
    assert door.events == [AccessDenied(at=NOON, subject="ada", code="missing_role", endpoint="/orders")]
    assert "teller" not in caught.value.public_message


def test_what_is_hidden_answers_as_if_it_were_not_there():
    door = Door(rights=Held({}, {}))
    with pytest.raises(NotAllowed) as caught:
        door.guard.require(request(Cookie="who=ada"), Requirement(role=any_of("teller")), hidden=True)
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert len(door.events) == 1, "hidden from the caller, not from the log"


def test_too_little_proof_says_what_would_pass(door):
    with pytest.raises(StepUpNeeded) as caught:
        door.guard.require(request(Cookie="who=ada"), Requirement(factors=2))
    assert caught.value.members == {"would_pass_if": ["factors=2"]}


@pytest.mark.attack("V12")
def test_a_narrowed_credential_needs_the_right_and_the_scope():
    held = Held({}, {"ada": ("order:*",), "bob": ()})
    door = Door(BadgeReader(), rights=held)
    read, refund = Requirement(permission="order:read"), Requirement(permission="order:refund")
    assert door.guard.require(request(Authorization="Badge ada;order:read"), read)
    for badge, requirement in [("ada;order:read", refund), ("bob;order:read", read), ("ada;order:read", SIGNED_IN)]:
        with pytest.raises(NotAllowed):
            door.guard.require(request(Authorization=f"Badge {badge}"), requirement)


def test_a_failure_of_what_decides_is_an_event(door):
    door.guard.failed(request())
    asking = request(Cookie="who=ada")
    door.guard.caller(asking.environ)
    door.guard.failed(asking)
    assert [(event.subject, event.code) for event in door.events] == [(None, "guard_failed"), ("ada", "guard_failed")]


class KeyReader(BadgeReader):
    """Reads ``Authorization: Bearer key-…`` and leaves every other token there alone."""

    def __init__(self):
        super().__init__()
        self.challenge = 'Bearer realm="keys"'

    def read(self, environ, now):
        return Held("ada") if environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer key-") else None


@pytest.mark.asvs("V9.2.2")
@pytest.mark.parametrize("header", ["Bearer nobody's", "bearer x.y.z", "BEARER  -"])
def test_a_bearer_token_that_no_reader_knows_as_its_own_is_a_bad_one_everywhere(header):
    door = Door(KeyReader())
    with pytest.raises(InvalidCredential) as caught:
        door.guard.caller(request(Authorization=header, Cookie="who=ada").environ)
    assert caught.value.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert [(event.kind, event.reason) for event in door.events] == [("bearer", "unknown")]


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Bearerx y"])
def test_what_presents_no_bearer_token_is_no_bad_one(header):
    assert Door(KeyReader()).guard.caller(request(Authorization=header, Cookie="who=ada").environ).principal
    assert Door().guard.caller(request(Authorization="Bearer x", Cookie="who=ada").environ).principal


def test_an_endpoint_is_the_framework_s_name_of_the_view_or_else_the_path():
    asking = request()
    assert endpoint_of(asking) == "/orders"
    asking.endpoint = "orders"
    assert endpoint_of(asking) == "orders"
