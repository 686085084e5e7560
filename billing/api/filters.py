"""How invoices, coupons, tax rates and wallets are searched."""

from typing import Any

from django.db.models import QuerySet

from billing.coupons import canonical
from billing.models import CreditNote, DunningCase, Invoice, WalletTransaction
from core import clock
from core.http.filters import CurrencyFilter, Filters, IdFilter, InstantFilter, MinorFilter, TextFilter, WordFilter


class OverdueFilter(WordFilter):
    """`true` for what should have been paid by now, `false` for the others."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the open invoices whose due date has passed, or all others."""
        if value is None:
            return rows
        late = rows.overdue(at=clock.now())  # type: ignore[attr-defined]
        found: QuerySet[Any] = late if value == "true" else rows.exclude(pk__in=late.values("pk"))
        return found


class InvoiceFilters(Filters):
    """`issued_from` and the totals are inclusive, `issued_before` and `due_before` are not."""

    customer = IdFilter("cus", field_name="customer_id")
    state = WordFilter(Invoice.State.choices)
    kind = WordFilter(Invoice.Kind.choices)
    reference = TextFilter(max_length=64)
    number = TextFilter(max_length=60)
    issued_from = InstantFilter(field_name="issued_at", lookup_expr="gte")
    issued_before = InstantFilter(field_name="issued_at", lookup_expr="lt")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt")
    currency = CurrencyFilter()
    total_from_minor = MinorFilter(field_name="total_minor", lookup_expr="gte")
    total_to_minor = MinorFilter(field_name="total_minor", lookup_expr="lte")
    overdue = OverdueFilter(("true", "false"))


class CreditNoteFilters(Filters):
    """`issued_from` is inclusive and `issued_before` is not."""

    customer = IdFilter("cus", field_name="customer_id")
    invoice = IdFilter("inv", field_name="invoice_id")
    reason = WordFilter(CreditNote.Reason.choices)
    number = TextFilter(max_length=60)
    currency = CurrencyFilter()
    issued_from = InstantFilter(field_name="issued_at", lookup_expr="gte")
    issued_before = InstantFilter(field_name="issued_at", lookup_expr="lt")


class DunningFilters(Filters):
    """`next_before` and `began_before` are exclusive, `began_from` is inclusive."""

    customer = IdFilter("cus", field_name="customer_id")
    invoice = IdFilter("inv", field_name="invoice_id")
    reference = TextFilter(max_length=64)
    plan = TextFilter(max_length=64)
    state = WordFilter(DunningCase.State.choices)
    currency = CurrencyFilter()
    next_before = InstantFilter(field_name="next_attempt_at", lookup_expr="lt")
    began_from = InstantFilter(field_name="first_failure_at", lookup_expr="gte")
    began_before = InstantFilter(field_name="first_failure_at", lookup_expr="lt")


class ArchivedFilter(WordFilter):
    """`true` for what is archived, `false` for the others."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the rows that are, or are not, archived."""
        return rows if value is None else rows.filter(archived_at__isnull=value == "false")


class CouponCodeFilter(TextFilter):
    """A coupon's code in any case."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the coupon of the code."""
        return rows if value is None else rows.filter(code=canonical(value))


class CouponFilters(Filters):
    code = CouponCodeFilter(max_length=64)
    archived = ArchivedFilter(("true", "false"))


class RedemptionFilters(Filters):
    customer = IdFilter("cus", field_name="customer_id")
    reference = TextFilter(max_length=64)


class TaxRateFilters(Filters):
    code = TextFilter(max_length=40)
    country = TextFilter(max_length=2)
    tax_code = TextFilter(max_length=40)
    archived = ArchivedFilter(("true", "false"))


class WalletFilters(Filters):
    customer = IdFilter("cus", field_name="customer_id")
    currency = CurrencyFilter()


class WalletTransactionFilters(Filters):
    """`created_from` is inclusive and `created_before` is not."""

    kind = WordFilter(WalletTransaction.Kind.choices)
    invoice = IdFilter("inv", field_name="invoice_id")
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")
