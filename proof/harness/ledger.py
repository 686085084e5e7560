"""Every acknowledged write against what is in the database: each there, each once, nothing that nobody asked for."""

from collections.abc import Sequence

from core import ids
from proof.harness.load import Ack
from proof.harness.outside import Outside
from proof.harness.results import Result

_MADE = {
    "subscription": ("sub", "SELECT id::text FROM subscriptions_subscription"),
    "customer": ("cus", "SELECT id::text FROM accounts_customer WHERE email LIKE 'load-%%'"),
}
_EVENTS = "SELECT event_id FROM usage_usageevent"
_CHARGES = "SELECT count(*) FROM payments_sandboxcharge WHERE kind = 'charge' AND status = 'succeeded'"
_PAID = "SELECT count(*), count(*) FILTER (WHERE state = 'paid') FROM billing_invoice"


def compare(outside: Outside, acks: Sequence[Ack], result: Result) -> None:
    """This function will note every acknowledged write that is not there, or there twice, or that nobody made."""
    refused = [ack for ack in acks if ack.status >= 300]
    result.expect("refused requests", [(ack.kind, ack.status) for ack in refused[:3]], [])
    for kind, (prefix, query) in _MADE.items():
        told = [str(ids.decode(prefix, ack.id)) for ack in acks if ack.kind == kind and ack.status < 300]
        found = {row[0] for row in outside.rows(query)}
        _compare(result, kind, told, found)
    told = [ack.key for ack in acks if ack.kind == "event" and ack.status < 300]
    _compare(result, "event", told, {row[0] for row in outside.rows(_EVENTS)})
    sold = outside.one("SELECT count(*) FROM subscriptions_subscription")
    result.expect("charges", outside.one(_CHARGES), sold)
    result.expect("invoices and paid ones", outside.rows(_PAID)[0], (sold, sold))


def _compare(result: Result, kind: str, told: Sequence[str], found: set[str]) -> None:
    result.expect(f"acknowledged {kind}s that are gone", len(set(told) - found), 0)
    result.expect(f"{kind}s acknowledged twice under two keys", len(told) - len(set(told)), 0)
    result.expect(f"{kind}s that nobody was told of", len(found - set(told)), 0)
