"""The application's own users: loaders plain and async, users that are gone, nobody on ``g``."""

import pytest
from flask import Flask, g, session
from tests.features.passwords.people import ADA, open_people

from ostiary import ConfigurationError, Sessions
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}


def make(loader):
    app = Flask("users")
    app.testing = True
    auth = Auth(app, [Sessions()], user_loader=loader)

    @app.post("/in/<who>")
    def sign_in(who):
        auth.sign_in(who)
        return "in"

    @app.get("/me")
    @auth.require
    def me():
        return auth.user

    @app.get("/async")
    @auth.require
    async def async_me():
        return await auth.get_user()

    return app, auth


@pytest.mark.parametrize("path", ["/me", "/async"])
def test_a_loader_turns_a_subject_into_the_applications_user(path):
    app, _ = make(lambda subject: f"user {subject}")
    client = app.test_client()
    client.post("/in/ada", headers=SAME)
    assert client.get(path).text == "user ada"


@pytest.mark.parametrize("path", ["/me", "/async"])
def test_an_async_loader_is_awaited(path):
    async def load(subject):
        return f"user {subject}"

    app, _ = make(load)
    client = app.test_client()
    client.post("/in/ada", headers=SAME)
    assert client.get(path).text == "user ada"


def test_an_async_loader_that_knows_nobody_lets_nobody_in():
    async def load(_subject):
        return None

    app, _ = make(load)
    client = app.test_client()
    assert client.post("/in/ada", headers=SAME).status_code == 401
    assert client.get("/me").status_code == 401


def test_a_coroutine_in_disguise_is_never_taken_for_a_user():
    async def load(subject):
        return subject

    app, _ = make(lambda subject: load(subject))
    with pytest.raises(ConfigurationError, match="async def"):
        app.test_client().post("/in/ada", headers=SAME)


@pytest.mark.attack("H3")
@pytest.mark.asvs("V7.4.2")
def test_a_user_who_is_gone_is_signed_out_at_her_next_request():
    users = {"ada": "user ada"}
    app, auth = make(users.get)
    client = app.test_client()
    client.post("/in/ada", headers=SAME)
    assert client.get("/me").status_code == 200
    users.clear()
    answer = client.get("/me")
    assert answer.status_code == 401
    assert "ostiary_session=;" in answer.headers["Set-Cookie"]
    with app.app_context():
        assert auth.sessions.list("ada") == []


def test_without_a_loader_asking_for_the_user_says_what_to_write():
    app, _ = make(None)
    client = app.test_client()
    client.post("/in/ada", headers=SAME)
    with pytest.raises(ConfigurationError, match="user_loader"):
        client.get("/me")


def test_neither_the_session_of_flask_nor_g_is_touched():
    app = Flask("untouched")
    app.testing = True
    app.secret_key = "the application's own"
    auth = Auth(app, [Sessions()])

    @app.post("/in")
    def sign_in():
        session["basket"] = 1
        auth.sign_in("ada")
        return {"g": list(vars(g)), "session": dict(session)}

    @app.get("/")
    @auth.require
    def index():
        return {"g": [name for name in dir(g) if not name.startswith("_") and "ost" in name], "session": dict(session)}

    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.get("/").get_json() == {"g": [], "session": {"basket": 1}}


def test_with_an_application_context_pushed_the_next_client_is_nobody():
    app, _ = make(lambda subject: subject)
    with app.app_context():
        client = app.test_client()
        client.post("/in/ada", headers=SAME)
        assert client.get("/me").text == "ada"
        assert app.test_client().get("/me").status_code == 401


def test_with_accounts_the_user_is_the_account_in_plain_and_in_async_views(sqlite_url):
    with open_people(sqlite_url) as people:

        @people.app.get("/me")
        @people.auth.require
        def me():
            return {"email": people.auth.user.email}

        @people.app.get("/later")
        @people.auth.require
        async def later():
            return {"email": (await people.auth.get_user()).email}

        browser = people.member()
        assert browser.get("/me").json == browser.get("/later").json == {"email": ADA}
        assert people.browser().get("/me").status_code == 401


def test_the_applications_own_loader_comes_before_accounts(sqlite_url):
    with open_people(sqlite_url) as people:
        people.auth.user_loader(lambda subject: {"own": subject})

        @people.app.get("/me")
        @people.auth.require
        def me():
            return people.auth.user

        assert set(people.member().get("/me").json) == {"own"}
