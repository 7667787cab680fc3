"""Connecting: to the address that was judged and no other, within one deadline."""

import pytest
from tests.outbound.server import Dripping, Server

from ostiary.outbound import OutboundClient, OutboundFailed, OutboundRefused
from ostiary.outbound.connection import resolve

pytestmark = [pytest.mark.asvs("V13.2.4"), pytest.mark.attack("T7")]


@pytest.fixture
def server():
    with Server() as made:
        made.answers(200, "inner")
        yield made


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost.", "0x7f.1", "2130706433", "127.1", "[::1]", "[::ffff:7f00:1]", "0"]
)
def test_no_spelling_of_this_machine_is_connected_to(server: Server, host: str) -> None:
    with pytest.raises((OutboundRefused, OutboundFailed)):
        OutboundClient(timeout=1_000).get(f"https://{host}:{server.port}/")
    assert server.requests == []


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
def test_a_name_that_leads_inside_is_refused_also_beside_a_public_address(inner: str) -> None:
    for addresses in ([inner], ["93.184.216.34", inner], [inner, "93.184.216.34"]):
        client = OutboundClient(resolve=lambda *_, found=addresses: found)
        with pytest.raises(OutboundRefused):
            client.get("https://inner.example/")


def test_a_name_is_resolved_once_so_that_a_second_answer_leads_nowhere(server: Server) -> None:
    answers = iter([["127.0.0.1"]])
    client = OutboundClient(allow_loopback=True, resolve=lambda *_: next(answers))
    assert client.get(f"http://rebinding.example:{server.port}/").body == b"inner"
    assert server.requests[0].headers["host"] == f"rebinding.example:{server.port}"


def test_a_name_that_leads_nowhere_fails() -> None:
    with pytest.raises(OutboundRefused):
        OutboundClient(resolve=lambda *_: []).get("https://nobody.example/")

    def unknown(*_):
        raise OSError

    with pytest.raises(OutboundFailed):
        OutboundClient(resolve=unknown).get("https://nobody.example/")


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"x-a: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
@pytest.mark.asvs("V13.2.6")
def test_a_server_that_drips_is_waited_for_no_longer_than_the_deadline(head: bytes, drop: bytes) -> None:
    import time

    with Dripping(head, drop) as slow:
        started = time.monotonic()
        with pytest.raises(OutboundFailed):
            OutboundClient(allow_loopback=True, timeout=300).get(slow.url)
        assert time.monotonic() - started < 2


def test_the_system_resolves_names() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
