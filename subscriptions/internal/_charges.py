"""Pushing what a period costs into billing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from billing.internal import NewInvoice, NewLine, Window, add_pending, adjust_late_usage, issue_invoice, usage_line
from billing.selectors import InvoiceView, waiting_minor
from catalog.selectors import PlanTerms
from core.actor import Actor
from core.periods import Period
from core.tenancy.writes import later
from subscriptions.internal._items import Held, all_items, plan_items, span_of, uncovered, waiting_items
from subscriptions.lines import Item, advance_lines, arrears_lines, once_lines
from subscriptions.models import (
    Extension,
    Subscription,
    SubscriptionAddOn,
    SubscriptionPeriod,
    lengthened_end,
)

# Events are taken for so long after they happened.
_LATEST = timedelta(days=35)


def opening_lines(subscription: Subscription, terms: PlanTerms, held: Held) -> list[NewLine]:
    """This function will return what the current period costs in advance, less what was bought ahead.

    With it comes what is charged once.
    """
    items = uncovered((*plan_items(subscription, terms), *held.recurring()), held.extension)
    share = span_of(subscription, terms).share
    lines = advance_lines(items, period=subscription.period, share=share)
    return [*lines, *once_lines(held.waiting())]


def ahead_lines(subscription: Subscription, terms: PlanTerms, *, period: Period, intervals: int) -> list[NewLine]:
    """This function will return what so many later periods cost when they are bought together."""
    return advance_lines(all_items(subscription, terms), period=period, intervals=intervals)


def closing_lines(
    subscription: Subscription, terms: PlanTerms, *, until: datetime, now: datetime, items: Iterable[Item] | None = None
) -> list[NewLine]:
    """This function will return what is charged in arrears, up to an instant inside the current period or its end.

    It begins where the present terms do. `items` None is everything the subscription is charged with.
    """
    if subscription.period_index is None:
        return []
    period = subscription.period
    starts_at, ends_at = subscription.arrears_from_at or period.starts_at, min(until, period.ends_at)
    if ends_at <= starts_at:
        return []
    span, elapsed = span_of(subscription, terms), Period(starts_at, ends_at)
    if span.is_rest(elapsed):
        return []

    def measured(item: Item, window: Period) -> NewLine:
        return usage_line(
            item.terms, customer_id=subscription.customer_id, window=window, description=item.description, now=now
        )

    return arrears_lines(
        all_items(subscription, terms) if items is None else items, span=span, elapsed=elapsed, measure=measured,
    )  # fmt: skip


def note_late_usage(subscription: Subscription, terms: PlanTerms, *, now: datetime) -> None:
    """This function will let usage that came after its invoice was finalized wait for the next one."""
    metered = [item for item in all_items(subscription, terms) if item.terms.is_usage]
    if metered and subscription.period_index:
        earlier = subscription.periods.filter(number__lt=subscription.period_index).annotate(until=lengthened_end())
        recent = earlier.filter(until__gt=now - _LATEST).order_by("number")
        spans = [Period(begun, ended) for begun, ended in recent.values_list("starts_at", "until")]
        windows = [
            Window(terms=item.terms, period=span, description=item.description) for span in spans for item in metered
        ]
        adjust_late_usage(subscription.public_id, now=now, windows=windows)


def final_lines(subscription: Subscription, terms: PlanTerms, *, until: datetime, now: datetime) -> list[NewLine]:
    """This function will return what is still to be charged when a subscription ends at an instant."""
    lines = closing_lines(subscription, terms, until=until, now=now)
    return [*lines, *once_lines(waiting_items(subscription))]


def charge(
    subscription: Subscription,
    lines: Sequence[NewLine],
    *,
    name: str,
    actor: Actor,
    now: datetime,
    period: Period,
    kind: str = "subscription_cycle",
    numbered_last: bool = False,
) -> InvoiceView | None:
    """This function will issue the invoice called `name`, once, and have it collected; None without charges.

    Credits alone make no invoice: they wait for the next one.
    """
    if all(line.amount_minor < 0 for line in lines):
        wait(subscription, lines, name=name, now=now)
        return None
    return _issue(
        subscription, lines, name=name, actor=actor, now=now, period=period, kind=kind, numbered_last=numbered_last
    )


def _issue(
    subscription: Subscription,
    lines: Sequence[NewLine],
    *,
    name: str,
    actor: Actor,
    now: datetime,
    period: Period,
    kind: str,
    numbered_last: bool = False,
) -> InvoiceView:
    if any(line.kind == "one_off" for line in lines):
        SubscriptionAddOn.objects.of(subscription).waiting().update(billed_at=now)
    asked = _asked(subscription, lines, name=name, period=period, kind=kind)
    return issue_invoice(**asked, actor=actor, now=now, numbered_last=numbered_last)


def _asked(
    subscription: Subscription, lines: Sequence[NewLine], *, name: str, period: Period, kind: str
) -> dict[str, Any]:
    return {
        "customer_id": subscription.customer_id, "currency": subscription.currency, "kind": kind, "lines": lines,
        "reference": subscription.public_id, "key": f"{subscription.public_id}:{name}", "collect": True,
        "period": period, "customer": subscription.locked_customer,
    }  # fmt: skip


def cycle_invoice(subscription: Subscription, lines: Sequence[NewLine]) -> NewInvoice:
    """This function will return what the invoice of the current period is asked for with."""
    name, period = str(subscription.period_index or 0), subscription.period
    return NewInvoice(**_asked(subscription, lines, name=name, period=period, kind="subscription_cycle"))


def wait(subscription: Subscription, lines: Sequence[NewLine], *, name: str, now: datetime) -> None:
    """This function will let lines wait for the subscription's next invoice, once per name."""
    if lines:
        add_pending(
            lines, customer_id=subscription.customer_id, reference=subscription.public_id,
            currency=subscription.currency, key=f"{subscription.public_id}:{name}", now=now,
        )  # fmt: skip


def charge_rest(subscription: Subscription, terms: PlanTerms, *, at: datetime, actor: Actor, now: datetime) -> None:
    """This function will bill what is left to be charged when a subscription has ended, waiting lines with it."""
    note_late_usage(subscription, terms, now=now)
    lines = final_lines(subscription, terms, until=at, now=now)
    if not lines and waiting_minor(subscription.public_id, subscription.currency) <= 0:
        return
    period = subscription.period
    if period.starts_at < at < period.ends_at:
        period = Period(period.starts_at, at)
    _issue(subscription, lines, name="final", actor=actor, now=now, period=period, kind="subscription_cycle")


def open_period(
    subscription: Subscription,
    lines: Sequence[NewLine],
    *,
    extension: Extension | None,
    actor: Actor,
    now: datetime,
    numbered_last: bool = False,
) -> InvoiceView | None:
    """This function will bill the current period with these lines, once, and keep that it was begun.

    `extension` is the one that has paid for it, if one has. A charge that waits for the next invoice is billed with it
    also where the period itself costs nothing yet. `numbered_last` is for whoever does not look at the invoice.
    """
    number = subscription.period_index or 0
    how: dict[str, Any] = {
        "name": str(number), "actor": actor, "now": now, "period": subscription.period, "numbered_last": numbered_last,
    }  # fmt: skip
    if not lines and number and waiting_minor(subscription.public_id, subscription.currency) > 0:
        invoice: InvoiceView | None = _issue(subscription, lines, kind="subscription_cycle", **how)
    else:
        invoice = charge(subscription, lines, **how)
    later([period_row(subscription, invoice_id=invoice.id if invoice else None, extension=extension, now=now)])
    return invoice


def period_row(
    subscription: Subscription, *, invoice_id: UUID | None, extension: Extension | None, now: datetime
) -> SubscriptionPeriod:
    """This function will return the row that keeps that the current period was begun, unsaved."""
    cycle = subscription.cycle
    return SubscriptionPeriod.fresh(
        subscription_id=subscription.pk, number=subscription.period_index or 0, starts_at=subscription.period.starts_at,
        ends_at=subscription.period.ends_at, boundary=subscription.period_boundary or 0, anchor_at=cycle.anchor,
        timezone=cycle.timezone, alignment=cycle.alignment, interval=cycle.interval,
        interval_count=cycle.interval_count, invoice_id=invoice_id, created_at=now,
        extension_id=extension.pk if extension else None,
    )  # fmt: skip
