"""The HTTP client: https, no redirects, no cookies, no proxies, a bounded answer; and nothing of it in an error."""

import gzip
import ssl
import subprocess
import sys

import pytest
from tests.certificate import certificate
from tests.outbound.server import Server

from ostiary.outbound import OutboundClient, OutboundFailed, OutboundRefused

pytestmark = pytest.mark.asvs("V13.2.4")


@pytest.fixture
def server():
    with Server() as made:
        made.answers(200, "hello")
        yield made


@pytest.fixture
def client():
    return OutboundClient(allow_loopback=True)


def test_an_answer_has_a_status_its_headers_and_its_whole_body(server: Server, client: OutboundClient) -> None:
    server.answers(418, "hello", headers={"X-Kind": "teapot"})
    answer = client.get(server.url + "/a?b=c", headers={"Accept": "text/plain"})
    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "teapot", b"hello")
    [request] = server.requests
    assert request.path == "/a?b=c"
    assert request.headers["accept"] == "text/plain"
    assert request.headers["user-agent"] == "ostiary"


@pytest.mark.asvs("V15.3.2")
@pytest.mark.attack("T7")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/elsewhere", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"])
def test_a_redirect_is_not_followed(server: Server, client: OutboundClient, status: int, location: str) -> None:
    server.answers(status, headers={"Location": location})
    assert client.get(server.url).status == status
    assert len(server.requests) == 1


@pytest.mark.attack("T7")
@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "data:text/plain,x",
        "//shop.example/",
        "shop.example",
        "",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example@127.0.0.1/",
        "https://[::1",
        "https://shop.example:99999/",
        "https://shop\x00.example/",
        "https://exa mple/",
    ],
)
def test_what_is_no_https_address_without_a_user_is_not_called(url: str) -> None:
    def never(*_):
        raise AssertionError

    with pytest.raises(OutboundRefused) as refused:
        OutboundClient(resolve=never).get(url)
    assert "secret" not in str(refused.value)


def test_an_answer_that_is_too_long_is_not_read_to_its_end(server: Server) -> None:
    client = OutboundClient(allow_loopback=True, largest=1_000)
    server.answers(200, b"x" * 1_000)
    assert len(client.get(server.url).body) == 1_000
    for size in (1_001, 5_000_000):
        server.answers(200, b"x" * size)
        with pytest.raises(OutboundFailed):
            client.get(server.url)


@pytest.mark.asvs("V13.2.6")
def test_a_small_answer_that_unpacks_to_a_large_one_is_too_long(server: Server) -> None:
    server.answers(200, gzip.compress(b"x" * 50_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(OutboundFailed):
        OutboundClient(allow_loopback=True, largest=1_000).get(server.url)


def test_nothing_of_the_environment_leads_a_request_elsewhere(server: Server, client, monkeypatch, tmp_path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password hunter2")
    monkeypatch.setenv("NETRC", str(netrc))
    assert client.get(server.url).body == b"hello"
    assert "authorization" not in server.requests[0].headers


def test_a_cookie_that_is_set_is_not_sent_back(server: Server, client: OutboundClient) -> None:
    server.answers(200, headers={"Set-Cookie": "tracked=1; Path=/"})
    client.get(server.url)
    client.get(server.url)
    assert not any("cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("answer", [b"not http at all\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_what_is_no_http_or_breaks_off_is_a_failure_that_quotes_nothing(server, client, answer: bytes) -> None:
    def act(handler):
        handler.wfile.write(answer)
        handler.close_connection = True

    server.act = act
    with pytest.raises(OutboundFailed) as failed:
        client.get(server.url)
    assert "not http" not in str(failed.value)


def test_the_certificate_is_checked_against_the_name_and_the_authorities(tmp_path) -> None:
    theirs, authority = certificate(tmp_path, "localhost")
    ours = ssl.create_default_context(cadata=authority)
    with Server(theirs) as server:
        server.answers(200, "sealed")
        here = lambda *_: ["127.0.0.1"]
        trusting = OutboundClient(allow_loopback=True, tls=ours, resolve=here)
        assert trusting.get(server.url).body == b"sealed"
        with pytest.raises(OutboundFailed):
            trusting.get(f"https://other.example:{server.port}/")
        with pytest.raises(OutboundFailed):
            OutboundClient(allow_loopback=True, resolve=here).get(server.url)


def test_httpx_is_imported_only_where_something_is_sent() -> None:
    source = "import sys; from ostiary.outbound import OutboundClient; OutboundClient(); print('httpx' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
