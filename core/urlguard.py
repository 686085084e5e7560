"""Where a request that a customer asked for may go: the policy, without the network.

Nothing may reach a private, loopback, link-local, multicast, metadata or otherwise special address, whatever a name
resolves to. The caller resolves the name, asks here about every answer, and connects to the addresses of the `Target`,
so that nobody can change the answer in between. One bad answer refuses all.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from core import errors

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL: Final = 2048
MAX_ANSWERS: Final = 8

# The IANA special-purpose registries, and for IPv6 only what is handed out as global unicast. A table of our own:
# `ipaddress.is_global` changes between versions of Python.
_CLOSED_V4: Final = tuple(
    IPv4Network(text)
    for text in """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4""".split()
)
_OPEN_V6: Final = IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    IPv6Network(text) for text in "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20".split()
)

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>[/?][!-\"$-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_INSIDE: Final = frozenset({"local", "internal", "localhost"})
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class EndpointNotAllowed(errors.Invalid):
    """`reason` is url, scheme, host, port or address; the resolved address is never told, nor whether there was one."""

    code = "endpoint_not_allowed"
    title = "Requests to this address are not allowed."


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL that passed.

    `host` is the name for SNI and Host (an IPv6 literal without brackets), `path` has the query.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]


def check_url(
    url: str,
    resolves_to: Iterable[str],
    live: bool,
    *,
    allowed_networks: Sequence[Network] = (),
    allowed_ports: Container[int] | None = None,
) -> Target:
    """May a request be sent to a URL.

    `resolves_to` are all addresses that the name has at this moment; `live` demands https. `allowed_networks` are an
    operator's exceptions, for addresses only: their use is to be audited by the caller. `allowed_ports` narrows the
    ports from 1024 up. This function will answer what to connect to.

    :raises EndpointNotAllowed: the URL or one of its addresses is refused.
    """
    scheme, host, port, path = parse_url(url, live, allowed_ports=allowed_ports)
    addresses = _checked(host, resolves_to, allowed_networks)
    labels = host.split(".")
    inside = labels[-1] in _INSIDE and not all(is_excepted(address, allowed_networks) for address in addresses)
    if inside:
        raise EndpointNotAllowed(reason="host")
    return Target(scheme=scheme, host=host, port=port, path=path, addresses=addresses)


def parse_url(url: str, live: bool, *, allowed_ports: Container[int] | None = None) -> tuple[str, str, int, str]:
    """The parts of a URL, read by this one parser and by no other.

    This function will answer scheme, host, port and path with query. International names come encoded (`xn--…`); there
    are no credentials and no fragment. It does not judge where the name leads: see `check_url`.

    :raises EndpointNotAllowed: the URL is refused whatever its name resolves to.
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None:
        raise EndpointNotAllowed(reason="url")
    scheme = match["scheme"].lower()
    if live and scheme != "https":
        raise EndpointNotAllowed(reason="scheme")
    host = match["host"].lower().strip("[]")
    if not (_is_literal(host) if match["host"].startswith("[") else _is_literal(host) or _is_name(host)):
        raise EndpointNotAllowed(reason="host")
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not _is_open_port(port, scheme, allowed_ports):
        raise EndpointNotAllowed(reason="port")
    return scheme, host, port, _absolute(match["path"] or "/")


def is_public(address: Address) -> bool:
    """Is an address out on the internet.

    This function will answer false for every private, shared, loopback, link-local, multicast, documentation, reserved
    or translating range. IPv4-mapped IPv6 is judged as the IPv4 address.
    """
    address = _unmapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def is_excepted(address: Address, allowed_networks: Sequence[Network]) -> bool:
    """Did the operator allow an address that is not public. This function will look it up in his networks."""
    return any(_unmapped(address) in network for network in allowed_networks)


def _checked(host: str, resolves_to: Iterable[str], allowed_networks: Sequence[Network]) -> tuple[Address, ...]:
    texts = [*resolves_to]
    try:
        addresses = tuple(_unmapped(ip_address(text)) for text in texts)
    except ValueError:
        raise EndpointNotAllowed(reason="address") from None
    if _is_literal(host) and any(str(address) != host for address in addresses):
        raise EndpointNotAllowed(reason="address")
    good = all(is_public(address) or is_excepted(address, allowed_networks) for address in addresses)
    if not good or not 1 <= len(addresses) <= MAX_ANSWERS:
        raise EndpointNotAllowed(reason="address")
    return addresses


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_literal(host: str) -> bool:
    """Is it an address in its canonical form; short, octal, hexadecimal and integer forms are not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return str(address) == host and _unmapped(address) == address


def _is_name(host: str) -> bool:
    labels = host.split(".")
    last = labels[-1]
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    # Resolvers read names that end like this as addresses in other number forms.
    return not last.startswith("0x") and any(character.isalpha() for character in last)


def _is_open_port(port: int, scheme: str, allowed_ports: Container[int] | None) -> bool:
    if port == 443 or (port == 80 and scheme == "http"):
        return True
    return 1024 <= port <= 65535 and (allowed_ports is None or port in allowed_ports)


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"
