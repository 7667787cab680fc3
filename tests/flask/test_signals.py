"""Blinker signals: every event, after the commit, from the application it happened in."""

import logging

import pytest
from flask import Flask

from ostiary import Sessions
from ostiary.events import CredentialsRevoked, Event, SignedOut, SignInSucceeded
from ostiary.flask import Auth, event_signal

SAME = {"Sec-Fetch-Site": "same-origin"}


def make(name="shop"):
    app = Flask(name)
    app.testing = True
    auth = Auth(app, [Sessions()])

    @app.post("/in")
    def sign_in():
        return auth.sign_in("ada").response()

    @app.post("/out")
    def sign_out():
        auth.sign_out()
        return "out"

    return app, auth


def test_a_kind_of_event_has_one_signal_with_its_name_and_its_meaning():
    assert event_signal(SignInSucceeded) is event_signal(SignInSucceeded)
    assert event_signal(SignInSucceeded).name == "ostiary.sign_in_succeeded"
    assert event_signal(SignInSucceeded).__doc__ == SignInSucceeded.__doc__


def test_a_receiver_hears_its_own_kind_from_its_own_application():
    (one, _), (two, _) = make("one"), make("two")
    heard = []

    def receive(sender, event):
        heard.append((sender.name, event.subject))

    with event_signal(SignInSucceeded).connected_to(receive, sender=one):
        for app in (one, two):
            client = app.test_client()
            client.post("/in", headers=SAME)
            client.post("/out", headers=SAME)
    assert heard == [("one", "ada")]


def test_a_receiver_is_called_after_the_commit():
    app, auth = make()
    found = []

    def receive(sender, event):
        with app.app_context():
            found.append(len(auth.sessions.list("ada")))

    with event_signal(SignInSucceeded).connected_to(receive):
        app.test_client().post("/in", headers=SAME)
    assert found == [1]


@pytest.mark.parametrize("listen", ["signal", "on"])
def test_a_listener_that_fails_after_the_commit_is_logged_and_never_shown(listen, caplog):
    app, auth = make()

    def fail(*_, **__):
        raise LookupError("mine")

    signal = event_signal(SignInSucceeded)
    if listen == "on":
        auth.on(SignInSucceeded)(fail)
    else:
        signal.connect(fail)
    client = app.test_client()
    with caplog.at_level(logging.ERROR, "ostiary.events"):
        assert client.post("/in", headers=SAME).status_code == 200
    signal.disconnect(fail)
    assert "sign_in_succeeded" in caplog.text
    assert client.get("/auth/sessions").status_code == 200


def test_whoever_listens_to_event_hears_everything():
    app, auth = make()
    heard = []
    auth.on(Event)(lambda event: heard.append(type(event)))
    client = app.test_client()
    client.post("/in", headers=SAME)
    client.post("/out", headers=SAME)
    with app.app_context():
        auth.sessions.end_all("ada")
    assert heard == [SignInSucceeded, SignedOut, CredentialsRevoked]
