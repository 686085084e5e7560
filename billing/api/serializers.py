"""The shapes of billing's bodies."""

from core.http.serializers import (
    Currency,
    DecimalText,
    Instant,
    LocalDate,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)


class LineBody(ResponseBody):
    """One line of an invoice. A credit has negative amounts."""

    id = PublicId("inl")
    kind = StrictString()
    description = StrictString()
    quantity = DecimalText(max_digits=30, decimal_places=12)
    unit_amount = DecimalText(max_digits=30, decimal_places=12, allow_null=True)
    currency = Currency()
    amount_minor = StrictInt()
    discount_minor = StrictInt()
    tax_minor = StrictInt()
    total_minor = StrictInt()
    price = StrictString(allow_null=True)
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)


class InvoiceBody(ResponseBody):
    """An invoice with its lines."""

    id = PublicId("inv")
    customer = PublicId("cus", source="customer_id")
    kind = StrictString()
    state = StrictString()
    reference = StrictString()
    number = StrictString(allow_null=True)
    currency = Currency()
    subtotal_minor = Minor()
    discount_minor = Minor()
    tax_minor = Minor()
    total_minor = Minor()
    paid_minor = Minor()
    refunded_minor = Minor()
    due_minor = Minor()
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    created_at = Instant()
    issued_at = Instant(allow_null=True)
    due_at = Instant(allow_null=True)
    paid_at = Instant(allow_null=True)
    voided_at = Instant(allow_null=True)
    last_failure_code = StrictString()
    lines = LineBody(many=True)


class PayInvoice(RequestBody):
    """Pay with a payment method of the customer's, or with his default."""

    payment_method = PublicId("pym", source="payment_method_id", required=False)


class ProcessPayment(RequestBody):
    """Pay an open invoice."""

    invoice = PublicId("inv", source="invoice_id")
    payment_method = PublicId("pym", source="payment_method_id", required=False)


class VoidInvoice(RequestBody):
    """Why it is taken back."""

    reason = StrictString(max_length=500)


class PaymentBody(ResponseBody):
    """A payment that was asked for. Its outcome comes as `payment.succeeded` or `payment.failed`."""

    id = PublicId("pay", source="public_id")
    status = StrictString()
    invoice = PublicId("inv", source="reference")
    amount_minor = Minor()
    currency = Currency()


class StateCounts(ResponseBody):
    """How many invoices there are in each state."""

    draft = StrictInt()
    open = StrictInt()
    paid = StrictInt()
    void = StrictInt()
    uncollectible = StrictInt()


class FlowBody(ResponseBody):
    """The invoicing flow in use, and how many invoices it has in each state."""

    version = StrictInt()
    invoices = StateCounts()


class MonthBody(ResponseBody):
    """One month of one currency in the books."""

    month = LocalDate()
    currency = Currency()
    revenue_minor = StrictInt()
    refunds_minor = StrictInt()
    cash_minor = StrictInt()


class AnalyticsBody(ResponseBody):
    """Revenue and cash per month and currency, from the ledger."""

    months = MonthBody(many=True)
