"""Where an endpoint leads at this moment, and whether a request may go there."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from django.conf import settings

from core import urlguard
from core.urlguard import EndpointNotAllowed, Network, Target

RESOLVE_S = 3.0

# The addresses a host has, as texts; none when it has none, or the resolver takes too long.
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A URL that may be sent to. `is_exception` says that only the operator's own networks allow it."""

    url: str
    target: Target
    is_exception: bool


def resolve(host: str, port: int) -> Sequence[str]:
    """This function will ask the system's resolver, at most three seconds."""
    answers: SimpleQueue[list[str]] = SimpleQueue()
    # The resolver knows no time limit of its own, so it is left behind in a thread when it is slow.
    Thread(target=lambda: answers.put(_look_up(host, port)), daemon=True).start()
    try:
        return answers.get(timeout=RESOLVE_S)
    except Empty:
        return ()


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


def aim(url: str, *, is_live: bool, resolve: Resolve = resolve) -> Aim:
    """This function will return where a URL leads now, every address of it checked.

    It asks the network and is never called in a transaction. Live environments demand https. An address that is not
    public passes only inside `OUTBOUND_ALLOWED_NETWORKS`, whose use the caller audits.

    :raises EndpointNotAllowed: in the same words whatever the name resolves to, and if it does not.
    """
    _, host, port, _ = urlguard.parse_url(url, is_live)
    answers = [host] if _is_literal(host) else resolve(host, port)
    networks = _networks(is_live=is_live)
    target = urlguard.check_url(url, answers, is_live, allowed_networks=networks)
    is_exception = not all(urlguard.is_public(address) for address in target.addresses)
    if _is_ours(target, is_exception=is_exception):
        raise EndpointNotAllowed(reason="host")
    return Aim(url=url, target=target, is_exception=is_exception)


def host_of(url: str) -> str:
    """This function will return the host of a URL that has been checked before, for facts and log lines."""
    return urlsplit(url).hostname or ""


def _networks(*, is_live: bool) -> tuple[Network, ...]:
    if is_live and not settings.OUTBOUND_ALLOWED_NETWORKS_IN_LIVE:
        return ()
    return tuple(ip_network(text) for text in settings.OUTBOUND_ALLOWED_NETWORKS)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_ours(target: Target, *, is_exception: bool) -> bool:
    """Facts that are sent to the house itself would go round in circles."""
    own = urlsplit(settings.PUBLIC_URL)
    own_port = own.port or (443 if own.scheme == "https" else 80)
    if (target.host, target.port) == (own.hostname, own_port):
        return True
    return not is_exception and target.host in settings.ALLOWED_HOSTS
