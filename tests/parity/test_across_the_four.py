"""What users of all four libraries trip over, shown not to be so here: applications that need more than one of them."""

import logging

import pytest
from flask import Flask, g, render_template_string
from tests.features.passwords.people import ADA, GOOD, open_people
from tests.shop import KEY, PASSWORD, FrozenClock, open_shop
from tests.token_shop import Program, open_token_shop

from ostiary import ApiKeys, ConfigurationError, Roles, Sessions, SignIn, Tokens
from ostiary.events import SignInSucceeded
from ostiary.flask import Auth
from ostiary.kernel.clock import MINUTE


@pytest.fixture
def shop(sqlite_url):
    with open_shop(sqlite_url, clock=FrozenClock()) as made:
        yield made


# X2: three meanings of "fresh"


def test_x2_a_proof_is_as_old_as_it_is_whatever_carries_it(sqlite_url):
    with open_token_shop(sqlite_url, Sessions()) as shop:
        browser = shop.browser()
        body = {"identifier": "ada", "password": PASSWORD}
        assert browser.post("/auth/sign-in", json=body).status_code == 200
        program = Program(shop, shop.app.test_client(use_cookies=False).post("/login", json=body))

        def asked():
            return [client.get("/recent").status_code for client in (browser, program)]

        assert asked() == [200, 200]
        proven = _auth_time(shop, program)
        shop.clock.pass_(6 * MINUTE)
        program.take(program.refresh())
        assert asked() == [403, 401], "RFC 9470 says 401 to a program"
        assert _auth_time(shop, program) == proven, "a token that was renewed proves nothing anew"
        browser.post("/auth/sign-in", json=body)
        assert asked() == [200, 401]


def _auth_time(shop, program):
    with shop.app.app_context():
        (proof,) = shop.auth.tokens.verify(program.access).factors
    return proof.at


# X3: two or three users, and the wrong one is imported


def test_x3_a_view_a_template_and_a_job_ask_one_object_who_it_is(shop):
    @shop.app.get("/thrice")
    @shop.auth.require
    def thrice():
        said = render_template_string("{{ auth.principal.subject }}")
        return {"view": shop.auth.principal.subject, "template": said, "g": sorted(vars(g))}

    browser = shop.browser()
    browser.sign_in()
    assert browser.get("/thrice").json == {"view": "ada", "template": "ada", "g": []}


# X6: three error shapes, and four meanings of a status


def test_x6_every_refusal_has_one_shape_and_a_status_that_means_one_thing(sqlite_url):
    further = (Tokens(), ApiKeys(), Roles({"clerk": ["order:read"]}))
    with open_people(sqlite_url, further=further) as people:

        @people.app.get("/orders")
        @people.auth.require("order:read")
        def orders():
            return "orders"

        @people.app.get("/recent")
        @people.auth.require(fresh="5m")
        def recent():
            return "recent"

        member, stranger = people.member(), people.app.test_client(use_cookies=False)
        people.clock.pass_(6 * MINUTE)
        wrong = {"identifier": ADA, "password": "wrong"}
        foreign = {"Sec-Fetch-Site": "cross-site"}
        refusals = {
            ("not_authenticated", 401): stranger.get("/"),
            ("invalid_token", 401): stranger.get("/", headers={"Authorization": "Bearer x"}),
            ("invalid_credential", 401): stranger.get("/", headers={"X-API-Key": "x"}),
            ("invalid_credentials", 401): stranger.post("/auth/token", json=wrong),
            ("invalid_grant", 400): stranger.post("/auth/token/refresh", json={"refresh_token": "x"}),
            ("malformed_request", 400): stranger.post("/auth/token", data=b"{", content_type="application/json"),
            ("csrf_refused", 403): member.post("/auth/sign-out", json={}, headers=foreign),
            ("not_allowed", 403): member.get("/orders"),
            ("step_up_needed", 403): member.get("/recent"),
            ("not_found", 404): stranger.get("/auth/nothing"),
            ("method_not_allowed", 405): stranger.get("/auth/token"),
            ("validation_failed", 422): people.register(people.browser(), password="short"),
            ("too_many_attempts", 429): [people.sign_in(people.browser(), password="wrong") for _ in range(30)][-1],
        }
        for (code, status), answer in refusals.items():
            assert (answer.json["code"], answer.json["status"], answer.status_code) == (code, status, status)
            assert answer.mimetype == "application/problem+json", code
            assert {"type", "title", "status", "code"} <= set(answer.json), code
            assert ("WWW-Authenticate" in answer.headers) == (status == 401), code


# X7: extensions that fight for the same places of an application


def test_x7_the_names_and_handlers_of_the_application_come_before_ours(sqlite_url):
    app = Flask("first")
    app.testing = True
    app.config.update(OSTIARY_SECRET_KEY=KEY, OSTIARY_DATABASE_URL=sqlite_url)

    @app.errorhandler(Exception)
    def everything(error):
        return "the application itself", getattr(error, "code", 500)

    @app.context_processor
    def names():
        return {"auth": "the application itself"}

    auth = Auth(app, [Sessions(), Tokens()])
    app.add_url_rule("/guarded", "guarded", auth.require(lambda: "in"))
    app.add_url_rule("/name", "name", lambda: render_template_string("{{ auth }}"))
    client = app.test_client()
    assert (client.get("/guarded").text, client.get("/guarded").status_code) == ("the application itself", 401)
    assert client.get("/nowhere").text == "the application itself"
    assert client.get("/name").text == "the application itself"


# X10: nobody counts guesses


def test_x10_guesses_are_counted_without_a_setting(sqlite_url):
    with open_people(sqlite_url, further=(Tokens(),)) as people:
        people.accounts.create(email=ADA, password=GOOD)
        for path in ("/auth/token", "/auth/sign-in"):
            statuses = set()
            for number in range(25):
                client = people.app.test_client(use_cookies=False)
                client.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
                answer = client.post(path, json={"identifier": ADA, "password": "wrong"})
                statuses.add(answer.status_code)
            assert 429 in statuses, path
        right = people.sign_in(people.browser())
        assert (right.status_code, right.json["code"]) == (429, "too_many_attempts")


# X11: an async callback is never awaited, and what it would have refused is let in


class Refusing:
    async def __call__(self, event, tx=None):
        raise PermissionError


async def refusing(event, tx=None):
    raise PermissionError


def refusing_by_and_by(event, tx=None):
    yield
    raise PermissionError


@pytest.mark.parametrize(
    "listener", [refusing, Refusing(), refusing_by_and_by], ids=["function", "object", "generator"]
)
@pytest.mark.parametrize("when", ["during", "on"])
def test_x11_an_async_listener_is_refused_where_it_is_written(shop, listener, when):
    with pytest.raises(ConfigurationError, match=r"async_listener(.|\n)*plain function"):
        getattr(shop.auth, when)(SignInSucceeded)(listener)


@pytest.mark.parametrize("late", [refusing, refusing_by_and_by], ids=["coroutine", "generator"])
def test_x11_a_coroutine_that_a_listener_answers_is_never_taken_for_consent(shop, late):
    shop.auth.during(SignInSucceeded)(lambda event, tx: late(event, tx))
    browser = shop.browser()
    assert browser.sign_in().status_code == 500
    assert (browser.who, browser.cookie(), shop.rows()) == ("", None, [])


def test_x11_a_coroutine_that_is_answered_after_the_commit_is_in_the_log(shop, caplog):
    shop.auth.on(SignInSucceeded)(lambda event: refusing(event))
    with caplog.at_level(logging.ERROR):
        assert shop.browser().sign_in().status_code == 200
    assert "a listener to sign_in_succeeded failed" in caplog.text
    assert "would never run" in caplog.text


def test_x11_an_async_function_that_says_how_many_factors_stops_the_start(sqlite_url):
    async def two(subject):
        return 2

    app = Flask("two")
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    with pytest.raises(ConfigurationError, match=r"async_factors(.|\n)*plain function"):
        Auth(app, [Sessions(), SignIn(policy=two, vouches=("totp",))])


def test_x11_an_async_function_of_a_place_is_refused_where_it_is_written_and_opens_nothing(sqlite_url):
    async def nowhere():
        raise PermissionError

    with open_shop(sqlite_url, further=(Roles({"a": ["b:c"]}, default=("a",)),)) as shop:
        for write in (shop.auth.tenant, lambda on: shop.auth.require("b:c", on=on)):
            with pytest.raises(ConfigurationError, match=r"async_place(.|\n)*plain function"):
                write(nowhere)
        disguised = lambda: nowhere()
        shop.app.add_url_rule("/here", "here", shop.auth.require("b:c")(lambda: "in"))
        shop.app.add_url_rule("/there", "there", shop.auth.require("b:c", on=disguised)(lambda: "in"))
        shop.app.add_url_rule("/may", "may", lambda: str(shop.auth.can("b:c")))
        browser = shop.browser()
        browser.sign_in()
        assert [browser.get(path).status_code for path in ("/here", "/there")] == [200, 500]
        shop.auth.tenant(disguised)
        assert [browser.get(path).status_code for path in ("/here", "/may")] == [500, 500]


def test_x11_an_async_error_handler_is_awaited(shop):
    @shop.auth.error_handler
    async def answer(error):
        return {"msg": error.code}, 418

    @shop.app.get("/later")
    @shop.auth.require
    async def later():
        return "in"

    for path in ("/account", "/later"):
        answered = shop.browser().get(path)
        assert (answered.status_code, answered.json) == (418, {"msg": "not_authenticated"})
