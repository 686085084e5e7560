"""`manage.py books`: trial balance, receivables by age, and revenue and cash per month, as they were at an instant."""

import csv
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.table import Table

from billing import selectors
from billing.selectors import AccountBalance, Ageing, MonthFigures
from core import clock, money, tenancy
from core.models import Environment

AGES: Final = {
    "not_due_minor": "not due", "days_1_30_minor": "1–30 days", "days_31_60_minor": "31–60 days",
    "days_61_90_minor": "61–90 days", "over_90_minor": "over 90 days", "total_minor": "total",
}  # fmt: skip
SIDES: Final = {"debits_minor": "debits", "credits_minor": "credits", "balance_minor": "balance"}
FLOWS: Final = {"revenue_minor": "revenue", "refunds_minor": "refunds", "cash_minor": "cash"}


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything that is printed."""

    environment: str
    as_of: datetime
    trial_balance: Sequence[AccountBalance]
    ageing: Sequence[Ageing]
    months: Sequence[MonthFigures]

    def sums(self) -> dict[str, int]:
        """This function will return what the balances of each currency sum to: zero, if the books are sound."""
        currencies = sorted({one.currency for one in self.trial_balance})
        return {
            code: sum(one.balance_minor for one in self.trial_balance if one.currency == code) for code in currencies
        }


class Command(BaseCommand):
    help = "Print trial balance, receivables ageing, and revenue and cash per month of an environment at an instant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the instant, the environment, and the form."""
        parser.add_argument("--as-of", metavar="INSTANT", help="a date (its end in UTC) or an instant with an offset")
        parser.add_argument("--environment", default="live", help="slug of the environment (default: live)")
        parser.add_argument("--tenant", default="default", help="slug of the tenant (default: default)")
        parser.add_argument("--currency", help="ISO 4217; without it every currency is printed by itself")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON document")
        form.add_argument("--csv", action="store_true", help="print one table: report, currency, subject, item, amount")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will print the books, and exit 1 if they do not sum to zero."""
        if options["currency"] is not None and options["currency"] not in money.currencies():
            raise CommandError(f"There is no currency {options['currency']}.")
        with tenancy.scope(_environment(options["tenant"], options["environment"])), transaction.atomic():
            books = _read(options["environment"], _instant(options["as_of"]), options["currency"])
        if options["json"]:
            self.stdout.write(json.dumps(_document(books), indent=2))
        elif options["csv"]:
            csv.writer(self.stdout, lineterminator="\n").writerows(_rows(books))
        else:
            _show(books, Console(file=self.stdout, highlight=False, width=120))  # type: ignore[arg-type]
        if any(books.sums().values()):
            sys.exit(1)


def _environment(tenant: str, slug: str) -> tenancy.Scope:
    found = Environment.objects.of_tenants().filter(tenant__slug=tenant, slug=slug).first()
    if found is None:
        raise CommandError(f"The tenant {tenant} has no environment {slug}.")
    return found.as_scope()


def _instant(text: str | None) -> datetime:
    """An instant is included, and so is all of a date."""
    if text is None:
        return clock.now()
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC) - datetime.resolution
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise CommandError(f"{text} is neither a date such as 2026-01-31 nor an instant.") from None
    if found.tzinfo is None:
        raise CommandError(f"{text} needs an offset, such as Z or +02:00.")
    return found.astimezone(UTC)


def _read(environment: str, at: datetime, currency: str | None) -> Books:
    return Books(
        environment=environment, as_of=at, trial_balance=selectors.list_trial_balance(at=at, currency=currency),
        ageing=selectors.list_ageing(at=at, currency=currency), months=selectors.list_months(at=at, currency=currency),
    )  # fmt: skip


def _document(books: Books) -> dict[str, Any]:
    return {
        "environment": books.environment,
        "as_of": books.as_of.isoformat(),
        "sums": books.sums(),
        "trial_balance": [_members(one, "code", one.code, SIDES) for one in books.trial_balance],
        "receivables": [_members(one, "customer", one.customer, AGES) for one in books.ageing],
        "months": [_members(one, "month", one.month.isoformat(), FLOWS) for one in books.months],
    }


def _members(row: Any, name: str, subject: str, columns: Iterable[str]) -> dict[str, Any]:
    return {name: subject, "currency": row.currency} | {column: getattr(row, column) for column in columns}


def _rows(books: Books) -> Iterable[tuple[str, ...]]:
    yield "report", "currency", "subject", "item", "amount_minor"
    for report, columns, subjects in _reports(books):
        for row, subject in subjects:
            for column, item in columns.items():
                yield report, row.currency, subject, item, str(getattr(row, column))


def _reports(books: Books) -> Iterable[tuple[str, dict[str, str], list[tuple[Any, str]]]]:
    yield "Trial balance", SIDES, [(one, one.code) for one in books.trial_balance]
    yield "Receivables", AGES, [(one, one.customer) for one in books.ageing]
    yield "Months", FLOWS, [(one, f"{one.month:%Y-%m}") for one in books.months]


def _show(books: Books, console: Console) -> None:
    console.print(f"Books of {books.environment} as of {books.as_of.isoformat()}")
    for report, columns, subjects in _reports(books):
        for currency in sorted({row.currency for row, _ in subjects}):
            table = Table(title=f"{report}, {currency}", title_justify="left")
            table.add_column("")
            for item in columns.values():
                table.add_column(item, justify="right")
            for row, subject in subjects:
                if row.currency == currency:
                    table.add_row(subject, *(money.format_plain(getattr(row, column), currency) for column in columns))
            console.print(table)
    for currency, amount in books.sums().items():
        said = "sums to zero" if amount == 0 else f"DOES NOT SUM TO ZERO: {money.format_plain(amount, currency)}"
        console.print(f"{currency} {said}")
