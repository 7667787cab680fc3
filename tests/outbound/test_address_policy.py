"""Which addresses may be reached: public ones, in whatever spelling an inner one is hidden."""

import ipaddress
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.outbound.address_policy import is_reachable

pytestmark = [pytest.mark.asvs("V1.3.6"), pytest.mark.attack("T7")]


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"]
)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert is_reachable(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001:0:53aa:64c:0:fbff:ad45:c7b6",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "",
        "localhost",
        "0x7f.1",
        "2130706433",
        "127.1",
        "127.0.0.1\n",
    ],
)
def test_what_is_no_public_address_may_not(address: str) -> None:
    assert not is_reachable(address)


def test_tests_may_reach_this_machine_and_nothing_else_inside() -> None:
    assert is_reachable("127.0.0.1", allow_loopback=True)
    assert is_reachable("::1", allow_loopback=True)
    assert is_reachable("::ffff:127.0.0.1", allow_loopback=True)
    for address in ("10.0.0.1", "169.254.169.254", "0.0.0.0", "fd00::1"):
        assert not is_reachable(address, allow_loopback=True)


NAMED = tuple(ip_network(one) for one in ("10.20.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "fc00::/7"))


@pytest.mark.parametrize("address", ["10.20.0.1", "::ffff:10.20.255.254", "127.0.0.1", "fd12::1", "8.8.8.8"])
def test_a_network_that_was_named_may_be_reached_besides(address: str) -> None:
    assert is_reachable(address, networks=NAMED)


@pytest.mark.parametrize(
    "address",
    [
        "10.21.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "::1",
        "0.0.0.0",
        # Where clouds tell their machines' credentials inside a private range.
        "100.100.100.200",
        "fd00:ec2::254",
        "64:ff9b::a14:1",
    ],
)
def test_what_is_outside_of_it_and_where_clouds_tell_credentials_may_not(address: str) -> None:
    assert not is_reachable(address, networks=NAMED)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_mapped_into_the_other_family(address: ipaddress.IPv4Address) -> None:
    assert is_reachable(str(address)) == is_reachable(f"::ffff:{address}")


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(is_reachable(text), bool)
