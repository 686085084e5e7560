"""The console's pages of billing."""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import selectors, services
from billing.models import Account, Invoice, InvoiceLine, Journal, NumberCounter, NumberSeries, Posting
from core import clock, console


class Lines(console.ConsoleInline):
    model = InvoiceLine
    fields = (
        "position", "description", "kind", "quantity", "unit_amount", "amount_minor", "discount_minor", "tax_minor",
        "total_minor",
    )  # fmt: skip


class Journals(console.ConsoleInline):
    model = Journal
    fields = ("reference", "kind", "at", "moved")
    ordering = ("id",)
    readonly_fields = ("moved",)
    show_change_link = True
    verbose_name_plural = "In the books"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the journals with their postings fetched."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("postings__account")

    @admin.display(description="Postings")
    def moved(self, row: Journal) -> str:
        """This function will show what the journal moved, debits first."""
        sides = sorted(row.postings.all(), key=lambda one: -one.amount_minor)
        return " · ".join(f"{one.account.code} {console.money(one.amount_minor, one.currency)}" for one in sides)


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


@admin.register(Invoice)
class InvoiceAdmin(console.ConsoleAdmin):
    list_display = ("number_or_id", "state", "kind", "customer", "total_minor", "due_minor", "reference", "issued_at")
    list_filter = ("state", "kind", "currency", "issued_at")
    list_select_related = ("customer",)
    search_fields = ("number", "reference", "customer__email", "customer__external_ref")
    ordering = ("-id",)
    references = ("reference",)
    fields = (
        "number", "state", "kind", "customer", "reference", "payments", "subtotal_minor", "discount_minor", "tax_minor",
        "total_minor", "paid_minor", "due_minor", "refunded_minor", "last_failure_code", "period_starts_at",
        "period_ends_at", "created_at", "issued_at", "due_at", "paid_at", "voided_at", "uncollectible_at",
        "tax_behavior", "issuer_snapshot", "customer_snapshot", "key",
    )  # fmt: skip
    readonly_fields = ("payments",)
    inlines = (Lines, Journals)
    actions_detail = ("pay", "void")

    @admin.display(description="Invoice", ordering="sequence")
    def number_or_id(self, row: Invoice) -> str:
        """This function will show the number, or the public id of a draft."""
        return row.number or row.public_id

    @admin.display(description="Payments")
    def payments(self, row: Invoice) -> str:
        """This function will link the payments that were asked for."""
        return console.links({"Payments of this invoice": ("payments.payment", {"q": row.public_id})})

    @console.verb(description="Pay", permission="pay", icon="payments")
    def pay(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will have what is due collected with the customer's default payment method."""
        payment = services.pay_invoice(invoice_id=row.id, actor=console.actor(request), now=clock.now())
        return f"{payment.public_id} is on its way."

    @console.verb(description="Void", permission="void", icon="block")
    def void(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will take an unpaid invoice back."""
        services.void_invoice(invoice_id=row.id, reason=reason, actor=console.actor(request), now=clock.now())
        return f"{row} is void."


@admin.register(Journal)
class JournalAdmin(console.ConsoleAdmin):
    list_display = ("reference", "kind", "invoice", "at")
    list_filter = ("kind", "at")
    list_select_related = ("invoice",)
    search_fields = ("reference", "invoice__number")
    ordering = ("-id",)
    references = ("reference",)
    exclude = ("subject_id",)
    inlines = (Postings,)


@admin.register(Account)
class AccountAdmin(console.ConsoleAdmin):
    list_display = ("code", "currency", "balance", "created_at")
    list_filter = ("code", "currency")
    search_fields = ("code", "currency")
    readonly_fields = ("balance",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the accounts with their balances."""
        accounts: QuerySet[Any] = super().get_queryset(request)
        return accounts.with_balance()  # type: ignore[attr-defined,no-any-return]

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


TONES = {"draft": "none", "open": "busy", "paid": "good", "void": "none", "uncollectible": "bad"}
MONTHS_SHOWN = 12
CURRENCIES_SHOWN = 2


@console.tile("Open invoices", model="billing.invoice", query="state__exact=open", order=40)
def open_invoices() -> int:
    """This function will count the invoices that wait for money."""
    return Invoice.objects.filter(state=Invoice.State.OPEN).count()


@console.chart(model="billing.invoice", order=20)
def invoices_by_state() -> list[console.Chart]:
    """This function will draw how many invoices are in each state."""
    counted = selectors.count_by_state()
    bars = [console.Bar(label=state, value=n, text=str(n), tone=TONES[state]) for state, n in counted.items()]
    return [console.Chart(title="Invoices by state", bars=bars if any(counted.values()) else [])]


@console.chart(model="billing.journal", order=10)
def cash_per_month() -> list[console.Chart]:
    """This function will draw the cash received less refunds, per month, for the currencies that have moved last."""
    months = selectors.list_months()
    currencies = list(dict.fromkeys(one.currency for one in reversed(months)))[:CURRENCIES_SHOWN]
    return [_cash(currency, [one for one in months if one.currency == currency]) for currency in currencies]


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
