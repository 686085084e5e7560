"""The bodies of credit notes."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from billing.models import CreditNote
from core.http.serializers import (
    Choice,
    Currency,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)

MOST_LINES = 500


class CreditLine(RequestBody):
    """A line of the invoice: so much of it with its tax, or what is left of it."""

    line = PublicId("inl")
    amount_minor = Minor(min_value=1, required=False)


class CreateCreditNote(RequestBody):
    """Either `lines`, or an `amount_minor` over all lines, or neither for all that is left. Amounts include tax.

    What is due is reduced first; `settle` says where goes the rest: by itself it is refunded as far as there is a
    payment, else put into the wallet.
    """

    invoice = PublicId("inv", source="invoice_id")
    lines = serializers.ListField(child=CreditLine(), min_length=1, max_length=MOST_LINES, required=False)
    amount_minor = Minor(min_value=1, required=False)
    reason = Choice(CreditNote.Reason.choices)
    memo = StrictString(max_length=500, required=False)
    settle = Choice(CreditNote.Settlement.choices, required=False)

    def validate_lines(self, value: list[dict[str, Any]]) -> list[tuple[UUID, int | None]]:
        """This function will return the lines as the verb takes them."""
        return [(one["line"], one.get("amount_minor")) for one in value]


class CreditTaxBody(ResponseBody):
    """One rate's part of what is taken back of a line."""

    code = StrictString()
    tax_minor = StrictInt()


class CreditNoteLineBody(ResponseBody):
    """What is taken back of `line`: `amount_minor` is without tax. Of a credit it is below zero."""

    id = PublicId("cnl")
    line = PublicId("inl", source="invoice_line_id")
    description = StrictString()
    amount_minor = StrictInt()
    tax_minor = StrictInt()
    total_minor = StrictInt()
    taxes = CreditTaxBody(many=True)


class CreditNoteBody(ResponseBody):
    """What is taken back of an invoice. The last four amounts say where the total went."""

    id = PublicId("crn")
    invoice = PublicId("inv", source="invoice_id")
    customer = PublicId("cus", source="customer_id")
    number = StrictString()
    reason = Choice(CreditNote.Reason.choices)
    memo = StrictString()
    currency = Currency()
    subtotal_minor = StrictInt()
    tax_minor = StrictInt()
    total_minor = Minor()
    due_minor = Minor()
    refund_minor = Minor()
    wallet_minor = Minor()
    out_of_band_minor = Minor()
    issued_at = Instant()
    lines = CreditNoteLineBody(many=True)
