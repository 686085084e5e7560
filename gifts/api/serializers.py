"""The shapes of gifts on the wire. A code is in none of the answers: only the recipient's mail holds it."""

from core.http.serializers import (
    Currency,
    Email,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)  # fmt: skip


class RecipientRequest(RequestBody):
    """Who is given to."""

    email = Email()
    name = StrictString(max_length=200, required=False, default="", allow_blank=True)
    message = StrictString(max_length=2000, required=False, default="", allow_blank=True, multiline=True)
    deliver_at = Instant(required=False, allow_null=True, default=None)


class BuyGift(RequestBody):
    """A gift to buy; a customer buys for himself to give, a backend names the buyer."""

    buyer = PublicId("cus", source="buyer_id", required=False)
    plan = PublicId("pln", source="plan_id")
    intervals = StrictInt(min_value=1, max_value=36)
    currency = Currency(required=False, allow_null=True, default=None)
    recipient = RecipientRequest()


class RedeemGift(RequestBody):
    """Either the mailed code, or the gift's id for the customer it was sent to."""

    code = StrictString(max_length=60, required=False)
    gift_id = PublicId("gft", required=False)
    customer = PublicId("cus", source="customer_id", required=False)


class CancelGift(RequestBody):
    """Why it is taken back."""

    reason = StrictString(max_length=500, required=False, default="", allow_blank=True)


class GiftBody(ResponseBody):
    """A gift."""

    id = StrictString(source="public_id")
    buyer = PublicId("cus", source="buyer_id")
    plan = PublicId("pln", source="plan_id")
    intervals = StrictInt()
    amount_minor = Minor()
    currency = StrictString()
    invoice = StrictString()
    status = StrictString()
    recipient_email = StrictString()
    recipient_name = StrictString()
    message = StrictString()
    deliver_at = Instant(allow_null=True)
    delivered_at = Instant(allow_null=True)
    expires_at = Instant(allow_null=True)
    redeemed_at = Instant(allow_null=True)
    redeemed_by = PublicId("cus", source="redeemed_by_id", allow_null=True)
    subscription = StrictString()
    created_at = Instant()
