"""The figures of the analytics page: charts, a table, and cohorts as a map of heat."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.console import Bar, Chart, money, short
from core.money import to_major
from subscriptions.selectors import Cohort, Ledger, MonthMrr, Waterfall

# The steps of a waterfall: the member of `MonthMrr`, whether it is a gain, its color.
STEPS: Final = (
    ("new", 1, "good"), ("reactivation", 1, "good"), ("expansion", 1, "good"), ("contraction", -1, "warn"),
    ("churn", -1, "bad"),
)  # fmt: skip
# The darkest cell of the cohorts, so that its number can still be read.
DARKEST: Final = 60


def charts(moved: Waterfall | None, book: Ledger | None, month: str) -> list[Chart]:
    """This function will draw what is known of a currency; the waterfall of a month, or of all of them."""
    found = []
    if moved is not None:
        found += [_waterfall(moved, month), *_of_revenue(moved)]
    if book is not None:
        found += _of_the_books(book)
    return found


def _of_revenue(moved: Waterfall) -> list[Chart]:
    end = [(one.month, one.end_minor, short(one.end_minor, moved.currency)) for one in moved.months]
    lost = [(one.month, one.customers_lost, str(one.customers_lost)) for one in moved.months]
    kept = [(one.month, _thousandths(one.net_retention_rate), percent(one.net_retention_rate)) for one in moved.months]
    return [
        _columns(f"Recurring revenue at the end of each month, {moved.currency}", end),
        _columns(f"Customers lost per month, {moved.currency}", lost, "bad"),
        _columns(f"Net revenue retention per month, {moved.currency}", kept, "busy"),
    ]


def _of_the_books(book: Ledger) -> list[Chart]:
    earned = [(one.month, one.revenue_minor, short(one.revenue_minor, book.currency)) for one in book.months]
    received = [(one.month, one.cash_minor, short(one.cash_minor, book.currency)) for one in book.months]
    return [
        _columns(f"Revenue per month, {book.currency}", earned),
        _columns(f"Cash received less what went back, per month, {book.currency}", received),
    ]


def _waterfall(moved: Waterfall, month: str) -> Chart:
    """Start, each step at the height at which it begins, and the end."""
    told = next((one for one in moved.months if f"{one.month:%Y-%m}" == month), moved.total)
    bars, level = [_end("start", told.start_minor, moved.currency)], told.start_minor
    for name, sign, tone in STEPS:
        amount = getattr(told, f"{name}_minor")
        base = level if sign > 0 else level - amount
        text = short(sign * amount, moved.currency)
        bars.append(Bar(label=name, value=amount, text=text, tone=tone, base=base))
        level += sign * amount
    title = f"Waterfall of {month or 'all months'}, {moved.currency}"
    return Chart(title=title, bars=[*bars, _end("end", told.end_minor, moved.currency)], upright=True)


def _end(label: str, minor: int, currency: str) -> Bar:
    return Bar(label=label, value=minor, text=short(minor, currency), tone="busy")


def _columns(title: str, values: Iterable[tuple[date, int, str]], tone: str = "good") -> Chart:
    bars = [Bar(label=f"{month:%b %y}", value=value, text=text, tone=tone) for month, value, text in values]
    return Chart(title=title, bars=bars, upright=True)


def table(moved: Waterfall) -> list[tuple[str, tuple[str, ...]]]:
    """This function will return a row per month, and one of all; the currency of its amounts stands above them."""
    rows = [(f"{one.month:%Y-%m}", _row(one, moved.currency)) for one in moved.months]
    return [*rows, ("all", _row(moved.total, moved.currency))]


def _row(one: MonthMrr, currency: str) -> tuple[str, ...]:
    amounts = (one.start_minor, *(getattr(one, f"{name}_minor") * sign for name, sign, _ in STEPS), one.end_minor)
    rates = (one.customer_churn_rate, one.gross_churn_rate, one.net_retention_rate)
    counts = (one.customers_start, one.customers_new + one.customers_reactivated, one.customers_churned)
    return (
        *(f"{to_major(minor, currency):f}" for minor in amounts),
        *map(str, counts),
        *(percent(rate) for rate in rates),
    )


def cohort(one: Cohort) -> dict[str, Any]:
    """This function will return a cohort as a row of cells."""
    cells = [
        {
            "heat": min(DARKEST, _thousandths(month.mrr_rate) * DARKEST // 1000), "mrr": percent(month.mrr_rate),
            "customers": percent(month.customer_rate),
        }
        for month in one.months
    ]  # fmt: skip
    return {"month": f"{one.month:%Y-%m}", "customers": one.customers, "mrr": money(one.mrr_minor, one.currency),
            "cells": cells}  # fmt: skip


def percent(rate: Decimal | None) -> str:
    """This function will return a share as people read it."""
    return "–" if rate is None else f"{rate * 100:.1f} %"


def _thousandths(rate: Decimal | None) -> int:
    return 0 if rate is None else int(rate * 1000)
