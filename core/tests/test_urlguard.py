"""Where outgoing requests may go."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.urlguard import EndpointNotAllowed, Target, check_url, is_public, parse_url
from tests.conformance import cases, check

PUBLIC = ["93.184.216.34"]
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


def _reason(url: str, resolves_to: list[str], **options: Any) -> str | None:
    try:
        check_url(url, resolves_to, options.pop("live", True), **options)
    except EndpointNotAllowed as refusal:
        return str(refusal.members["reason"])
    return None


@pytest.mark.parametrize("case", cases("url_guard"))
def test_only_public_addresses_are_reached(case: Case) -> None:
    check("url_guard", case)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://①②⑦.⓪.⓪.①/", "url"),
        ("https://127。0。0。1/", "url"),
        ("https://hooks.example.com\\@evil.com/", "url"),
        ("https://hooks.example.com/a b", "url"),
        ("https://hooks.example.com/\r\nX: y", "url"),
        ("https://hooks.example.com/\x00", "url"),
        ("https://%31%32%37.0.0.1/", "url"),
        ("https://hooks.example.com:0443/", "url"),
        ("https://" + "a" * 2048 + ".example.com", "url"),
        (" https://hooks.example.com/", "url"),
        ("//hooks.example.com/", "url"),
        ("https://[fe80::1%25eth0]/", "url"),
        ("https://hooks.example.com./", "host"),
        ("https://.example.com/", "host"),
        ("https://a..example.com/", "host"),
        ("https://-a.example.com/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://evil.0x7f000001/", "host"),
        ("https://0/", "host"),
        ("https://[::ffff:8.8.8.8]/", "host"),
        ("https://[2606:4700:4700:0::1111]/", "host"),
        ("https://[93.184.216.34]/", None),
        ("https://" + "a." * 126 + "com/", "host"),
        ("https://hooks.example.com:80/", "port"),
        ("https://hooks.example.com:65536/", "port"),
        ("https://hooks.example.com:1023/", "port"),
        ("https://hooks.example.com:1024/", None),
        ("https://printer.LOCAL/", "host"),
        ("http://hooks.example.com/", "scheme"),
        ("HTTPS://Hooks.Example.com/@x:y", None),
        ("https://hooks.example.com?x=1", None),
    ],
)
def test_urls(url: str, reason: str | None) -> None:
    assert _reason(url, PUBLIC) == reason


def test_a_target_is_what_to_connect_to() -> None:
    found = check_url("https://Hooks.Example.com:8443?x=1", PUBLIC, True)
    assert found == Target(
        scheme="https", host="hooks.example.com", port=8443, path="/?x=1", addresses=(ip_address(PUBLIC[0]),)
    )
    assert check_url("https://[2606:4700:4700::1111]/", ["2606:4700:4700::1111"], True).host == "2606:4700:4700::1111"
    assert parse_url("http://hooks.example.com", False) == ("http", "hooks.example.com", 80, "/")


@pytest.mark.parametrize("answers", [[], ["10.0.0.1"], ["nonsense"], PUBLIC * 9, ["fe80::1%eth0"]])
def test_the_refusal_does_not_tell_what_the_name_resolved_to(answers: list[str]) -> None:
    with pytest.raises(EndpointNotAllowed) as refusal:
        check_url("https://intranet.example.com/", answers, True)
    assert refusal.value.members == {"reason": "address"}


def test_a_literal_leads_to_itself_only() -> None:
    assert _reason("https://93.184.216.34/", ["8.8.8.8"]) == "address"


@pytest.mark.parametrize("url", ["http://127.0.0.1:4000/in", "http://localhost:4000/in"])
def test_an_operator_may_allow_networks(url: str) -> None:
    assert _reason(url, ["127.0.0.1"], live=False) is not None
    assert _reason(url, ["127.0.0.1"], live=False, allowed_networks=LOOPBACK) is None
    assert _reason(url, ["127.0.0.1"], live=True, allowed_networks=LOOPBACK) == "scheme"


def test_an_allowed_network_opens_nothing_else() -> None:
    assert _reason("https://a.example.com/", ["127.0.0.1", "10.0.0.1"], allowed_networks=LOOPBACK) == "address"
    assert _reason("https://a.internal/", PUBLIC, allowed_networks=LOOPBACK) == "host"
    assert _reason("https://a.example.com:22/", ["127.0.0.1"], allowed_networks=LOOPBACK) == "port"


def test_an_operator_may_narrow_the_high_ports() -> None:
    assert _reason("https://a.example.com:8443/", PUBLIC, allowed_ports={8443}) is None
    assert _reason("https://a.example.com:9443/", PUBLIC, allowed_ports={8443}) == "port"


@pytest.mark.parametrize(
    "address",
    [
        "fec0::1",
        "::127.0.0.1",
        "2001::1",
        "100::1",
        "2620:4f:8000::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "255.255.255.255",
    ]
    + ["198.19.255.255", "192.31.196.1", "192.175.48.1", "2001:1ff::1", "::ffff:10.0.0.1"],
)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@generated(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_maps(address: Any) -> None:
    assert is_public(IPv6Address(f"::ffff:{address}")) == is_public(address)


@generated(url=st.text(), answers=st.lists(st.text(max_size=20), max_size=3), live=st.booleans())
def test_any_text_is_judged_without_another_error(url: str, answers: list[str], live: bool) -> None:
    assert _reason(url, answers, live=live) is not None
