"""The one way in: every proof under every policy, all or nothing whatever fails, and the way out."""

from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event
from tests.remembering import REMEMBER, close, copy_of, open_remembering_shop, remembered, series
from tests.shop import NOON, PASSWORD, FrozenClock, Shop, open_shop

from ostiary import Sessions, SignIn
from ostiary.kernel.events import SignedOut, SignInSucceeded
from ostiary.kernel.factor import CATEGORIES, Evidence, Factor, count_factors
from ostiary.kernel.principal import ANONYMOUS
from ostiary.runtime.sign_in_answer import SignInIncomplete
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.subjects import read_epoch
from ostiary.web.cookies import CookieToSet

POSSESSIONS = ("email", "sms", "totp", "recovery_code", "social", "passkey", "verified_passkey", "pin", "remember")


@pytest.fixture
def shop(database_url):
    with open_shop(database_url, clock=FrozenClock()) as made:
        yield made


def _policy(wanted: int) -> SignIn:
    return SignIn(policy=lambda _: wanted, vouches=POSSESSIONS)


# Every pathway, the same policy


@pytest.mark.asvs("V6.3.4")
@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize("proof", sorted(CATEGORIES))
def test_no_kind_of_proof_signs_in_with_fewer_factors_than_policy_wants(
    sqlite_url: str, proof: str, wanted: int
) -> None:
    enough = count_factors([Factor(proof, at=NOON)]) >= wanted
    with open_shop(sqlite_url, clock=FrozenClock(), sign_in=_policy(wanted)) as shop:
        browser = shop.browser()
        answer = browser.vouch("ada", proof)
        assert (answer.status_code, browser.who) == ((200, "ada") if enough else (401, ""))
        assert len(shop.rows()) == shop.named().count("sign_in_succeeded") == int(enough)


def test_what_is_proven_adds_up_across_steps(sqlite_url: str) -> None:
    with open_shop(sqlite_url, clock=FrozenClock(), sign_in=_policy(3)) as shop:
        browser = shop.browser()
        handles = set()
        for proof in ("password", "totp"):
            assert browser.vouch("ada", proof).status_code == 401
            handles.add(browser.cookie("ostiary_pending"))
        assert len(handles) == 2, "each step has a handle of its own"
        assert browser.vouch("ada", "verified_passkey").status_code == 200
        assert browser.get("/who").json["methods"] == ["password", "totp", "verified_passkey"]


@pytest.mark.parametrize("handle", ["", "x", "A" * 43, "A" * 3_000])
def test_a_handle_of_nothing_is_as_good_as_none(shop: Shop, handle: str) -> None:
    browser = shop.browser()
    browser.set_cookie("ostiary_pending", handle)
    assert browser.sign_in().status_code == 200
    assert browser.who == "ada"


def test_what_the_browser_is_told_never_shows_itself() -> None:
    assert "s3cret" not in repr(CookieToSet(stem="ostiary_session", value="s3cret"))


def test_an_incomplete_sign_in_says_what_would_complete_it(sqlite_url: str) -> None:
    with (
        open_shop(sqlite_url, clock=FrozenClock(), sign_in=SignIn(policy=2, vouches=("totp",))) as shop,
        shop.app.test_request_context(),
    ):
        way_in = shop.app.extensions["ostiary"].way_in
        with pytest.raises(SignInIncomplete) as caught:
            way_in.enter(way_in.vouch("ada", "password"), present=ANONYMOUS, pending=None)
        assert (caught.value.status, caught.value.code) == (401, "factor_needed")
        assert caught.value.members["methods"] == ["totp"]
        assert [cookie.stem for cookie in caught.value.cookies] == ["ostiary_pending"]


def test_nobody_leaves_without_an_event_and_without_harm(shop: Shop) -> None:
    with shop.app.test_request_context():
        told = shop.app.extensions["ostiary"].way_in.leave(ANONYMOUS, "everywhere")
    assert [(cookie.stem, cookie.value) for cookie in told] == [("ostiary_session", None)]
    assert shop.audit() == []


# Adding to a session


@pytest.mark.attack("S18")
def test_a_session_that_has_ended_lends_its_proofs_to_no_other(shop: Shop) -> None:
    browser = shop.browser()
    browser.vouch("ada", "password")
    way_in = shop.app.extensions["ostiary"].way_in
    with shop.app.test_request_context(headers={"Cookie": f"ostiary_session={browser.cookie()}"}):
        present = shop.auth.principal
        assert present.subject == "ada"
        shop.auth.sessions.end_all("ada")
        entered = way_in.enter(Evidence("ada", Factor("totp", at=NOON)), present=present, pending=None)
    assert [factor.kind for factor in entered.principal.factors] == ["totp"]


@pytest.mark.attack("H4")
@pytest.mark.attack("S19")
@pytest.mark.parametrize(("wanted", "status", "methods"), [(1, 200, ["totp"]), (2, 401, [])])
def test_a_sign_out_that_comes_in_between_takes_the_proofs_of_its_session_along(
    database_url, monkeypatch, wanted: int, status: int, methods: list[str]
) -> None:
    with open_shop(database_url, clock=FrozenClock(), sign_in=_policy(1)) as shop:
        browser = shop.browser()
        browser.vouch("ada", "password")
        with shop.app.app_context():
            way_in = shop.app.extensions["ostiary"].way_in
            conclude = way_in._sign_in.conclude
            present = browser.cookie().split(".")[0]
            monkeypatch.setattr(type(way_in._sign_in), "_wanted", lambda self, subject: wanted)

            def sign_out_first(self, *args, **kwargs):
                shop.auth.sessions.end(present)
                return conclude(*args, **kwargs)

            monkeypatch.setattr(type(way_in._sign_in), "conclude", sign_out_first)
        answer = browser.vouch("ada", "totp")
        monkeypatch.undo()
        assert answer.status_code == status
        assert browser.get("/who").json["methods"] == methods


def test_the_same_proof_again_is_newer_and_not_another(shop: Shop) -> None:
    browser = shop.browser()
    browser.vouch("ada", "password")
    shop.clock.pass_(1_000)
    browser.vouch("ada", "password")
    assert shop.rows()[0].factors == f"password@{NOON + 1_000}"


# Listeners


@pytest.mark.attack("X7")
def test_a_listener_that_raises_inside_stops_the_sign_in_before_there_is_a_session(shop: Shop) -> None:
    @shop.auth.during(SignInSucceeded)
    def refuse(event, tx):
        raise LookupError

    browser = shop.browser()
    answer = browser.sign_in()
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (500, False)
    assert (browser.who, shop.rows(), shop.audit()) == ("", [], [])


@pytest.mark.attack("X7")
def test_a_listener_that_raises_inside_stops_the_sign_out_too(shop: Shop) -> None:
    @shop.auth.during(SignedOut)
    def refuse(event, tx):
        raise LookupError

    browser = shop.browser()
    browser.sign_in()
    assert browser.post("/leave").status_code == 500
    assert (browser.who, shop.named()) == ("ada", ["sign_in_succeeded"])


@pytest.mark.attack("X7")
def test_a_listener_that_raises_afterwards_changes_nothing(shop: Shop, caplog) -> None:
    @shop.auth.on(SignInSucceeded)
    def fail(event):
        raise LookupError

    browser = shop.browser()
    assert (browser.sign_in().status_code, browser.who) == (200, "ada")
    assert "LookupError" in caplog.text


# Whatever fails, wherever


class _Fault(RuntimeError):
    """What nobody expects."""


@contextmanager
def _failing(shop: Shop, at: int, monkeypatch):
    """Every statement, every commit and every read of the guard is counted; the ``at``-th one fails, and all after it."""
    count = 0

    def one_more(*_: object) -> None:
        nonlocal count
        count += 1
        if count >= at:
            raise _Fault

    def fetch_one(self, read, parameters):
        one_more()
        return original(self, read, parameters)

    original = GuardReads.fetch_one
    points = ("before_cursor_execute", "commit")
    with monkeypatch.context() as patched:
        patched.setattr(GuardReads, "fetch_one", fetch_one)
        for point in points:
            event.listen(Engine, point, one_more)
        try:
            yield lambda: count
        finally:
            for point in points:
                event.remove(Engine, point, one_more)


def _state(shop: Shop) -> tuple[object, ...]:
    with shop.database.read() as connection:
        epoch = read_epoch(connection, "ada")
    return [row.id for row in shop.rows()], shop.audit(), epoch


def _sign_in_again(browser):
    return browser.sign_in("ada", PASSWORD)


def _prove_another(browser):
    return browser.vouch("ada", "totp")


def _fail(browser):
    return browser.sign_in("ada", "wrong")


def _leave(browser):
    return browser.post("/leave")


def _leave_everywhere(browser):
    return browser.post("/auth/sign-out", json={"scope": "everywhere"})


def _end_the_others(browser):
    return browser.post("/leave?scope=others")


def _end_one(browser):
    return browser.delete(f"/auth/sessions/{browser.cookie().partition('.')[0]}")


FLOWS = [_sign_in_again, _prove_another, _fail, _leave, _leave_everywhere, _end_the_others, _end_one]


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
@pytest.mark.attack("X1")
@pytest.mark.attack("S27")
@pytest.mark.parametrize("flow", FLOWS)
def test_wherever_the_database_fails_the_answer_is_5xx_and_nothing_is_half_done(
    database_url, flow, monkeypatch
) -> None:
    with open_shop(database_url, clock=FrozenClock(), sessions=Sessions(at_most=2)) as shop:
        for reached in range(1, 60):
            browser, other = shop.browser(), shop.browser()
            browser.sign_in()
            other.sign_in()
            browser.vouch("ada", "password")
            before, cookie = _state(shop), browser.cookie()
            shop.clock.pass_(3_600_000)
            with _failing(shop, reached, monkeypatch) as count:
                answer = flow(browser)
            if count() < reached:
                break
            assert answer.status_code >= 500, reached
            assert not [one for one in answer.headers.getlist("Set-Cookie") if "_session=" in one], reached
            assert _state(shop) == before, reached
            assert (browser.cookie(), browser.who, other.who) == (cookie, "ada", "ada")
        assert 3 < reached < 59, "every place was reached, and there were some"
        assert answer.status_code < 500


@pytest.mark.asvs("V16.5.3")
@pytest.mark.attack("X1")
def test_a_second_factor_that_meets_a_failure_signs_nobody_in(database_url, monkeypatch) -> None:
    with open_shop(database_url, clock=FrozenClock(), sign_in=SignIn(policy=2, vouches=("totp",))) as shop:
        for reached in range(1, 40):
            browser = shop.browser()
            browser.vouch("ada", "password")
            before = _state(shop)
            with _failing(shop, reached, monkeypatch) as count:
                answer = browser.vouch("ada", "totp")
            if count() < reached:
                break
            assert answer.status_code >= 500, reached
            assert _state(shop) == before, reached
            assert (browser.cookie(), browser.who) == (None, "")
        assert 3 < reached < 39
        assert (answer.status_code, browser.who) == (200, "ada")


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
@pytest.mark.attack("S27")
@pytest.mark.parametrize("stolen", [False, True])
def test_wherever_the_database_fails_a_remembered_browser_is_in_or_as_it_was(database_url, monkeypatch, stolen) -> None:
    with open_remembering_shop(database_url, clock=FrozenClock()) as shop:
        for reached in range(1, 60):
            browser = close(remembered(shop))
            token = browser.cookie(REMEMBER)
            if stolen:
                assert copy_of(browser, shop).who == "ada"
                shop.clock.pass_(3_600_000)
            before = _state(shop), series(shop)
            with _failing(shop, reached, monkeypatch) as count:
                answer = browser.get("/account")
            if count() < reached:
                break
            assert answer.status_code >= 500, reached
            assert (_state(shop), series(shop)) == before, reached
            assert (browser.cookie(), browser.cookie(REMEMBER)) == (None, token)
            assert browser.who == ("" if stolen else "ada"), "and at the next try it is as if nothing had been"
        assert 3 < reached < 59
        assert answer.status_code == (401 if stolen else 200)


@pytest.mark.asvs("V16.5.3")
def test_a_guard_that_cannot_ask_lets_nobody_in(shop: Shop, monkeypatch) -> None:
    browser = shop.browser()
    browser.sign_in()
    with _failing(shop, 1, monkeypatch):
        assert browser.get("/account").status_code >= 500
        assert browser.post("/note").status_code >= 500
        assert browser.get("/who").status_code >= 500
    assert browser.get("/account").status_code == 200
