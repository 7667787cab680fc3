"""Closed applications, protected blueprints, guards in the wrong place."""

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from ostiary import ConfigurationError, Sessions
from ostiary.flask import Auth


def app_and_auth(**options):
    app = Flask("house")
    app.testing = True
    return app, Auth(app, [Sessions()], **options)


@pytest.mark.attack("V1")
@pytest.mark.asvs("V8.2.1")
def test_a_guard_above_its_route_is_found_by_name():
    app, auth = app_and_auth()

    @auth.require
    @app.get("/a")
    def secrets_of_the_house():
        return "bare"

    with pytest.raises(ConfigurationError, match="'secrets_of_the_house' is not guarded") as error:
        app.test_client().get("/a")
    assert "below @app.route" in str(error.value)
    # It goes on being refused: one failed request does not open the view.
    with pytest.raises(ConfigurationError):
        app.test_client().get("/a")


@pytest.mark.attack("V1")
@pytest.mark.asvs("V8.2.1")
def test_a_closed_application_names_every_view_that_says_nothing():
    app, auth = app_and_auth(closed=True)
    app.add_url_rule("/one", "one", lambda: "one")
    app.add_url_rule("/two", "two", lambda: "two")
    app.add_url_rule("/open", "open", auth.public(lambda: "open"))
    app.add_url_rule("/kept", "kept", auth.require(lambda: "kept"))

    class Half(MethodView):
        @auth.require
        def get(self): ...

        def post(self): ...

    class Whole(MethodView):
        @auth.require
        def get(self):
            return "whole"

    app.add_url_rule("/half", view_func=Half.as_view("half"))
    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    with pytest.raises(ConfigurationError) as error:
        app.test_client().get("/open")
    named = sorted(problem.what.split("'")[1] for problem in error.value.problems)
    assert named == ["half", "one", "two"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_every_view_of_a_protected_blueprint_and_of_those_inside_it_is_guarded(when):
    app, auth = app_and_auth(closed=True)
    admin, inner = Blueprint("admin", "admin", url_prefix="/admin"), Blueprint("inner", "inner", url_prefix="/inner")
    admin.get("/a", endpoint="a")(lambda: "a")
    inner.get("/b")(lambda: "b")
    admin.get("/health", endpoint="health")(auth.public(lambda: "ok"))
    if when == "before":
        auth.protect(admin)
    admin.register_blueprint(inner)
    app.register_blueprint(admin)
    if when == "after":
        auth.protect(admin)
    client = app.test_client()
    assert client.get("/admin/a").status_code == 401
    assert client.get("/admin/inner/b").status_code == 401
    assert client.get("/admin/health").status_code == 200


def test_a_blueprint_can_be_protected_by_name_and_opened_as_a_whole():
    app, auth = app_and_auth(closed=True)
    kept, open_ = Blueprint("kept", "kept"), Blueprint("open", "open")
    kept.get("/kept")(lambda: "kept")
    open_.get("/open")(lambda: "open")
    auth.protect("kept")
    auth.public(open_)
    app.register_blueprint(kept)
    app.register_blueprint(open_)
    assert app.test_client().get("/kept").status_code == 401
    assert app.test_client().get("/open").status_code == 200


def test_protecting_what_is_not_there_is_an_error_with_its_name():
    app, auth = app_and_auth()
    auth.protect("amdin")
    with pytest.raises(ConfigurationError, match="'amdin'"):
        app.test_client().get("/")


def test_a_view_dispatched_past_the_wsgi_door_is_guarded_all_the_same():
    app, auth = app_and_auth()
    kept = Blueprint("kept", "kept")
    kept.get("/kept")(lambda: "kept")
    auth.protect(kept)
    app.register_blueprint(kept)
    with app.test_request_context("/kept"):
        assert app.full_dispatch_request().status_code == 401


def test_nothing_is_left_on_the_way_of_a_request_once_the_first_one_came():
    app, auth = app_and_auth()
    app.get("/")(auth.public(lambda: "hello"))
    app.test_client().get("/")
    assert "dispatch_request" not in vars(app)
    assert not app.before_request_funcs
    assert not app.after_request_funcs


@pytest.mark.attack("V1")
def test_a_view_that_is_only_named_like_the_folder_of_files_is_not_taken_for_it(tmp_path):
    app = Flask("house", static_folder=None)
    app.testing = True
    auth = Auth(app, [Sessions()], closed=True)
    app.add_url_rule("/static", "static", lambda: "secret")
    inner = Blueprint("inner", "inner")
    inner.get("/inner", endpoint="static")(lambda: "secret")
    app.register_blueprint(inner)
    with pytest.raises(ConfigurationError) as error:
        app.test_client().get("/static")
    assert {problem.what.split("'")[1] for problem in error.value.problems} == {"static", "inner.static"}
    assert auth


def test_files_of_a_closed_application_are_open(tmp_path):
    (tmp_path / "x.css").write_text("body {}")
    app = Flask("house", static_folder=str(tmp_path))
    app.testing = True
    Auth(app, [Sessions()], closed=True)
    app.register_blueprint(Blueprint("inner", "inner", static_folder=str(tmp_path), static_url_path="/inner"))
    for path in (f"{app.static_url_path}/x.css", "/inner/x.css"):
        with app.test_client().get(path) as answer:
            assert answer.text == "body {}"


def test_a_blueprint_registered_twice_is_guarded_under_both_names():
    app, auth = app_and_auth()
    kept = Blueprint("kept", "kept")
    kept.get("/kept")(lambda: "kept")
    auth.protect(kept, via="session")
    app.register_blueprint(kept)
    app.register_blueprint(kept, name="again", url_prefix="/again")
    for path in ("/kept", "/again/kept"):
        assert app.test_client().get(path).status_code == 401


def test_a_blueprint_is_protected_by_a_guard_or_by_demands_and_not_by_both():
    auth = Auth()
    with pytest.raises(TypeError, match="not both"):
        auth.protect("kept", auth.require(), fresh="5m")
