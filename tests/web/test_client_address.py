"""The client's address: forwarded values count as far as proxies are stated, and no further."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

from ostiary.web.client_address import ClientAddress, client_address


def environ(peer: str | None, forwarded: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if peer is not None:
        found["REMOTE_ADDR"] = peer
    if forwarded is not None:
        found["HTTP_X_FORWARDED_FOR"] = forwarded
    return found


@pytest.mark.parametrize(
    ("peer", "ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8::1", "2001:db8::1", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7/32"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1/32"),
    ],
)
def test_a_peer_is_counted_by_its_network(peer: str, ip: str, network: str) -> None:
    assert client_address(environ(peer)) == ClientAddress(ip=ip, network=network)


@pytest.mark.attack("K4")
@pytest.mark.parametrize("peer", [None, "", "unix:", "not an address", "1.2.3.4.5", "a" * 10_000])
def test_an_address_that_cannot_be_known_is_none_and_no_unknown_proxy(peer: str | None) -> None:
    assert client_address(environ(peer)) == ClientAddress(ip=None, network=None, forwarded_by_unknown_proxy=False)


@pytest.mark.attack("K3")
@pytest.mark.asvs("V4.1.3")
@pytest.mark.asvs("V15.3.4")
@pytest.mark.must("9700-4.13")
def test_rotating_the_forwarded_address_changes_nothing_without_stated_proxies() -> None:
    answers = {client_address(environ("203.0.113.7", f"198.51.100.{n}")) for n in range(50)}
    assert answers == {ClientAddress(ip="203.0.113.7", network="203.0.113.7/32")}


@pytest.mark.attack("K3")
@pytest.mark.must("9700-4.13")
def test_with_stated_proxies_only_what_they_wrote_counts() -> None:
    for invented in ("", "1.1.1.1, ", "1.1.1.1, 2.2.2.2, ", "junk, ", ", , "):
        forwarded = f"{invented}198.51.100.9, 10.0.0.2"
        assert client_address(environ("10.0.0.1", forwarded), trusted_proxies=2).ip == "198.51.100.9"
        assert client_address(environ("10.0.0.1", forwarded), trusted_proxies=1).ip == "10.0.0.2"


@pytest.mark.parametrize("written", ["198.51.100.9:4711", "198.51.100.9", " 198.51.100.9 ", "::ffff:198.51.100.9"])
def test_a_proxy_may_write_the_port_too(written: str) -> None:
    assert client_address(environ("10.0.0.1", written), trusted_proxies=1).network == "198.51.100.9/32"


@pytest.mark.parametrize("written", ["[2001:db8::9]:4711", "[2001:db8::9]", "2001:db8::9"])
def test_a_proxy_may_write_brackets(written: str) -> None:
    assert client_address(environ("10.0.0.1", written), trusted_proxies=1).network == "2001:db8::/64"


@pytest.mark.attack("K4")
@pytest.mark.parametrize(
    "forwarded", [None, "", "unknown", "_hidden", "198.51.100.9,", "<script>", "\x85", "1" * 5_000]
)
def test_a_forwarded_address_that_is_none_gives_the_peer(forwarded: str | None) -> None:
    found = client_address(environ("10.0.0.1", forwarded), trusted_proxies=1)
    assert found == ClientAddress(ip="10.0.0.1", network="10.0.0.1/32")


def test_fewer_addresses_than_proxies_give_the_peer() -> None:
    assert client_address(environ("10.0.0.1", "198.51.100.9"), trusted_proxies=2).ip == "10.0.0.1"


@pytest.mark.parametrize("peer", ["10.1.2.3", "172.17.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd00::1", "100.64.0.1"])
def test_a_private_peer_that_forwards_is_a_proxy_nobody_stated(peer: str) -> None:
    found = client_address(environ(peer, "198.51.100.9"))
    assert found == ClientAddress(ip=peer, network=None, forwarded_by_unknown_proxy=True)
    assert not client_address(environ(peer)).forwarded_by_unknown_proxy


def test_a_socket_that_forwards_is_a_proxy_nobody_stated() -> None:
    assert client_address(environ("", "198.51.100.9")).forwarded_by_unknown_proxy


def test_once_proxy_fix_ran_its_answer_is_taken_and_stated_proxies_are_ignored() -> None:
    seen: list[ClientAddress] = []

    @Request.application
    def application(request: Request) -> Response:
        seen.append(client_address(request.environ, trusted_proxies=2))
        return Response()

    for forwarded in ("1.1.1.1, 2.2.2.2, 198.51.100.9", "2.2.2.2, junk"):
        built = EnvironBuilder(headers=[("X-Forwarded-For", forwarded)], environ_base={"REMOTE_ADDR": "10.0.0.1"})
        run_wsgi_app(ProxyFix(application, x_for=1), built.get_environ())
    assert seen == [
        ClientAddress(ip="198.51.100.9", network="198.51.100.9/32"),
        ClientAddress(ip="10.0.0.1", network="10.0.0.1/32"),
    ]


@settings(deadline=None)
@given(st.text(), st.text(alphabet="0123456789abcdef.:,[]% unkow", max_size=80), st.integers(0, 5))
def test_no_header_makes_it_raise(peer: str, forwarded: str, proxies: int) -> None:
    client_address(environ(peer, forwarded), trusted_proxies=proxies)
    client_address(environ(forwarded, peer), trusted_proxies=proxies)
