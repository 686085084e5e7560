"""Pushing what a period costs into billing."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billing.internal import NewLine, issue_invoice
from billing.selectors import InvoiceView
from catalog.selectors import PlanTerms, PriceTerms
from core.actor import Actor
from core.periods import Period
from subscriptions.lines import advance_lines, arrears_lines
from subscriptions.models import Extension, Subscription, SubscriptionPeriod
from usage.selectors import measure


def opening_lines(subscription: Subscription, terms: PlanTerms) -> list[NewLine]:
    """This function will return what the current period costs in advance; nothing if it was bought ahead."""
    if covering(subscription) is not None:
        return []
    return advance_lines(
        terms, currency=subscription.currency, quantity=subscription.quantity, period=subscription.period
    )


def closing_lines(subscription: Subscription, terms: PlanTerms, *, until: datetime) -> list[NewLine]:
    """This function will return what the current period costs in arrears, up to an instant inside it or its end."""
    period = subscription.period
    if subscription.period_index is None or until <= period.starts_at:
        return []

    def measured(price: PriceTerms, span: Period) -> Decimal:
        if price.meter_id is None:
            return Decimal(0)
        return measure(
            meter_id=price.meter_id, customer_id=subscription.customer_id, starts_at=span.starts_at,
            ends_at=span.ends_at,
        ).value  # fmt: skip

    return arrears_lines(
        terms, currency=subscription.currency, quantity=subscription.quantity, period=period,
        elapsed=Period(period.starts_at, min(until, period.ends_at)), measure=measured,
    )  # fmt: skip


def charge(
    subscription: Subscription,
    lines: Sequence[NewLine],
    *,
    name: str,
    actor: Actor,
    now: datetime,
    period: Period,
    kind: str = "subscription_cycle",
) -> InvoiceView | None:
    """This function will issue the invoice called `name`, once, and have it collected; None if there are no lines."""
    if not lines:
        return None
    return issue_invoice(
        customer_id=subscription.customer_id, currency=subscription.currency, kind=kind, lines=lines,
        reference=subscription.public_id, key=f"{subscription.public_id}:{name}", collect=True, actor=actor, now=now,
        period=period,
    )  # fmt: skip


def open_period(
    subscription: Subscription, lines: Sequence[NewLine], *, actor: Actor, now: datetime
) -> InvoiceView | None:
    """This function will bill the current period with these lines, once, and keep that it was begun."""
    number = subscription.period_index or 0
    invoice = charge(subscription, lines, name=str(number), actor=actor, now=now, period=subscription.period)
    SubscriptionPeriod.objects.create(
        subscription=subscription, number=number, starts_at=subscription.period.starts_at,
        ends_at=subscription.period.ends_at, invoice_id=invoice.id if invoice else None,
        extension=covering(subscription), created_at=now,
    )  # fmt: skip
    return invoice


def covering(subscription: Subscription) -> Extension | None:
    """This function will return the extension that has paid for the current period, if one has."""
    if subscription.period_index is None:
        return None
    return Extension.objects.filter(subscription=subscription).covering(subscription.period_index).first()
