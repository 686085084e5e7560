"""Answers from the books."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import BigIntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from billing.models import Account, Posting
from core import ids

_NOTHING: Final = Value(0, output_field=BigIntegerField())


@dataclass(frozen=True, kw_only=True)
class MonthFigures:
    """One month of one currency in the books: what was earned, given back, and received less refunds."""

    month: date
    currency: str
    revenue_minor: int
    refunds_minor: int
    cash_minor: int


@dataclass(frozen=True, kw_only=True)
class AccountBalance:
    """One account at an instant: the sums of its debits and of its credits, both positive, and their difference."""

    code: str
    currency: str
    debits_minor: int
    credits_minor: int

    @property
    def balance_minor(self) -> int:
        """Debits less credits."""
        return self.debits_minor - self.credits_minor


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """What a customer owes in a currency, by how many days it is past due."""

    customer_id: UUID
    currency: str
    not_due_minor: int
    days_1_30_minor: int
    days_31_60_minor: int
    days_61_90_minor: int
    over_90_minor: int
    total_minor: int

    @property
    def customer(self) -> str:
        """The customer's public id."""
        return ids.encode("cus", self.customer_id)


def list_trial_balance(*, at: datetime, currency: str | None = None) -> tuple[AccountBalance, ...]:
    """This function will return every account with what was booked on it up to an instant, in the order of codes.

    The balances of each currency sum to zero.
    """
    rows = (
        _booked(at, currency)
        .values("account__code", "currency")
        .annotate(
            debits=Coalesce(Sum("amount_minor", filter=Q(amount_minor__gt=0)), _NOTHING),
            credits=Coalesce(Sum("amount_minor", filter=Q(amount_minor__lt=0)), _NOTHING),
        )
        .order_by("currency", "account__code")
    )
    return tuple(
        AccountBalance(
            code=row["account__code"], currency=row["currency"], debits_minor=int(row["debits"]),
            credits_minor=-int(row["credits"]),
        )
        for row in rows
    )  # fmt: skip


def list_ageing(*, at: datetime, currency: str | None = None) -> tuple[Ageing, ...]:
    """This function will return what each customer owed at an instant, by age; who owed nothing is left out.

    The books decide what was owed then, whatever has become of the invoices since. What falls due at that very instant
    is not past due.
    """
    due = "journal__invoice__due_at"
    edges = [at - timedelta(days=days) for days in (0, 30, 60, 90)]
    by_age = {
        "not_due_minor": Q(**{f"{due}__gte": edges[0]}) | Q(**{due: None}),
        "days_1_30_minor": Q(**{f"{due}__lt": edges[0], f"{due}__gte": edges[1]}),
        "days_31_60_minor": Q(**{f"{due}__lt": edges[1], f"{due}__gte": edges[2]}),
        "days_61_90_minor": Q(**{f"{due}__lt": edges[2], f"{due}__gte": edges[3]}),
        "over_90_minor": Q(**{f"{due}__lt": edges[3]}),
    }
    rows = (
        _booked(at, currency)
        .filter(account__code=Account.Code.RECEIVABLE, journal__invoice__isnull=False)
        .values("journal__invoice__customer_id", "currency")
        .annotate(
            total_minor=Sum("amount_minor"),
            **{name: Coalesce(Sum("amount_minor", filter=age), _NOTHING) for name, age in by_age.items()},
        )
        .exclude(total_minor=0)
        .order_by("currency", "-total_minor", "journal__invoice__customer_id")
    )
    return tuple(_aged(row, by_age) for row in rows)


def list_months(*, at: datetime | None = None, currency: str | None = None) -> tuple[MonthFigures, ...]:
    """This function will return the environment's revenue, refunds and cash per month (UTC) and currency.

    The books are the only source: whatever has been posted (up to `at`, where it is given) is in it, and nothing else.
    """
    codes = (Account.Code.REVENUE, Account.Code.REFUNDS, Account.Code.CASH)
    rows = (
        _booked(at, currency)
        .filter(account__code__in=codes)
        .annotate(month=TruncMonth("journal__at", tzinfo=UTC))
        .order_by("month", "currency")
        .values_list("month", "currency", "account__code")
        .annotate(Sum("amount_minor"))
    )
    return tuple(_months(rows))


def _aged(row: Mapping[str, Any], ages: Iterable[str]) -> Ageing:
    return Ageing(
        customer_id=row["journal__invoice__customer_id"], currency=row["currency"],
        total_minor=int(row["total_minor"]), **{name: int(row[name]) for name in ages},
    )  # fmt: skip


def _booked(at: datetime | None, currency: str | None) -> QuerySet[Posting]:
    rows = Posting.objects.all()
    if at is not None:
        rows = rows.filter(journal__at__lte=at)
    return rows if currency is None else rows.filter(currency=currency)


def _months(rows: Iterable[tuple[datetime, str, str, int]]) -> Iterable[MonthFigures]:
    sums: dict[tuple[date, str], dict[str, int]] = {}
    for month, currency, code, amount in rows:
        sums.setdefault((month.date(), currency), {})[code] = int(amount)
    for (month_date, currency), by_code in sorted(sums.items()):
        yield MonthFigures(
            month=month_date,
            currency=currency,
            revenue_minor=-by_code.get(Account.Code.REVENUE, 0),
            refunds_minor=by_code.get(Account.Code.REFUNDS, 0),
            cash_minor=by_code.get(Account.Code.CASH, 0),
        )
