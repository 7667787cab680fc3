"""A client is a browser on the application's own pages, and can be told to be another."""

import pytest
from flask import Flask, request

from ostiary import Sessions
from ostiary.flask import Auth
from ostiary.testing import AuthKit


def _app(**config):
    app = Flask("mirror")
    app.config.update(config)
    auth = Auth(app, [Sessions()])

    @app.route("/seen", methods=["GET", "POST"])
    @auth.optional
    def seen():
        return {"site": request.headers.get("Sec-Fetch-Site"), "url": request.url}

    @app.post("/note")
    @auth.require
    def note():
        return {"by": auth.principal.subject}

    return app


def test_it_sends_what_a_browser_on_our_own_pages_sends():
    with AuthKit(_app()) as kit:
        assert kit.client().get("/seen").json == {"site": "same-origin", "url": "http://localhost/seen"}
        assert kit.client("ada").post("/note").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_test_can_let_it_come_from_elsewhere(site):
    with AuthKit(_app()) as kit:
        answer = kit.client("ada").post("/note", headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json["code"]) == (403, "csrf_refused")


def test_it_visits_the_public_url():
    with AuthKit(_app(OSTIARY_PUBLIC_URL="https://shop.example:8443")) as kit:
        client = kit.client("ada")
        assert client.get("/seen?a=b").json["url"] == "https://shop.example:8443/seen?a=b"
        assert client.get("https://shop.example:8443/seen").json["url"] == "https://shop.example:8443/seen"
        assert client.post("/note").status_code == 200


def test_it_visits_another_address_when_a_test_says_so():
    with AuthKit(_app(OSTIARY_PUBLIC_URL="https://shop.example")) as kit:
        assert kit.client().get("/seen", base_url="http://other.test").json["url"] == "http://other.test/seen"
        assert kit.client().get("http://other.test/seen").json["url"] == "http://other.test/seen"


def test_it_visits_below_the_root_of_the_application():
    with AuthKit(_app(OSTIARY_PUBLIC_URL="https://shop.example", APPLICATION_ROOT="/app")) as kit:
        assert kit.client("ada").get("/seen").json["url"] == "https://shop.example/app/seen"
        assert kit.client("ada").post("/note").status_code == 200


def test_a_server_name_is_where_its_cookies_are():
    with AuthKit(_app(SERVER_NAME="shop.test:5000")) as kit:
        assert kit.client("ada").post("/note").status_code == 200
