"""The console's pages of the books."""

from collections import Counter
from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import selectors
from billing.models import Account, Journal, NumberCounter, NumberSeries, Posting
from core import clock, console

MONTHS_SHOWN = 12
CURRENCIES_SHOWN = 2
# What a customer owes, by the days it is past due: the member of `Ageing`, its name, its color.
AGES = {
    "not_due_minor": ("not due", "good"), "days_1_30_minor": ("1–30 days", "busy"),
    "days_31_60_minor": ("31–60 days", "warn"), "days_61_90_minor": ("61–90 days", "warn"),
    "over_90_minor": ("over 90 days", "bad"),
}  # fmt: skip


class Postings(console.ConsoleInline):
    model = Posting
    fields = ("account", "amount")
    readonly_fields = ("amount",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the postings with their accounts fetched."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("account")

    @admin.display(description="Amount (debits are positive)")
    def amount(self, row: Posting) -> str:
        """This function will show the signed amount."""
        return console.money(row.amount_minor, row.currency)


class Counters(console.ConsoleInline):
    model = NumberCounter
    fields = ("bucket", "last", "last_issued_at")


@admin.register(Journal)
class JournalAdmin(console.ConsoleAdmin):
    list_display = ("reference", "kind", "invoice", "at")
    list_filter = ("kind", "at", "postings__account__code", "postings__currency")
    list_select_related = ("invoice",)
    search_fields = ("reference", "invoice__number", "invoice__customer__email")
    ordering = ("-id",)
    references = ("reference",)
    exclude = ("subject_id",)
    inlines = (Postings,)


@admin.register(Account)
class AccountAdmin(console.ConsoleAdmin):
    list_display = ("code", "currency", "debits", "credits", "balance", "created_at")
    list_filter = ("code", "currency")
    search_fields = ("code", "currency")
    ordering = ("environment", "currency", "code")
    readonly_fields = ("debits", "credits", "balance", "links")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the accounts with their balances."""
        accounts: QuerySet[Any] = super().get_queryset(request)
        return accounts.with_balance()  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="Debits")
    def debits(self, row: Any) -> str:
        """This function will show the sum of what was debited."""
        return console.money(row.debits_minor, row.currency)

    @admin.display(description="Credits")
    def credits(self, row: Any) -> str:
        """This function will show the sum of what was credited."""
        return console.money(row.credits_minor, row.currency)

    @admin.display(description="See also")
    def links(self, row: Account) -> str:
        """This function will link the journals that moved the account."""
        query = {"postings__account__code": row.code, "postings__currency": row.currency}
        return console.links({"Journals of this account": ("billing.journal", query)})

    @admin.display(description="Balance (debits are positive)")
    def balance(self, row: Any) -> str:
        """This function will show the sum of the account's postings."""
        return console.money(row.balance_minor, row.currency)


@admin.register(NumberSeries)
class NumberSeriesAdmin(console.ConsoleAdmin):
    list_display = ("code", "format", "reset", "created_at")
    list_filter = ("code", "reset")
    search_fields = ("code", "format")
    inlines: ClassVar = (Counters,)


@console.chart(model="billing.journal", order=10)
def cash_per_month() -> list[console.Chart]:
    """This function will draw the cash received less refunds, per month, for the currencies that have moved last."""
    months = selectors.list_months()
    currencies = list(dict.fromkeys(one.currency for one in reversed(months)))[:CURRENCIES_SHOWN]
    return [_cash(currency, [one for one in months if one.currency == currency]) for currency in currencies]


@console.tile("Currencies whose books do not balance", model="billing.account", order=48, is_alarm=True)
def unbalanced() -> int:
    """This function will count the currencies whose trial balance does not sum to zero."""
    sums: Counter[str] = Counter()
    for account in selectors.list_trial_balance(at=clock.now()):
        sums[account.currency] += account.balance_minor
    return sum(bool(amount) for amount in sums.values())


@console.chart(model="billing.account", order=15)
def receivables_by_age() -> list[console.Chart]:
    """This function will draw what is owed by the days it is past due, for the currencies in which most is owed."""
    aged = selectors.list_ageing(at=clock.now())
    owed: Counter[str] = Counter()
    for one in aged:
        owed[one.currency] += one.total_minor
    return [
        console.Chart(
            title=f"Receivables by age, {currency}", bars=_by_age([o for o in aged if o.currency == currency])
        )
        for currency, _ in owed.most_common(CURRENCIES_SHOWN)
    ]


def _by_age(aged: list[selectors.Ageing]) -> list[console.Bar]:
    sums = {title: (sum(getattr(one, name) for one in aged), tone) for name, (title, tone) in AGES.items()}
    currency = aged[0].currency
    return [
        console.Bar(label=title, value=minor, text=console.money(minor, currency), tone=tone)
        for title, (minor, tone) in sums.items()
    ]


def _cash(currency: str, months: list[selectors.MonthFigures]) -> console.Chart:
    received = {one.month: one.cash_minor for one in months}
    bars = [_month(month, received.get(month, 0), currency) for month in _months(months[0].month, months[-1].month)]
    return console.Chart(title=f"Cash per month, {currency}", bars=bars[-MONTHS_SHOWN:], upright=True)


def _months(first: date, last: date) -> list[date]:
    """Return every month from one to another: one in which nothing moved is a gap, and seen as such."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _month(month: date, cash_minor: int, currency: str) -> console.Bar:
    return console.Bar(label=f"{month:%Y-%m}", value=cash_minor, text=console.money(cash_minor, currency))
