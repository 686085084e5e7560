"""The client's address behind proxies. Only what a trusted peer says about its own peer is believed."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A longer header is somebody's attempt to make us work.
MAX_HOPS: Final = 32

_BRACKETED: Final = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_V4_WITH_PORT: Final = re.compile(r"([0-9.]+):([0-9]{1,5})")


def client_ip(
    peer: str,
    forwarded_for: str | None,
    *,
    trusted_proxies: Sequence[Network] = (),
    trusted_proxy_count: int | None = None,
) -> str | None:
    """The address of the client.

    `peer` is the address that connected to us, `forwarded_for` the X-Forwarded-For header with all its lines joined by
    commas (None when absent). Either `trusted_proxies` names the proxies by network, or `trusted_proxy_count` says how
    many there are, the one that connects to us included. This function will answer canonical text (IPv4-mapped IPv6 as
    IPv4, IPv6 compressed), and None when not even the peer is an address.
    """
    connected = parse_address(peer)
    if connected is None:
        return None
    hops = forwarded_for.split(",") if forwarded_for is not None else []
    if trusted_proxy_count:
        return str(_counted(connected, hops, trusted_proxy_count))
    return str(_walked(connected, hops, trusted_proxies))


def parse_address(text: str) -> Address | None:
    """One hop of the header.

    This function will read an IPv4 or IPv6 address, with or without quotes, brackets and a port, and answer None for
    everything else: zone ids, leading zeros, other number forms, other alphabets. IPv4-mapped IPv6 becomes IPv4.
    """
    bare = _without_port(text)
    if bare is None or "%" in bare:
        return None
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a setting such as TRUSTED_PROXIES.

    This function will read addresses and CIDR networks; blank entries are skipped.

    :raises ValueError: an entry is neither, or has host bits set.
    """
    return tuple(ip_network(text.strip()) for text in texts if text.strip())


def limit_key(address: str) -> str:
    """What a rate limit counts by. This function will answer an IPv4 address itself, and the /64 network of an IPv6
    one.

    :raises ValueError: the text is not an address.
    """
    parsed = ip_address(address)
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _walked(connected: Address, hops: Sequence[str], trusted: Sequence[Network]) -> Address:
    last = connected
    if not _is_in(last, trusted):
        return last
    for hop in reversed(hops[-MAX_HOPS:]):
        address = parse_address(hop)
        if address is None:
            return last  # never skip over garbage: behind it nobody vouches for anything
        last = address
        if not _is_in(last, trusted):
            return last
    return last


def _counted(connected: Address, hops: Sequence[str], count: int) -> Address:
    if len(hops) < count:
        return connected  # a proxy was bypassed, so the header is the client's own invention
    return parse_address(hops[-count]) or connected


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _without_port(text: str) -> str | None:
    bare = text.strip(" \t")
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1]
    if not bare.isascii() or len(bare) > 64:
        return None
    match = _BRACKETED.fullmatch(bare)
    if match is not None and ":" not in match[1]:
        return None
    match = match or _V4_WITH_PORT.fullmatch(bare)
    if match is None:
        return bare
    return match[1] if int(match[2] or 0) <= 65535 else None
