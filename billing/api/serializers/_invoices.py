"""The bodies of invoices. What items come to, and whether they can be billed, is the verb's question."""

from rest_framework import serializers

from billing.api.serializers._explain import MOST_COUPONS, TaxOnInvoiceBody
from billing.api.serializers._items import MOST_ITEMS, ItemTerms, items
from billing.models import Invoice
from billing.services import LONGEST_TERMS_DAYS
from core.http.serializers import (
    Choice,
    Currency,
    DecimalText,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)

LONGEST_NOTES = 2000


class LineTaxBody(ResponseBody):
    """One rate's part of a line's tax."""

    code = StrictString()
    tax_minor = StrictInt()


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
    plan = StrictString(allow_null=True)
    tax_code = StrictString()
    taxes = LineTaxBody(many=True)
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)


class InvoiceDiscountBody(ResponseBody):
    """What one coupon takes off, by its redemption."""

    redemption = PublicId("crd", source="redemption_id")
    description = StrictString()
    amount_minor = Minor()


class InvoiceBody(ResponseBody):
    """An invoice with its lines. What is due is the total less stored value, credit notes and payments.

    `credit_applied_minor` is what earlier credit notes left in the wallet, `wallet_applied_minor` other value from it,
    `credited_minor` what the invoice's own credit notes took off.
    """

    id = PublicId("inv")
    customer = PublicId("cus", source="customer_id")
    kind = StrictString()
    state = StrictString()
    reference = StrictString()
    number = StrictString(allow_null=True)
    currency = Currency()
    tax_behavior = Choice(Invoice.TaxBehavior.choices)
    subtotal_minor = Minor()
    discount_minor = Minor()
    tax_minor = Minor()
    total_minor = Minor()
    credit_applied_minor = Minor()
    wallet_applied_minor = Minor()
    credited_minor = Minor()
    paid_minor = Minor()
    refunded_minor = Minor()
    due_minor = Minor()
    terms_days = StrictInt()
    collect = StrictBool(source="collects")
    notes = StrictString()
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    created_at = Instant()
    finalizes_at = Instant(allow_null=True)
    issued_at = Instant(allow_null=True)
    due_at = Instant(allow_null=True)
    paid_at = Instant(allow_null=True)
    voided_at = Instant(allow_null=True)
    uncollectible_at = Instant(allow_null=True)
    last_failure_code = StrictString()
    lines = LineBody(many=True)
    discounts = InvoiceDiscountBody(many=True)
    taxes = TaxOnInvoiceBody(many=True)
    credit_notes = serializers.SerializerMethodField()

    def get_credit_notes(self, invoice: Invoice) -> list[str]:
        """This function will write the ids of the invoice's credit notes, the oldest first."""
        return [note.public_id for note in invoice.credit_notes.all()]


class UpdateInvoice(RequestBody):
    """A draft's new `items` or `coupons` stand in the place of all it had."""

    items = serializers.ListField(child=ItemTerms(), min_length=1, max_length=MOST_ITEMS, required=False)
    coupons = serializers.ListField(child=StrictString(max_length=64), required=False, max_length=MOST_COUPONS)
    notes = StrictString(max_length=LONGEST_NOTES, allow_blank=True, multiline=True, required=False)
    terms_days = StrictInt(min_value=0, max_value=LONGEST_TERMS_DAYS, required=False)
    collect = StrictBool(required=False)


class CreateInvoice(UpdateInvoice):
    """What is billed to whom. Without `currency` it is the customer's; `finalize` false leaves a draft."""

    customer = PublicId("cus", source="customer_id")
    currency = Currency(required=False)
    items = items()
    finalize = StrictBool(required=False)


class PayInvoice(RequestBody):
    """Pay with a payment method of the customer's, or with his default."""

    payment_method = PublicId("pym", source="payment_method_id", required=False)


class ProcessPayment(RequestBody):
    """Pay an open invoice."""

    invoice = PublicId("inv", source="invoice_id")
    payment_method = PublicId("pym", source="payment_method_id", required=False)


class GiveUpInvoice(RequestBody):
    """Why it is taken back, or given up."""

    reason = StrictString(max_length=500)


class PaymentBody(ResponseBody):
    """A payment that was asked for. Its outcome comes as `payment.succeeded` or `payment.failed`."""

    id = PublicId("pay", source="public_id")
    status = StrictString()
    invoice = PublicId("inv", source="reference")
    amount_minor = Minor()
    currency = Currency()
