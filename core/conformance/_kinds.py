"""The kinds whose rules are the core's own."""

from datetime import timedelta
from typing import Any

from core import signatures
from core.conformance._registry import conforms
from core.conformance._values import choice, decimal, instant, truth, whole
from core.http.client_ip import client_ip, parse_networks
from core.http.request_id import is_accepted
from core.money import allocate, to_minor
from core.periods import Alignment, Cycle
from core.redaction import redact
from core.retry import delay
from core.urlguard import EndpointNotAllowed, check_url

Members = dict[str, Any]


@conforms("money", reads="amount currency")
def money(given: Members) -> Members:
    """This function will answer an amount in minor units."""
    return {"minor": to_minor(decimal(given["amount"]), given["currency"])}


@conforms("allocate", reads="total_minor weights")
def shares(given: Members) -> Members:
    """This function will answer how a total is split."""
    return {"parts": allocate(whole(given["total_minor"]), [whole(weight) for weight in given["weights"]])}


@conforms("period", reads="anchor interval interval_count timezone alignment starts_at count at")
def period(given: Members) -> Members:
    """This function will answer the period of a moment, or boundaries in a row."""
    cycle = _cycle(given)
    if "at" in given:
        found = cycle.period_of(instant(given["at"]))
        return {"starts_at": found.starts_at, "ends_at": found.ends_at}
    starts_at = instant(given.get("starts_at", given["anchor"]))
    return {"boundaries": cycle.boundaries(starts_at, whole(given["count"]))}


def _cycle(given: Members) -> Cycle:
    anchor = instant(given["anchor"])
    counted = {"interval": given["interval"], "interval_count": whole(given["interval_count"])}
    if Alignment(given["alignment"]) is Alignment.CALENDAR:
        return Cycle.calendar(starts_at=anchor, timezone=given["timezone"], **counted)
    return Cycle(anchor=anchor, timezone=given["timezone"], **counted)


@conforms("retry", reads="policy attempt jitter")
def retry(given: Members) -> Members:
    """This function will answer the plain wait after a failure."""
    choice(given.get("jitter", "none"), "none")
    wait = delay(given["policy"], whole(given["attempt"]))
    return {"dead": True} if wait is None else {"dead": False, "delay_s": wait // timedelta(seconds=1)}


@conforms("redact", reads="metadata")
def redacted(given: Members) -> Members:
    """This function will answer what of foreign data is stored."""
    return {"metadata": redact(given["metadata"])}


@conforms("request_id", reads="header")
def request_id(given: Members) -> Members:
    """This function will answer whether a client's id is taken over."""
    return {"accepted": is_accepted(given["header"])}


@conforms("client_ip", reads="peer x_forwarded_for trusted_proxies trusted_proxy_count")
def client_address(given: Members) -> Members:
    """This function will answer the client behind the proxies."""
    found = client_ip(
        given["peer"],
        given["x_forwarded_for"],
        trusted_proxies=parse_networks(given.get("trusted_proxies", [])),
        trusted_proxy_count=given.get("trusted_proxy_count"),
    )
    return {"client_ip": found}


@conforms("url_guard", reads="url resolves_to live")
def url_guard(given: Members) -> Members:
    """This function will answer whether a webhook may be sent there."""
    try:
        check_url(given["url"], given["resolves_to"], truth(given["live"]))
    except EndpointNotAllowed:
        return {"allowed": False}
    return {"allowed": True}


@conforms("signature", reads="scheme secret id timestamp body header now")
def signature(given: Members) -> Members:
    """This function will answer a signature, or whether the given one is valid."""
    scheme = choice(given["scheme"], "standard_webhooks", "payment_webhook", "stripe")
    if "header" in given:
        return {"valid": _is_valid(scheme, given)}
    return {"signature": _signed(scheme, given)}


def _signed(scheme: str, given: Members) -> str:
    timestamp, body = int(given["timestamp"]), given["body"].encode()
    if scheme == "standard_webhooks":
        return signatures.sign_standard([given["secret"]], given["id"], timestamp, body)
    sign = signatures.sign_payment if scheme == "payment_webhook" else signatures.sign_stripe
    return sign(given["secret"], timestamp, body)


def _is_valid(scheme: str, given: Members) -> bool:
    keys, body, header, now = [given["secret"]], given["body"].encode(), given["header"], whole(given["now"])
    if scheme == "standard_webhooks":
        return signatures.verify_standard(keys, given["id"], given["timestamp"], body, header, now)
    if scheme == "payment_webhook":
        return signatures.verify_payment(keys, given["timestamp"], body, header, now)
    return signatures.verify_stripe(keys, body, header, now)
