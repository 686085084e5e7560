"""Conformance cases of proration and of recurring revenue, answered by what changes and history are made with."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.conformance import choice, conforms, decimal, instant, known, truth, whole
from core.money import exponent
from core.periods import Period
from subscriptions import mrr, states
from subscriptions.proration import Basis, prorate


@conforms("proration", reads="currency old_minor new_minor starts_at ends_at at basis timezone credited_minor")
def proration(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer the credit and the charge of a line that changes inside its paid period."""
    exponent(given["currency"])  # minor units need a currency that has them
    found = prorate(
        old_minor=whole(given["old_minor"]),
        new_minor=whole(given["new_minor"]),
        period=Period(instant(given["starts_at"]), instant(given["ends_at"])),
        at=instant(given["at"]),
        basis=Basis(given["basis"]),
        timezone=given["timezone"],
        credited_minor=whole(given.get("credited_minor", 0)),
    )
    return {"credit_minor": found.credit_minor, "charge_minor": found.charge_minor, "net_minor": found.net_minor}


@conforms("mrr", reads="as_of subscriptions")
def monthly_recurring_revenue(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer what subscriptions are worth in a month, rounded once on the sum."""
    instant(given["as_of"])  # each is given in the state in which it is then
    rows = given["subscriptions"]
    if len({row["currency"] for row in rows}) > 1:
        raise ValueError("amounts of different currencies cannot be combined")
    return {"mrr_minor": mrr.shown(sum((_worth(row) for row in rows), Fraction()))}


def _worth(row: dict[str, Any]) -> Fraction:
    known(row, "status currency amount_minor interval interval_count quantity metered coupon")
    exponent(row["currency"])
    amount = whole(row["amount_minor"]) * whole(row["quantity"])
    parts = [] if truth(row["metered"]) else [mrr.Part(amount_minor=Fraction(amount))]
    return mrr.value(
        parts, [] if row["coupon"] is None else _reductions(row["coupon"]),
        status=choice(row["status"], *states.STATES), interval=row["interval"],
        interval_count=whole(row["interval_count"]),
    )  # fmt: skip


def _reductions(coupon: dict[str, Any]) -> list[mrr.Reduction]:
    known(coupon, "percent amount_minor duration")
    percent = None if coupon.get("percent") is None else decimal(coupon["percent"])
    amount = None if coupon.get("amount_minor") is None else whole(coupon["amount_minor"])
    if (percent is None) == (amount is None) or not 0 <= (percent or Decimal(0)) <= 100:
        raise ValueError("a coupon takes off a percent from 0 to 100, or an amount")
    lasting = choice(coupon["duration"], "once", "repeating", "forever") == "forever"
    return [mrr.Reduction(percent=percent, amount_minor=amount)] if lasting else []
