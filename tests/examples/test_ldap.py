"""Sign-in by a directory: the program as it is, against a directory that ldap3 plays in memory."""

import pytest
from ldap3 import MOCK_SYNC, Connection, Server
from ldap3.core.exceptions import LDAPBindError, LDAPSocketOpenError
from tests.examples.program import length, load

from ostiary.testing import AuthKit

PEOPLE = {
    "ada": ("ada's own password", "11111111-1111-4111-8111-111111111111"),
    "bob": ("bob's own password", "22222222-2222-4222-8222-222222222222"),
}


class Directory:
    """The directory's people, and what it was asked."""

    def __init__(self):
        self.people = dict(PEOPLE)
        self.away = False
        self.asked = []

    def connection(self, server, dn, password, **options):
        """What the program gets when it writes ``Connection(server, dn, password, auto_bind=True)``."""
        self.asked.append(dn)
        if self.away:
            raise LDAPSocketOpenError("connection refused")
        played = Connection(Server("played"), user=dn, password=password, client_strategy=MOCK_SYNC)
        for name, (secret, uuid) in self.people.items():
            entry = {"objectClass": "person", "sn": name, "userPassword": secret, "entryUUID": uuid}
            played.strategy.add_entry(f"uid={name},ou=people,dc=example,dc=com", entry)
        if options.get("auto_bind") and not played.bind():
            raise LDAPBindError("automatic bind not successful - invalidCredentials")
        return played


@pytest.fixture
def directory():
    return Directory()


@pytest.fixture
def kit(monkeypatch, directory):
    module = load("ldap", monkeypatch)
    monkeypatch.setattr(module, "Ldap", directory.connection)
    with AuthKit(module.app) as made:
        yield made


def _sign_in(kit, name, password):
    client = kit.client()
    answer = client.post("/auth/sign-in", json={"identifier": name, "password": password})
    return answer, client


def test_the_example_is_as_short_as_its_model():
    assert length("ldap") <= 22


def test_whoever_the_directory_knows_is_signed_in_and_gets_an_account_once(kit):
    first, client = _sign_in(kit, "ada", PEOPLE["ada"][0])
    assert first.status_code == 200
    assert client.get("/").text == "Hello ada"
    again, _ = _sign_in(kit, "ada", PEOPLE["ada"][0])
    assert again.json["subject"] == first.json["subject"]
    bob, _ = _sign_in(kit, "bob", PEOPLE["bob"][0])
    assert bob.json["subject"] != first.json["subject"]


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(kit):
    answers = [_sign_in(kit, *pair)[0] for pair in (("ada", "wrong"), ("eve", "wrong"))]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json == answers[1].json


def test_an_empty_password_never_reaches_the_directory(kit, directory):
    # RFC 4513 §5.1.2: many directories take it for an anonymous bind, and say yes.
    assert _sign_in(kit, "ada", "")[0].status_code == 401
    assert directory.asked == []


@pytest.mark.asvs("V1.2.6")
def test_a_name_cannot_break_out_of_its_place(kit, directory):
    assert _sign_in(kit, "ada,ou=admins", PEOPLE["ada"][0])[0].status_code == 401
    assert directory.asked == ["uid=ada\\,ou\\=admins,ou=people,dc=example,dc=com"]


def test_a_directory_that_is_away_is_nobodys_wrong_password(kit, directory):
    directory.away = True
    answer, _ = _sign_in(kit, "ada", PEOPLE["ada"][0])
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


def test_whoever_is_renamed_in_the_directory_keeps_her_account(kit, directory):
    before, _ = _sign_in(kit, "ada", PEOPLE["ada"][0])
    directory.people["ada.lovelace"] = directory.people.pop("ada")
    after, _ = _sign_in(kit, "ada.lovelace", PEOPLE["ada"][0])
    assert after.json["subject"] == before.json["subject"]
