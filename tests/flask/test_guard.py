"""``@auth.require`` in all its forms: what it guards, what it lets pass, what nothing in a request can change."""

from collections.abc import Callable
from functools import wraps

import pytest
from flask import Flask, request
from flask.views import MethodView, View

from ostiary import ConfigurationError, Sessions, SignIn, all_of, any_of
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def make(register: Callable[[Flask, Auth], None], features=None, **options):
    app = Flask("door")
    app.testing = True
    auth = Auth(app, features or [Sessions()], **options)

    @app.post("/in/<who>")
    @auth.public
    def sign_in(who):
        auth.sign_in(who, proof=request.args.get("proof", "app"))
        return "in"

    register(app, auth)
    return app, auth


def signed_in(app, who="ada", proof="app"):
    client = app.test_client()
    assert client.post(f"/in/{who}?proof={proof}", headers=SAME).status_code == 200
    return client


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("parentheses", [True, False])
def test_a_guard_works_with_and_without_parentheses(parentheses):
    def register(app, auth):
        guard = auth.require() if parentheses else auth.require

        @app.get("/a")
        @guard
        def a():
            return auth.principal.subject

    app, _ = make(register)
    assert app.test_client().get("/a").status_code == 401
    assert signed_in(app).get("/a").text == "ada"


def test_a_guard_works_on_a_view_class_and_as_its_decorator():
    def register(app, auth):
        @auth.require
        class Whole(View):
            def dispatch_request(self):
                return "whole"

        class Listed(View):
            decorators = [auth.require]

            def dispatch_request(self):
                return "listed"

        app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
        app.add_url_rule("/listed", view_func=Listed.as_view("listed"))

    app, _ = make(register)
    for path in ("/whole", "/listed"):
        assert app.test_client().get(path).status_code == 401
        assert signed_in(app).get(path).status_code == 200


def test_a_guard_works_on_a_method_of_a_view_class():
    def register(app, auth):
        class Both(MethodView):
            def get(self):
                return "open"

            @auth.require
            def put(self):
                return "guarded"

        app.add_url_rule("/both", view_func=Both.as_view("both"))

    app, _ = make(register)
    assert app.test_client().get("/both").status_code == 200
    assert app.test_client().put("/both").status_code == 401
    assert signed_in(app).put("/both", headers=SAME).status_code == 200


def test_a_guard_works_on_an_async_view():
    def register(app, auth):
        @app.get("/a")
        @auth.require
        async def a():
            return auth.principal.subject

    app, _ = make(register)
    assert app.test_client().get("/a").status_code == 401
    assert signed_in(app).get("/a").text == "ada"


def test_no_variable_of_the_address_can_change_what_a_guard_demands():
    def register(app, auth):
        @app.get("/<permission>/<role>/<factors>/<view>/<via>")
        @auth.require(via="session")
        def a(permission, role, factors, view, via):
            return f"{permission}|{role}|{factors}|{view}|{via}"

    app, _ = make(register)
    assert app.test_client().get("/a/b/0/c/d").status_code == 401
    assert signed_in(app).get("/a/b/0/c/d").text == "a|b|0|c|d"


def test_options_passes_and_head_is_guarded():
    def register(app, auth):
        @app.route("/a", methods=["GET", "OPTIONS"])
        @auth.require
        def a():
            return "asked"

    app, _ = make(register)
    assert app.test_client().options("/a").status_code == 200
    assert app.test_client().head("/a").status_code == 401
    assert signed_in(app).head("/a").status_code == 200


def test_options_never_answers_what_a_guard_keeps():
    def register(app, auth):
        @app.route("/a", methods=["GET", "OPTIONS"])
        @auth.require
        def a():
            return "secret"

        @auth.require
        class Whole(View):
            methods = ["GET", "OPTIONS"]
            provide_automatic_options = False

            def dispatch_request(self):
                return "secret"

        app.add_url_rule("/b", view_func=Whole.as_view("b"))

    app, _ = make(register)
    for path in ("/a", "/b"):
        answer = app.test_client().options(path)
        assert (answer.status_code, answer.text) == (200, "")
        assert "GET" in answer.headers["Allow"]


def test_a_preflight_reaches_whoever_answers_it():
    def cross_origin(view):
        # What Flask-CORS does to a view.
        @wraps(view)
        def answering(*args, **kwargs):
            if request.method == "OPTIONS":
                return "allowed"
            return view(*args, **kwargs)

        answering.required_methods = ["OPTIONS"]
        answering.provide_automatic_options = False
        return answering

    def register(app, auth):
        @app.get("/a")
        @auth.require
        @cross_origin
        def a():
            return "secret"

        @auth.require
        class Both(MethodView):
            def get(self):
                return "secret"

            def options(self):
                return "allowed"

        app.add_url_rule("/b", view_func=Both.as_view("b"))

    app, _ = make(register)
    for path in ("/a", "/b"):
        assert app.test_client().options(path).text == "allowed"
        assert app.test_client().get(path).status_code == 401


def test_an_optional_view_lets_everybody_in_and_knows_who_it_is():
    def register(app, auth):
        @app.get("/a")
        @auth.optional
        def a():
            return auth.principal.subject or "nobody"

    app, _ = make(register)
    assert app.test_client().get("/a").text == "nobody"
    assert signed_in(app).get("/a").text == "ada"


def test_where_two_guards_stand_both_are_asked():
    def register(app, auth):
        @app.get("/a")
        @auth.require
        @auth.require(factors=2)
        def a():
            return "a"

    app, _ = make(register, [Sessions(), SignIn(vouches=("totp",))])
    assert app.test_client().get("/a").status_code == 401
    assert signed_in(app).get("/a").status_code == 403


def test_a_variable_that_a_guard_names_and_the_address_has_not_is_an_error_and_opens_nothing():
    def register(app, auth):
        app.add_url_rule("/<org>/a", "a", auth.require(on="tenant")(lambda org: "a"))

    app, _ = make(register)
    client = signed_in(app)
    with pytest.raises(ConfigurationError, match="on='tenant'"):
        client.get("/acme/a")


def test_guards_can_be_kept_and_joined():
    def register(app, auth):
        recent = auth.require(fresh="5m")
        by_session = auth.require(via="session")

        @app.get("/a")
        @(recent & by_session)
        def a():
            return "a"

    app, _ = make(register)
    assert app.test_client().get("/a").status_code == 401
    assert signed_in(app).get("/a").status_code == 200


@pytest.mark.parametrize(
    ("demands", "cure"),
    [
        ({"role": "teller"}, "Roles"),
        ({"via": "bearer"}, "the kinds here are: session"),
        ({"factors": 2}, "vouches"),
        ({"phishing_resistant": True}, "vouches"),
        ({"proof": "totp"}, "vouches"),
        ({"proof": all_of("password", "totp")}, "vouches"),
        ({"proof": "charm"}, "the kinds are"),
    ],
)
def test_a_requirement_that_nothing_can_meet_stops_the_start(demands, cure):
    def register(app, auth):
        @app.get("/a")
        @auth.require(**demands)
        def a():
            return "a"

    app, _ = make(register)
    with pytest.raises(ConfigurationError, match="guard of 'a'") as error:
        app.test_client().get("/a")
    assert cure in str(error.value)


def test_a_permission_without_roles_stops_the_start():
    def register(app, auth):
        @app.get("/a")
        @auth.require("order:read")
        def a():
            return "a"

    app, _ = make(register)
    with pytest.raises(ConfigurationError, match="order:read"):
        app.test_client().get("/a")


@pytest.mark.parametrize(
    "demands", [{"role": ["a", "b"]}, {"via": []}, {"fresh": 0}, {"fresh": "soon"}, {"factors": 0}, {"proof": ""}]
)
def test_a_demand_that_could_mean_two_things_is_refused_where_it_is_written(demands):
    auth = Auth()
    with pytest.raises(ConfigurationError):
        auth.require(**demands)


@pytest.mark.parametrize("name", ["Order:Read", "order", "order:", "admin\0", "order read", "order:*"])
@pytest.mark.attack("V4")
def test_what_is_no_permission_is_refused_where_it_is_written(name):
    with pytest.raises(ConfigurationError, match="permission"):
        Auth().require(name)


def test_an_application_may_vouch_for_a_second_factor():
    def register(app, auth):
        @app.get("/a")
        @auth.require(factors=2, proof=any_of("password", "totp"))
        def a():
            return "a"

    app, _ = make(register, [Sessions(), SignIn(vouches=("totp",))])
    client = signed_in(app, proof="password")
    answer = client.get("/a")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "step_up_needed")
    client.post("/in/ada?proof=totp", headers=SAME)
    assert client.get("/a").status_code == 200


def test_signing_in_somebody_else_lends_her_no_factor():
    def register(app, auth):
        @app.get("/a")
        @auth.require(factors=2)
        def a():
            return "a"

    app, _ = make(register, [Sessions(), SignIn(vouches=("totp",))])
    client = signed_in(app, proof="password")
    client.post("/in/bob?proof=totp", headers=SAME)
    assert client.get("/a").status_code == 403


def test_check_inside_a_view_raises_the_refusal():
    def register(app, auth):
        @app.get("/a")
        def a():
            auth.check()
            return "a"

    app, _ = make(register)
    assert app.test_client().get("/a").status_code == 401
    assert signed_in(app).get("/a").status_code == 200


def test_what_is_hidden_answers_as_if_it_were_not_there():
    def register(app, auth):
        @app.get("/a")
        @auth.require(fresh=1, hidden=True)
        def a():
            return "a"

    app, auth = make(register)
    clock = type("Clock", (), {"at": 1_800_000_000_000, "now": lambda self: self.at})()
    app.extensions["ostiary"].clock = clock
    client = signed_in(app)
    clock.at += 60_000
    assert client.get("/a").status_code == 404


def test_a_guard_refuses_what_is_no_view():
    with pytest.raises(TypeError, match="guards views"):
        Auth().require(5)


@pytest.mark.asvs("V8.2.1")
def test_options_runs_no_view_that_is_merely_called_so():
    """RFC 9110 section 9.3.7 lets OPTIONS through without credentials; what it runs must be made for it."""
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()])

    @app.route("/account/options", methods=["GET", "OPTIONS"])
    @auth.require
    def options():
        return "secret"

    class Shipping(View):
        methods = ["GET", "OPTIONS"]  # noqa: RUF012 - as Flask has it
        options = ("by air", "by sea")

        def dispatch_request(self):
            return "secret"

    app.add_url_rule("/shipping", view_func=auth.require(Shipping).as_view("shipping"))
    for path in ("/account/options", "/shipping"):
        assert app.test_client().get(path).status_code == 401
        answer = app.test_client().options(path)
        assert (answer.status_code, answer.data) == (200, b"")
