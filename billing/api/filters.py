"""How invoices are searched."""

from billing.models import Invoice
from core.http.filters import Filters, IdFilter, InstantFilter, TextFilter, WordFilter


class InvoiceFilters(Filters):
    """`issued_from` is inclusive and `issued_before` is not."""

    customer = IdFilter("cus", field_name="customer_id")
    state = WordFilter(Invoice.State.choices)
    kind = WordFilter(Invoice.Kind.choices)
    reference = TextFilter(max_length=64)
    number = TextFilter(max_length=60)
    issued_from = InstantFilter(field_name="issued_at", lookup_expr="gte")
    issued_before = InstantFilter(field_name="issued_at", lookup_expr="lt")
