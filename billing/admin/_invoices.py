"""The console's pages of invoices."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing import selectors, services
from billing.admin import _printed
from billing.admin._credit_notes import CreditForm, CreditNotes, exact
from billing.admin._explain import Explained
from billing.models import CreditNote, Invoice, InvoiceDiscount, InvoiceLine, InvoiceTax, Journal
from core import clock, console

TONES = {"draft": "none", "open": "busy", "paid": "good", "void": "none", "uncollectible": "bad"}


class Lines(console.ConsoleInline):
    model = InvoiceLine
    fields = (
        "position", "description", "kind", "quantity", "unit_amount", "amount_minor", "discount_minor", "tax_minor",
        "total_minor",
    )  # fmt: skip


class Discounts(console.ConsoleInline):
    model = InvoiceDiscount
    fields = ("position", "description", "amount_minor")


class Taxes(console.ConsoleInline):
    model = InvoiceTax
    fields = ("position", "code", "name", "country", "percentage", "is_reverse_charge", "base_minor", "tax_minor")
    verbose_name_plural = "Taxes"


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


class YesOrNo(admin.SimpleListFilter):
    """A question about an invoice: what `yes` means is in `fitting`."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """This function will offer both answers."""
        return (("yes", "Yes"), ("no", "No"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """This function will keep the invoices of the chosen answer."""
        if self.value() not in ("yes", "no"):
            return queryset
        found = self.fitting(queryset)
        return found if self.value() == "yes" else queryset.exclude(pk__in=found.values("pk"))

    def fitting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """This function will keep the invoices for which the answer is yes."""
        raise NotImplementedError


class Overdue(YesOrNo):
    title = "overdue"
    parameter_name = "overdue"

    def fitting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """This function will keep what should have been paid by now."""
        late: QuerySet[Any] = rows.overdue(at=clock.now())  # type: ignore[attr-defined]
        return late


class Discounted(YesOrNo):
    title = "has discount"
    parameter_name = "discounted"

    def fitting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """This function will keep what a coupon has reduced."""
        return rows.filter(discount_minor__gt=0)


def _is_payable(row: Invoice) -> bool:
    return row.is_settleable and row.due_minor > 0


def _is_voidable(row: Invoice) -> bool:
    return row.state in (Invoice.State.OPEN, Invoice.State.UNCOLLECTIBLE) and not (row.paid_minor or row.credited_minor)


@admin.register(Invoice)
class InvoiceAdmin(Explained, console.ConsoleAdmin):
    list_display = ("number_or_id", "state", "kind", "customer", "total_minor", "due_minor", "reference", "issued_at")
    list_filter = ("state", "kind", Overdue, Discounted, "currency", "issued_at")
    list_select_related = ("customer",)
    search_fields = ("number", "reference", "customer__email", "customer__external_ref")
    ordering = ("-id",)
    references = ("reference",)
    fields = (
        "number", "state", "kind", "customer", "reference", "payments", "subtotal_minor", "discount_minor", "tax_minor",
        "total_minor", "credit_applied_minor", "wallet_applied_minor", "credited_minor", "paid_minor", "due_minor",
        "refunded_minor", "last_failure_code", "period_starts_at", "period_ends_at", "created_at", "finalizes_at",
        "issued_at", "terms_days", "due_at", "paid_at", "voided_at", "uncollectible_at", "collects", "tax_behavior",
        "notes", "issuer_snapshot", "customer_snapshot", "key",
    )  # fmt: skip
    readonly_fields = ("payments",)
    inlines = (Lines, Discounts, Taxes, CreditNotes, Journals)
    actions_detail = ("explain", "pdf", "receipt", "finalize", "pay", "credit", "send", "void", "write_off")

    pdf = _printed.opener("invoice", description="PDF")
    receipt = _printed.opener("receipt", description="Receipt")

    @admin.display(description="Invoice", ordering="sequence")
    def number_or_id(self, row: Invoice) -> str:
        """This function will show the number; a draft has none and is marked."""
        return row.number or f"Draft {row.public_id}"

    @admin.display(description="Payments")
    def payments(self, row: Invoice) -> str:
        """This function will link the payments that were asked for."""
        return console.links({"Payments of this invoice": ("payments.payment", {"q": row.public_id})})

    @console.verb(description="Finalize", permission="finalize", icon="task_alt", possible=console.in_state("draft"))
    def finalize(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will give a draft its number."""
        done = services.finalize_invoice(invoice_id=row.id, actor=console.actor(request), now=clock.now())
        return f"{done.number} is finalized."

    @console.verb(description="Pay", permission="pay", icon="payments", possible=_is_payable)
    def pay(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will have what is due collected with the customer's default payment method."""
        payment = services.pay_invoice(invoice_id=row.id, actor=console.actor(request), now=clock.now())
        return f"{payment.public_id} is on its way."

    @console.verb(description="Void", permission="void", icon="block", possible=_is_voidable)
    def void(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will take an unpaid invoice back."""
        services.void_invoice(invoice_id=row.id, reason=reason, actor=console.actor(request), now=clock.now())
        return f"{row} is void."

    @console.verb(
        description="Credit",
        permission="credit",
        icon="assignment_return",
        form=CreditForm,
        step_up=True,
        possible=console.in_state("open", "paid", "uncollectible"),
    )
    def credit(
        self, request: HttpRequest, row: Invoice, reason: str, amount: Decimal | None, because: str, settle: str,
        memo: str, key: str,
    ) -> str:  # fmt: skip
        """This function will take the invoice, or a part of it, back."""
        note = services.credit_or_ask(
            invoice_id=row.id, amount_minor=exact(amount, row.currency), reason=because, settle=settle, memo=memo,
            key=key, actor=console.actor(request), now=clock.now(),
        )  # fmt: skip
        if not isinstance(note, CreditNote):
            return f"This is above your limit: {note.public_id} waits for somebody else's approval."
        return f"{note.number} takes {console.money(note.total_minor, note.currency)} back."

    @console.verb(description="Send", permission="send", icon="mail")
    def send(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will mail the invoice to its customer."""
        services.send_invoice(invoice_id=row.id, actor=console.actor(request), now=clock.now())
        return f"{row} is on its way."

    @console.verb(description="Write off", permission="write_off", icon="money_off", possible=console.in_state("open"))
    def write_off(self, request: HttpRequest, row: Invoice, reason: str) -> str:
        """This function will give up on an open invoice."""
        services.mark_uncollectible(invoice_id=row.id, reason=reason, actor=console.actor(request), now=clock.now())
        return f"{row} is written off."


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
