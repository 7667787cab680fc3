"""Connecting: to the address that was judged and no other, within one deadline."""

import itertools
import time

import httpcore
import pytest
from tests.outbound.server import Dripping, Server

from ostiary.outbound import OutboundClient, OutboundFailed, OutboundRefused
from ostiary.outbound.connection import Deadline, resolve

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
    stopwatch = Hurrying()
    with Dripping(head, drop) as slow, pytest.raises(OutboundFailed):
        OutboundClient(allow_loopback=True, timeout=30_000, stopwatch=stopwatch).get(slow.url)
    assert 20 <= stopwatch.looks <= 31, "it is looked at before each step, and after thirty the time is over"


class Hurrying:
    """A stopwatch that is a second further whenever it is looked at."""

    looks = 0

    def now(self) -> int:
        self.looks += 1
        return 1_000 * self.looks


class Ticks:
    """A stopwatch that says what it is told to, and the last of it for ever."""

    def __init__(self, *said: int) -> None:
        self._said = list(said)

    def now(self) -> int:
        return self._said.pop(0) if len(self._said) > 1 else self._said[0]


def test_each_step_has_what_is_left_of_the_time_and_none_has_more_than_it_wants() -> None:
    deadline = Deadline(Ticks(1_000, 1_500, 2_750, 3_000), 2_000)
    assert deadline.seconds_left(None) == 1.5
    assert deadline.seconds_left(5) == 0.25
    with pytest.raises(httpcore.ReadTimeout):
        deadline.seconds_left(None)


def test_a_machine_whose_clock_is_set_loses_and_gains_no_time(server: Server, monkeypatch) -> None:
    # An hour forward at each look: by the wall clock the time would be over before the request began.
    hours = itertools.count(time.time_ns(), 3_600 * 10**9)
    monkeypatch.setattr(time, "time_ns", lambda: next(hours))
    assert OutboundClient(allow_loopback=True).get(server.url).body == b"inner"


def test_when_the_time_is_over_nothing_more_is_sent(server: Server) -> None:
    client = OutboundClient(allow_loopback=True, timeout=2_000, stopwatch=Ticks(0, 2_000))
    with pytest.raises(OutboundFailed):
        client.get(server.url)
    assert server.requests == []


def test_the_system_resolves_names() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
