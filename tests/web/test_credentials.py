"""What somebody typed to sign in: from a form, JSON or HTTP Basic, never from two of them."""

from base64 import b64encode

import pytest
from flask import Flask
from tests.shop import PASSWORD, hashed

from ostiary import Passwords, Sessions
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}


def basic(text: str | bytes) -> str:
    return "Basic " + b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.fixture
def client():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions(), Passwords(lookup={"ada": hashed()}.get, memory_kib=19_456, passes=2, lanes=1)])

    @app.post("/echo")
    def echo():
        found = auth.credentials()
        return {"identifier": found.identifier, "password": found.password, "shown": repr(found)}

    @app.post("/in")
    def sign_in():
        return auth.sign_in(auth.passwords.verify(*auth.credentials())).response()

    return app.test_client()


@pytest.mark.parametrize("name", ["identifier", "username", "email"])
def test_a_form_and_json_say_the_same_under_any_of_the_names(client, name):
    fields = {name: "ada", "password": " pass "}
    for body in ({"data": fields}, {"json": fields}, {"data": fields, "content_type": "multipart/form-data"}):
        answer = client.post("/echo", **body).get_json()
        assert (answer["identifier"], answer["password"]) == ("ada", " pass "), "nothing is trimmed"
        assert "pass " not in answer["shown"], "and nothing is shown"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
@pytest.mark.attack("C20")
def test_basic_is_read_whatever_the_case_of_its_scheme(client, scheme):
    header = basic("ada:a:b").replace("Basic", scheme)
    answer = client.post("/echo", headers={"Authorization": header}).get_json()
    assert (answer["identifier"], answer["password"]) == ("ada", "a:b")


def test_a_form_behind_the_server_s_own_password_is_the_form(client):
    headers = {"Authorization": basic("staging:door")}
    answer = client.post("/echo", data={"identifier": "ada", "password": "x"}, headers=headers).get_json()
    assert (answer["identifier"], answer["password"]) == ("ada", "x")


@pytest.mark.attack("C19")
@pytest.mark.attack("C20")
@pytest.mark.attack("U14")
@pytest.mark.parametrize(
    "header",
    [
        basic("ada:a") + ", " + basic("bob:b"),
        "Basic",
        "Basic ",
        "Basic !!!",
        basic(":password"),
        basic(b"\xff\xfe:x"),
        "Basic " + "." * 1_000_000,
        "Basic\t" + basic("ada:a").split()[1],
        "Bearer " + "." * 1_000_000,
    ],
    ids=lambda header: header[:20],
)
def test_a_header_that_cannot_be_read_is_refused_and_never_a_500(client, header):
    answer = client.post("/echo", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")


@pytest.mark.attack("T10")
@pytest.mark.asvs("V15.3.7")
@pytest.mark.parametrize(
    "body",
    [
        "identifier=ada&identifier=bob&password=x",
        "identifier=ada&email=bob&password=x",
        "identifier=ada&password=x&password=y",
        "identifier[]=ada&password=x",
        "identifier=ada",
        "password=x",
        "",
    ],
)
def test_two_of_one_thing_or_one_missing_is_malformed(client, body):
    answer = client.post("/echo?identifier=eve&password=z", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


@pytest.mark.attack("U5")
def test_a_hundred_thousand_parts_are_too_many(client):
    part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    answer = client.post("/echo", data=part * 100_000 + "--x--", content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


@pytest.mark.attack("U7")
def test_an_integer_of_five_thousand_digits_is_malformed(client):
    body = f'{{"identifier": {"9" * 5_000}, "password": "x"}}'
    assert client.post("/echo", data=body, content_type="application/json").status_code == 400


@pytest.mark.asvs("V14.2.1")
@pytest.mark.attack("C18")
def test_a_password_in_the_address_is_not_looked_at(client):
    answer = client.post(f"/in?identifier=ada&password={PASSWORD}", headers=SAME)
    assert answer.status_code == 400
    assert client.post("/in", json={"identifier": "ada", "password": PASSWORD}, headers=SAME).status_code == 200


@pytest.mark.attack("T11")
@pytest.mark.parametrize("name", ["__proto__", "__class__", "{0.__class__}", "%s", "{{7*7}}"])
def test_a_name_that_means_something_to_a_program_is_only_a_name(client, name):
    assert client.post("/echo", json={"identifier": name, "password": "x"}).get_json()["identifier"] == name
    assert client.post("/in", json={"identifier": name, "password": "x"}, headers=SAME).status_code == 401
