"""Silence: an application on a file of its own talks to nobody, whatever its visitors do."""

import socket

import pytest
from tests.shop import FrozenClock, open_shop


@pytest.mark.asvs("V14.2.3")
def test_nothing_is_sent_to_third_parties(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments[-1])
        raise OSError

    for verb in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, verb, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with open_shop(sqlite_url, clock=FrozenClock(), config={"OSTIARY_DATABASE_URL": None}) as shop:
        browser = shop.browser()
        browser.sign_in("ada", "wrong")
        browser.sign_in("ned")
        assert browser.sign_in().status_code == 200
        assert browser.get("/auth/sessions").status_code == 200
        browser.post("/leave?scope=everywhere")
    assert asked == []
    with pytest.raises(OSError):  # noqa: PT011 - the one above, without a text
        socket.create_connection(("198.51.100.1", 80))
    assert asked, "whoever connected would have been seen"
