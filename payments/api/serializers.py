"""The shapes of payments' bodies."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.http.serializers import (
    Currency,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)
from payments.models import Refund


class CardDetails(RequestBody):
    """A card as it is printed. Only the sandbox takes one; neither the number nor the code is ever kept."""

    number = StrictString(max_length=40)
    exp_month = StrictInt()
    exp_year = StrictInt()
    cvc = StrictString(max_length=4)


class AttachPaymentMethod(RequestBody):
    """A way to pay: a test card, or a token of the gateway's own form. `customer` may be left out by himself."""

    customer = PublicId("cus", source="customer_id", required=False)
    card = CardDetails(required=False)
    token = StrictString(max_length=100, required=False)
    is_default = StrictBool(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """This function will accept exactly one of card and token."""
        if ("card" in attrs) == ("token" in attrs):
            raise ValidationError({"card": "Either a card or a token is needed."}, code="one_of")
        return attrs


class PaymentMethodBody(ResponseBody):
    """What is kept of a way to pay."""

    id = PublicId("pym")
    customer = PublicId("cus", source="customer_id")
    gateway = StrictString()
    brand = StrictString()
    last4 = StrictString()
    exp_month = StrictInt()
    exp_year = StrictInt()
    is_default = StrictBool()
    created_at = Instant()


class PaymentMethodAttachmentBody(ResponseBody):
    """A way to pay of which the gateway has not said yet whether it takes it. Ask again with the same key."""

    id = PublicId("pma")
    customer = PublicId("cus", source="customer_id")
    status = StrictString(source="progress")


class PaymentAttemptBody(ResponseBody):
    """One try at a gateway. `unknown` means that no answer came and the gateway is being asked what happened."""

    id = PublicId("pat")
    gateway = StrictString()
    status = StrictString()
    code = StrictString()
    created_at = Instant()
    finished_at = Instant(allow_null=True)


class RefundBody(ResponseBody):
    """Money going back. `pending` until the gateway has confirmed it."""

    id = PublicId("rfd")
    payment = PublicId("pay", source="payment_id")
    status = StrictString()
    amount_minor = Minor()
    currency = Currency()
    reason = StrictString()
    code = StrictString()
    created_at = Instant()
    finished_at = Instant(allow_null=True)


class OwnRefundBody(RefundBody):
    """Money going back to the customer who asks. Why the seller gave it back is his own affair: `reason` is empty."""

    reason = serializers.SerializerMethodField()  # type: ignore[assignment]

    def get_reason(self, row: Refund) -> str:
        """This function will return nothing."""
        return ""


class PaymentDetailBody(ResponseBody):
    """A payment with its attempts and refunds."""

    id = PublicId("pay")
    customer = PublicId("cus", source="customer_id")
    payment_method = PublicId("pym", source="payment_method_id", allow_null=True)
    status = StrictString()
    amount_minor = Minor()
    refunded_minor = Minor()
    currency = Currency()
    reference = StrictString()
    description = StrictString()
    failure_code = StrictString()
    created_at = Instant()
    settled_at = Instant(allow_null=True)
    attempts = PaymentAttemptBody(many=True)
    refunds = RefundBody(many=True)


class OwnPaymentDetailBody(PaymentDetailBody):
    """A customer's own payment with its attempts and refunds."""

    refunds = OwnRefundBody(many=True)


class RefundPayment(RequestBody):
    """How much to give back; everything that is left when no amount is given."""

    amount_minor = Minor(min_value=1, required=False)
    reason = StrictString(max_length=500, required=False)


class PaymentEvent(RequestBody):
    """What a gateway tells about a payment of ours; members that are not listed are kept and not read."""

    event_id = StrictString(max_length=128)
    status = StrictString(max_length=60)
    attempt = StrictString(max_length=60, required=False)
    payment = StrictString(max_length=60, required=False)
    code = StrictString(max_length=60, required=False)
    amount_minor = Minor(required=False)
    currency = Currency(required=False)


class PaymentEventBody(ResponseBody):
    """`received`, `duplicate` or `ignored`."""

    status = StrictString()
