"""Giving back the rest of a period that is broken off, and the periods bought ahead that never begin."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Final
from uuid import UUID

from billing.internal import NewLine, Unused, credit_unused, take_back_waiting
from catalog.selectors import PlanTerms
from core.actor import Actor
from subscriptions.changes import NOTHING, Charged, change
from subscriptions.internal._changes import known_of
from subscriptions.internal._charges import wait
from subscriptions.internal._items import plan_items, span_of, uncovered
from subscriptions.internal._standing import as_paid
from subscriptions.lines import Item, Span
from subscriptions.models import Extension, Subscription
from subscriptions.proration import Behavior, Refund

_SETTLE: Final = {Refund.NONE: "", Refund.REFUND: "", Refund.CREDIT: "wallet"}


def give_back(
    subscription: Subscription,
    terms: PlanTerms,
    *,
    at: datetime,
    refund: Refund,
    also_ahead: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """This function will give back the rest of the current period from an instant on, as `refund` says.

    With `also_ahead` it gives back what was bought ahead and never begins, whatever `refund` says. It is credited on
    the invoices that charged it, never more than was charged and not given back already.
    """
    if subscription.period_index is None or (at >= subscription.period.ends_at and not also_ahead):
        return
    span = span_of(subscription, terms)
    rest = span.left_at(min(max(at, span.starts_at), span.whole.ends_at))
    amounts = {} if refund is Refund.NONE else _of_prices(subscription, terms, span, at, now=now)
    shares = _ahead(subscription, Fraction(0) if refund is Refund.NONE else rest) if also_ahead else {}
    if not any(amounts.values()) and not shares:
        return
    key = f"{subscription.public_id}:unused-{subscription.version}"
    credit_unused(
        Unused(
            reference=subscription.public_id, period=subscription.period, key=key, amounts=amounts, shares=shares,
            settle=_SETTLE[refund],
        ), actor=actor, now=now,
    )  # fmt: skip


def _of_prices(
    subscription: Subscription, terms: PlanTerms, span: Span, at: datetime, *, now: datetime
) -> dict[str, int]:
    """What is to be credited of each price; what only waits for its invoice is reduced where it waits."""
    plan = plan_items(subscription, terms)
    known = known_of(subscription, [item.terms for item in plan])
    items = uncovered(as_paid((*plan, *known.addons), (), known, is_broken_off=True), known.extension)
    waiting = take_back_waiting(subscription.public_id, currency=subscription.currency)
    charges = [line for line in waiting if line.amount_minor > 0 or line.price is None]
    amounts: dict[str, int] = {}
    for line in waiting:
        if line not in charges and line.price is not None:
            amounts[line.price] = amounts.get(line.price, 0) - line.amount_minor
    reduced: list[NewLine] = []
    for item in items:
        known_charge = known.charged.get(item.terms.public_id, NOTHING)
        whole = _credit(item, known_charge, span, at)
        open_minor = sum(line.amount_minor for line in charges if line.price == item.terms.public_id)
        least = _credit(item, replace(known_charge, paid_minor=open_minor, credited_minor=0), span, at)
        reduced += least
        rest = _minor(whole) - _minor(least)
        amounts[item.terms.public_id] = amounts.get(item.terms.public_id, 0) + rest
    wait(subscription, [*charges, *reduced], name=f"left-{subscription.version}", now=now)
    return amounts


def _credit(item: Item, charged: Charged, span: Span, at: datetime) -> list[NewLine]:
    """The line that credits one price for the rest of the period, at the part of it that discounts left to pay."""
    known = {item.terms.public_id: charged}
    worked_out = change([item], [], charged=known, span=span, at=at, behavior=Behavior.INVOICE_NOW)
    return list(worked_out.lines)


def _minor(lines: Iterable[NewLine]) -> int:
    return -sum(line.amount_minor for line in lines)


def _ahead(subscription: Subscription, rest: Fraction) -> dict[UUID, Fraction]:
    """Which part of the invoices of what was bought ahead is unused, with `rest` of the current period."""
    current = subscription.period_index or 0
    found = {}
    for one in Extension.objects.applied().filter(subscription=subscription, invoice__isnull=False):
        unused = Fraction(max(0, one.last_period - max(current, (one.first_period or 0) - 1)))
        unused += rest if one.covers(current) else 0
        if unused and one.invoice_id is not None:
            found[one.invoice_id] = unused / one.intervals
    return found
