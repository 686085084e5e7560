"""How payments and payment methods are searched."""

from core.http.filters import Filters, IdFilter, InstantFilter, TextFilter, WordFilter
from payments.models import Payment


class PaymentFilters(Filters):
    """`created_from` is inclusive and `created_before` is not."""

    customer = IdFilter("cus", field_name="customer_id")
    status = WordFilter(Payment.Status.choices)
    reference = TextFilter(max_length=60)
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")


class CustomerFilter(Filters):
    """Whose."""

    customer = IdFilter("cus", field_name="customer_id")
