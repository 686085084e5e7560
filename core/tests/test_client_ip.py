"""The client's address behind proxies."""

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.http.client_ip import client_ip, limit_key, parse_address, parse_networks
from tests.conformance import cases, check

TRUSTED = parse_networks(["10.0.0.0/8", "fd00::/8", "203.0.113.9/32"])
HOPS = st.one_of(
    st.ip_addresses().map(str), st.text(max_size=20), st.sampled_from(["10.1.1.1", "unknown", "", "[::1]:80"])
)


@pytest.mark.parametrize("case", cases("client_ip"))
def test_the_client_is_the_first_untrusted_address(case: Case) -> None:
    check("client_ip", case)


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("10.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, _hidden, 10.4.4.4", "10.4.4.4"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7" + ", 10.0.0.2" * 32, "10.0.0.2"),
        ("10.0.0.1", "198.51.100.7" + ", 10.0.0.2" * 31, "198.51.100.7"),
    ],
)
def test_chains(peer: str, header: str, client: str) -> None:
    assert client_ip(peer, header, trusted_proxies=TRUSTED) == client


@pytest.mark.parametrize(
    ("header", "count", "client"),
    [("6.6.6.6", 2, "10.0.0.1"), ("198.51.100.7, unknown", 1, "10.0.0.1"), (None, 1, "10.0.0.1")],
)
def test_a_chain_that_cannot_be_counted_gives_the_peer(header: str | None, count: int, client: str) -> None:
    assert client_ip("10.0.0.1", header, trusted_proxy_count=count) == client


@pytest.mark.parametrize(
    "text",
    ["010.0.0.1", "0x7f.1", "127.1", "2130706433", "١.٢.٣.٤", "fe80::1%eth0", "1.2.3.4:99999", "1.2.3.4:", "[1.2.3.4]"]
    + ["[::1", "::1]", "a" * 65, '"', '""', "1.2.3.4:123456"],
)
def test_what_is_not_an_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_a_peer_without_an_address_has_no_client() -> None:
    assert client_ip("", "198.51.100.7", trusted_proxies=TRUSTED) is None


@generated(hops=st.lists(HOPS, max_size=40))
def test_the_header_of_an_untrusted_peer_means_nothing(hops: list[str]) -> None:
    assert client_ip("198.51.100.50", ",".join(hops), trusted_proxies=TRUSTED) == "198.51.100.50"


@generated(hops=st.lists(HOPS, max_size=40))
def test_what_a_client_prepends_means_nothing(hops: list[str]) -> None:
    header = ",".join([*hops, "198.51.100.7", "203.0.113.9"])
    assert client_ip("10.0.0.1", header, trusted_proxies=TRUSTED) == "198.51.100.7"


def test_a_setting_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        parse_networks(["10.0.0.0/8", "nowhere"])
    assert parse_networks([" ", ""]) == ()


def test_limits_count_whole_ipv6_networks() -> None:
    assert limit_key("198.51.100.7") == "198.51.100.7"
    assert limit_key("2001:db8:1:2:3:4:5:6") == limit_key("2001:db8:1:2::1") == "2001:db8:1:2::/64"
