"""Documents of other servers: asked for once by all threads, kept as long as they say within bounds, old while they fail."""

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.outbound.server import Server, write_answer
from tests.shop import FrozenClock

from ostiary.outbound import DocumentUnavailable, JsonCache, OutboundClient
from ostiary.outbound.json_cache import STALE_FOR, freshness

MINUTE = 60_000
HOUR = 60 * MINUTE
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def server():
    with Server() as made:
        made.answers(200, '{"n": 1}', JSON)
        yield made


@pytest.fixture
def cache(server, clock):
    return cache_of(clock, server.url + "/document")


def cache_of(clock, *urls: str, **settings) -> JsonCache:
    client = OutboundClient(allow_loopback=True, **settings)
    return JsonCache("the document", lambda: urls, json.loads, client=client, clock=clock)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, HOUR),
        ({"cache-control": "public"}, HOUR),
        ({"cache-control": "max-age=600"}, 10 * MINUTE),
        ({"cache-control": "public, max-age=600, must-revalidate"}, 10 * MINUTE),
        ({"cache-control": 'MAX-AGE="600"'}, 10 * MINUTE),
        ({"cache-control": "max-age=600", "age": "300"}, 5 * MINUTE),
        ({"cache-control": "max-age=600", "age": "900"}, MINUTE),
        ({"cache-control": "max-age=600", "age": "soon"}, 10 * MINUTE),
        ({"cache-control": "max-age=0"}, MINUTE),
        ({"cache-control": "max-age=1"}, MINUTE),
        ({"cache-control": "no-store"}, MINUTE),
        ({"cache-control": "no-cache, max-age=600"}, MINUTE),
        ({"cache-control": "max-age=31536000"}, 24 * HOUR),
        ({"cache-control": "max-age=999999999999"}, 24 * HOUR),
        ({"cache-control": "max-age=" + "9" * 5_000}, HOUR),
        ({"cache-control": "max-age=-5"}, HOUR),
        ({"cache-control": "x-max-age=5"}, HOUR),
    ],
)
def test_how_long_an_answer_counts_is_its_servers_word_within_a_minute_and_a_day(headers, expected) -> None:
    assert freshness(headers) == expected


def test_nothing_is_fetched_before_somebody_asks(server, cache) -> None:
    assert server.requests == []
    assert cache.get().value == {"n": 1}
    assert len(server.requests) == 1


def test_an_answer_is_kept_while_it_is_fresh(server, cache, clock) -> None:
    server.answers(200, '{"n": 1}', {**JSON, "Cache-Control": "max-age=600"})
    cache.get()
    clock.pass_(10 * MINUTE - 1)
    cache.get()
    assert len(server.requests) == 1
    clock.pass_(1)
    cache.get()
    assert len(server.requests) == 2


def test_an_old_answer_is_revalidated_by_its_etag(server, cache, clock) -> None:
    server.answers(200, '{"n": 1}', {**JSON, "ETag": '"v1"'})
    first = cache.get()
    clock.pass_(HOUR)
    server.answers(304, headers={"Cache-Control": "max-age=7200"})
    second = cache.get()
    assert server.requests[1].headers["if-none-match"] == '"v1"'
    assert second.value is first.value
    clock.pass_(2 * HOUR - 1)
    assert cache.get() is second


def test_an_answer_of_not_modified_that_nobody_asked_for_is_a_failure(server, cache) -> None:
    server.answers(304)
    with pytest.raises(DocumentUnavailable):
        cache.get()


def test_an_answer_without_an_etag_is_never_taken_for_not_modified(server, cache, clock) -> None:
    cache.get()
    clock.pass_(HOUR + STALE_FOR)
    server.answers(304)
    with pytest.raises(DocumentUnavailable):
        cache.get()
    assert "if-none-match" not in server.requests[1].headers


@pytest.mark.attack("X3")
def test_an_answer_that_cannot_be_renewed_counts_for_a_bounded_time(server, cache, clock) -> None:
    kept = cache.get()
    server.answers(500)
    clock.pass_(HOUR + STALE_FOR - 1)
    assert cache.get() is kept
    clock.pass_(1)
    with pytest.raises(DocumentUnavailable):
        cache.get()
    clock.pass_(10_000)
    server.answers(200, '{"n": 2}', JSON)
    assert cache.get().value == {"n": 2}


def test_a_failure_is_remembered_for_ten_seconds(server, cache, clock) -> None:
    server.answers(500)
    for _ in range(100):
        with pytest.raises(DocumentUnavailable):
            cache.get()
    assert len(server.requests) == 1
    server.answers(200, '{"n": 1}', JSON)
    clock.pass_(9_999)
    with pytest.raises(DocumentUnavailable):
        cache.get()
    clock.pass_(1)
    assert cache.get().value == {"n": 1}


@pytest.mark.attack("X4")
def test_a_clock_that_is_set_back_neither_keeps_a_failure_nor_an_answer(server, cache, clock) -> None:
    server.answers(500)
    with pytest.raises(DocumentUnavailable):
        cache.get()
    clock.at -= HOUR
    server.answers(200, '{"n": 1}', JSON)
    cache.get()
    clock.at -= HOUR
    server.answers(200, '{"n": 2}', JSON)
    assert cache.get().value == {"n": 2}


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 401, 500, 503])
@pytest.mark.attack("B21")
def test_any_other_answer_is_a_failure_a_redirect_among_them(server, cache, status) -> None:
    server.answers(status, '{"n": 1}', {**JSON, "Location": "/elsewhere"})
    with pytest.raises(DocumentUnavailable):
        cache.get()
    assert [request.path for request in server.requests] == ["/document"]


@pytest.mark.attack("B20")
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "", "application/jsonp", "text/html; application/json"])
def test_what_its_server_does_not_call_json_is_not_read(server, cache, kind) -> None:
    server.answers(200, '{"n": 1}', {"Content-Type": kind})
    with pytest.raises(DocumentUnavailable, match="JSON"):
        cache.get()


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"])
def test_json_has_several_names(server, cache, kind) -> None:
    server.answers(200, '{"n": 1}', {"Content-Type": kind})
    assert cache.get().value == {"n": 1}


@pytest.mark.attack("P19")
def test_what_is_too_long_too_slow_or_no_json_is_a_failure_that_quotes_nothing(server, clock) -> None:
    server.answers(200, b'{"n": "' + b"secret" * 1_000 + b'"}', JSON)
    with pytest.raises(DocumentUnavailable) as failed:
        cache_of(clock, server.url, largest=1_000).get()
    server.answers(200, "<html>secret</html>", JSON)
    with pytest.raises(DocumentUnavailable) as refused:
        cache_of(clock, server.url).get()
    assert "secret" not in f"{failed.value} {refused.value}"


@pytest.mark.attack("T7")
@pytest.mark.parametrize(
    "url", ["http://shop.example/", "https://127.0.0.1:1/", "https://169.254.169.254/", "file:///x"]
)
def test_what_may_not_be_called_is_a_failure(url, clock) -> None:
    cache = JsonCache("the document", lambda: (url,), json.loads, client=OutboundClient(), clock=clock)
    with pytest.raises(DocumentUnavailable):
        cache.get()


def test_the_first_address_that_has_it_wins(server, clock) -> None:
    def act(handler):
        write_answer(handler, *((200, '{"n": 2}', JSON) if handler.path == "/second" else (404,)))

    server.act = act
    cache = cache_of(clock, server.url + "/first", server.url + "/second", server.url + "/third")
    assert cache.get().url == server.url + "/second"
    assert [request.path for request in server.requests] == ["/first", "/second"]


def test_many_threads_make_one_request(server, cache) -> None:
    arrived, go_on = threading.Event(), threading.Event()
    server.answers(200, '{"n": 1}', JSON)
    answer = server.act

    def act(handler):
        arrived.set()
        go_on.wait(5)
        answer(handler)

    server.act = act
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(cache.get) for _ in range(20)]
        assert arrived.wait(5)
        go_on.set()
        assert {one.result().value["n"] for one in asked} == {1}
    assert len(server.requests) == 1


def test_while_one_request_renews_an_old_answer_it_serves_the_others(server, cache, clock) -> None:
    kept = cache.get()
    clock.pass_(HOUR)
    arrived, go_on = threading.Event(), threading.Event()
    answer = server.act

    def act(handler):
        arrived.set()
        go_on.wait(5)
        answer(handler)

    server.act = act
    with ThreadPoolExecutor(1) as threads:
        renewing = threads.submit(cache.get)
        assert arrived.wait(5)
        assert cache.get() is kept
        go_on.set()
        assert renewing.result() is not kept
    assert len(server.requests) == 2


def test_a_reader_that_breaks_down_leaves_nobody_waiting(server, clock) -> None:
    def broken(body):
        raise ZeroDivisionError

    cache = JsonCache(
        "the document", lambda: (server.url,), broken, client=OutboundClient(allow_loopback=True), clock=clock
    )
    with pytest.raises(ZeroDivisionError):
        cache.get()
    with pytest.raises(DocumentUnavailable):
        cache.get()


def test_a_newer_answer_is_fetched_at_most_once_a_minute(server, cache, clock) -> None:
    kept = cache.get()
    assert cache.get_newer(kept) is None, "it was fetched this instant"
    clock.pass_(5_000)
    newer = cache.get_newer(kept)
    assert newer is not None
    assert cache.get_newer(kept) is newer, "somebody else has fetched it"
    for _ in range(100):
        clock.pass_(599)
        assert cache.get_newer(newer) is None
    assert len(server.requests) == 2
    clock.pass_(101)
    assert cache.get_newer(newer) is not None
    assert len(server.requests) == 3


def test_whether_there_is_a_newer_answer_cannot_be_told_while_the_server_fails(server, cache, clock) -> None:
    kept = cache.get()
    clock.pass_(5_000)
    server.answers(503)
    for _ in range(10):
        with pytest.raises(DocumentUnavailable):
            cache.get_newer(kept)
    assert len(server.requests) == 2
    assert cache.get() is kept, "what is fresh stays"
    server.answers(200, '{"n": 2}', JSON)
    clock.pass_(10_000)
    assert cache.get_newer(kept).value == {"n": 2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_request_asks_for_itself(server, cache) -> None:
    arrived, go_on = threading.Event(), threading.Event()
    answer = server.act

    def act(handler):
        if not arrived.is_set():
            arrived.set()
            go_on.wait(10)
        answer(handler)

    server.act = act
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(cache.get)
        assert arrived.wait(5)
        child = os.fork()
        if child == 0:  # pragma: no cover - in the child
            status = 1
            try:
                status = 0 if cache.get().value == {"n": 1} else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        go_on.set()
        asked.result()
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(server.requests) == 2
