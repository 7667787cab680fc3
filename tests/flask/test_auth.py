"""``Auth`` and its applications: factories, production, settings, error handlers, signals, several applications."""

import stat
import subprocess
import sys

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from ostiary import ConfigurationError, Passwords, Sessions, SignIn
from ostiary.events import AccessDenied, SignInSucceeded
from ostiary.flask import Auth, event_signal

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
PRODUCTION = {
    "OSTIARY_DEVELOPMENT": "0",
    "OSTIARY_SECRET_KEY": "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test",
    "OSTIARY_PUBLIC_URL": "https://shop.example",
}


def make(app=None, *, testing=True, config=None, **options):
    app = app or Flask("shop")
    app.testing = testing
    app.config.update(config or {})
    auth = Auth(app, [Sessions()], **options)

    @app.post("/in")
    def sign_in():
        auth.sign_in("ada")
        return "in"

    @app.get("/kept")
    @auth.require
    def kept():
        return auth.principal.subject

    return app, auth


@pytest.mark.asvs("V13.2.3")
def test_production_tells_every_problem_at_once_each_with_its_cure():
    app = Flask("shop")
    app.config["OSTIARY_DEVELOPMENT"] = "0"
    with pytest.raises(ConfigurationError) as error:
        Auth(app, [Sessions()])
    assert [problem.code for problem in error.value.problems] == ["no_public_url", "no_secret_key"]
    assert all(problem.cure for problem in error.value.problems)


@pytest.mark.asvs("V13.2.3")
@pytest.mark.parametrize("key", ["hunter22", "change-me-change-me-change-me-change-me", "a" * 64])
def test_a_placeholder_for_a_key_stops_the_start_and_is_not_shown(key):
    app = Flask("shop")
    app.config.update({**PRODUCTION, "OSTIARY_SECRET_KEY": key})
    with pytest.raises(ConfigurationError) as error:
        Auth(app, [Sessions()])
    assert key not in str(error.value)


def test_a_public_url_without_tls_stops_the_start():
    app = Flask("shop")
    app.config.update({**PRODUCTION, "OSTIARY_PUBLIC_URL": "http://shop.example"})
    with pytest.raises(ConfigurationError, match="plain HTTP"):
        Auth(app, [Sessions()])


@pytest.mark.asvs("V3.3.1")
@pytest.mark.asvs("V3.3.2")
@pytest.mark.must("63B-5.1.1")
def test_in_production_the_cookie_is_bound_to_the_host(tmp_path):
    config = {**PRODUCTION, "OSTIARY_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"}
    app = Flask("shop")
    app.config.update(config)
    database = _migrated(config["OSTIARY_DATABASE_URL"])
    app, _ = make(app, testing=False, database=database)
    answer = app.test_client().post("/in", headers=SAME, base_url="https://shop.example")
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if "session" in one)
    assert cookie.startswith("__Host-ostiary_session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    database.close()


@pytest.mark.attack("F14")
def test_in_production_origins_are_compared_with_the_public_url_and_never_with_the_host(tmp_path):
    database = _migrated(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    app, _ = make(testing=False, config=PRODUCTION, database=database)
    client = app.test_client()
    evil = {"Host": "evil.test", "Origin": "https://evil.test"}
    assert client.post("/in", headers=evil).status_code == 403
    assert client.post("/in", headers={"Host": "internal", "Origin": "https://shop.example"}).status_code == 200
    database.close()


def _migrated(url):
    from ostiary.storage.database import Database

    database = Database.from_url(url, migrates_itself=True)
    database.engine()
    return database


def test_a_given_database_that_is_not_migrated_names_the_command(tmp_path):
    app, _ = make(testing=False, config={**PRODUCTION, "OSTIARY_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"})
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ConfigurationError, match="ostiary db upgrade"):
        app.test_client().post("/in", headers=SAME)


def test_an_application_run_as_a_script_is_asked_when_it_serves():
    code = (
        "import os; os.environ['OSTIARY_DEVELOPMENT'] = '0'\n"
        "from flask import Flask; from ostiary import Sessions; from ostiary.flask import Auth\n"
        "app = Flask('__main__'); Auth(app, [Sessions()]); print('constructed')\n"
        "app.run(port=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "constructed\n"
    assert "no_secret_key" in done.stderr


@pytest.mark.attack("T15")
def test_the_key_of_development_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    values = set()
    for _ in range(2):
        app = Flask("shop", instance_path=str(tmp_path / "instance"))
        app, _auth = make(app, testing=False)
        app.test_client().get("/kept")
        path = tmp_path / "instance" / "ostiary.key"
        values.add(path.read_text("ascii"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        app.extensions["ostiary"].runtime.database.close()
    assert len(values) == 1


def test_a_mistyped_name_in_the_configuration_stops_the_start_with_the_nearest_one():
    app = Flask("shop")
    app.config["OSTIARY_SESSIONS_IDEL"] = "1h"
    with pytest.raises(ConfigurationError, match="OSTIARY_SESSIONS_IDLE"):
        Auth(app, [Sessions()])


def test_an_unknown_name_in_the_environment_only_warns(monkeypatch, caplog):
    monkeypatch.setenv("OSTIARY_PORT", "tcp://10.0.0.1:80")
    Auth(Flask("shop"), [Sessions()])
    assert "OSTIARY_PORT" in caplog.text


def test_a_feature_is_configured_by_code_then_config_then_environment(monkeypatch):
    monkeypatch.setenv("OSTIARY_SESSIONS_IDLE", "1h")
    monkeypatch.setenv("OSTIARY_SESSIONS_ABSOLUTE", "2h")
    app = Flask("shop")
    app.config["OSTIARY_SESSIONS_ABSOLUTE"] = "3h"
    shared = Sessions(at_most=2)
    Auth(app, [shared])
    resolved = app.extensions["ostiary"].assembly.get("sessions")
    assert (resolved.idle, resolved.absolute, resolved.at_most) == ("1h", "3h", 2)
    assert (shared.idle, shared.absolute) == ("14d", "30d")


def test_problems_of_features_are_told_together():
    with pytest.raises(ConfigurationError) as error:
        Auth(Flask("shop"), [Sessions(idle="60d"), Passwords(memory_kib=8, passes=1), SignIn(policy=2), Sessions])
    codes = {problem.code for problem in error.value.problems}
    assert codes >= {
        "idle_longer_than_absolute",
        "weak_password_hash",
        "requirement_cannot_be_met",
        "feature_not_constructed",
    }


def test_a_second_auth_on_one_application_is_refused():
    app, _ = make()
    with pytest.raises(ConfigurationError, match="one Auth"):
        Auth(app, [Sessions()])


@pytest.mark.attack("X9")
def test_one_auth_serves_several_applications_that_share_nothing():
    auth = Auth(features=[Sessions()])
    apps = []
    for name in ("one", "two"):
        app = Flask(name)
        app.testing = True
        auth.init_app(app)
        app.add_url_rule("/in", "in", lambda: auth.sign_in("ada").response(), methods=["POST"])
        app.add_url_rule("/who", "who", lambda: auth.principal.subject or "nobody")
        apps.append(app)
    first, second = (app.test_client() for app in apps)
    first.post("/in", headers=SAME)
    second.set_cookie("ostiary_session", first.get_cookie("ostiary_session").value)
    assert (first.get("/who").text, second.get("/who").text) == ("ada", "nobody")


@pytest.mark.attack("X9")
def test_an_application_mounted_in_another_keeps_its_own_caller():
    outer, _ = make()
    inner, _ = make(Flask("inner"))
    client = Client(DispatcherMiddleware(outer, {"/inner": inner}))
    client.post("/in", headers=SAME)
    assert client.get("/kept").text == "ada"
    assert client.get("/inner/kept").status_code == 401


def test_the_applications_error_handlers_apply_to_our_refusals():
    app, _ = make()
    app.register_error_handler(401, lambda error: (f"mine: {error.error.code}", 401))
    assert app.test_client().get("/kept").text == "mine: not_authenticated"


def test_one_error_handler_may_replace_every_answer():
    app, auth = make()

    @auth.error_handler
    def answer(error):
        return ({"oops": error.code}, error.status) if error.status == 401 else None

    assert app.test_client().get("/kept").get_json() == {"oops": "not_authenticated"}
    assert app.test_client().post("/in").get_json()["code"] == "csrf_refused"


@pytest.mark.attack("W6")
@pytest.mark.asvs("V16.5.1")
@pytest.mark.asvs("V3.4.3")
@pytest.mark.asvs("V3.4.6")
def test_a_refusal_as_a_page_tells_nothing_and_carries_our_headers():
    app, _ = make()
    answer = app.test_client().get("/kept", headers=PAGE)
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Traceback" not in answer.text


def test_a_problem_document_has_a_stable_code():
    app, _ = make()
    answer = app.test_client().get("/kept")
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json() == {
        "type": "urn:ostiary:problem:not_authenticated",
        "title": "Please sign in.",
        "status": 401,
        "code": "not_authenticated",
    }


def test_events_are_heard_inside_the_transaction_after_it_and_as_signals():
    app, auth = make()
    heard = []
    auth.during(SignInSucceeded)(lambda event, tx: heard.append(("during", tx.connection.in_transaction())))
    auth.on(SignInSucceeded)(lambda event: heard.append(("on", event.subject)))

    def receive(sender, event):
        heard.append(("signal", sender.name))

    with event_signal(SignInSucceeded).connected_to(receive):
        app.test_client().post("/in", headers=SAME)
    assert heard == [("during", True), ("on", "ada"), ("signal", "shop")]


@pytest.mark.attack("X7")
def test_a_listener_that_raises_inside_the_transaction_aborts_the_sign_in():
    app, auth = make()

    @auth.during(SignInSucceeded)
    def refuse(event, tx):
        raise RuntimeError("no")

    client = app.test_client()
    with pytest.raises(RuntimeError):
        client.post("/in", headers=SAME)
    assert client.get("/kept").status_code == 401
    with app.app_context():
        assert auth.sessions.list("ada") == []


@pytest.mark.asvs("V16.3.2")
def test_a_denied_request_is_an_event():
    app, auth = make()
    heard = []
    auth.on(AccessDenied)(heard.append)
    app.test_client().get("/kept")
    assert [(event.code, event.endpoint) for event in heard] == [("not_authenticated", "kept")]


def test_templates_know_who_is_calling():
    app, _ = make()
    app.add_url_rule("/page", "page", lambda: app.jinja_env.from_string("{{ auth.principal.subject }}").render())
    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.get("/page").text == "ada"


def test_our_addresses_are_exempt_from_the_csrf_protection_of_flask_wtf():
    app = Flask("shop")
    exempted = []
    app.extensions["csrf"] = type(
        "CSRFProtect", (), {"exempt": lambda self, blueprint: exempted.append(blueprint.name)}
    )()
    app, _ = make(app)
    app.test_client().get("/kept")
    assert exempted == ["ostiary"]


def test_an_error_page_that_asks_who_is_calling_does_not_break():
    app, auth = make()
    app.register_error_handler(403, lambda error: (f"hello {auth.principal.subject or 'nobody'}", 403))

    @app.post("/change")
    @auth.require
    def change():
        return "changed"

    client = app.test_client()
    client.post("/in", headers=SAME)
    answer = client.post("/change", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.text) == (403, "hello nobody")
