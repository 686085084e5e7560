"""The shapes of explanations, of recomputations and of quotes."""

from rest_framework import serializers

from billing.api.serializers._items import items
from core.http.serializers import (
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

MOST_COUPONS = 20


def _number(**options: bool) -> DecimalText:
    return DecimalText(max_digits=30, decimal_places=12, min_value=None, **options)


class SoldBody(ResponseBody):
    """The price a line was charged by, its formula in words, and the version of the plan or the add-on it is of."""

    price = StrictString()
    price_name = StrictString()
    model = StrictString()
    formula = StrictString()
    owner_name = StrictString()
    plan = StrictString(allow_null=True)
    version = StrictInt(allow_null=True)
    addon = StrictString(allow_null=True)


class PartBody(ResponseBody):
    """One step: `quantity` × `unit_amount` + `flat_amount`, in major units. `tier` counts from 1."""

    tier = StrictInt(allow_null=True)
    quantity = _number()
    unit_amount = _number()
    flat_amount = _number()


class UsageOfLineBody(ResponseBody):
    """What the meter showed, from how many events, and the ids of the first 100 of them."""

    meter = StrictString()
    code = StrictString()
    name = StrictString()
    aggregation = StrictString()
    value = _number()
    events = StrictInt(allow_null=True)
    starts_at = Instant()
    ends_at = Instant()
    measured_at = Instant()
    event_ids = serializers.ListField(child=StrictString())


class _WorkedLine(ResponseBody):
    position = StrictInt()
    kind = StrictString()
    description = StrictString()
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    quantity = _number()
    unit_amount = _number(allow_null=True)
    amount_minor = StrictInt()
    discount_minor = StrictInt()
    tax_minor = StrictInt()
    total_minor = StrictInt()
    sold = SoldBody(allow_null=True)
    parts = PartBody(many=True)
    limited_by = StrictString()
    calculation = StrictString()
    sentence = StrictString()


class ExplainedLineBody(_WorkedLine):
    """One line: what was sold, how its amount came about, and for usage what was measured."""

    id = StrictString()
    usage = UsageOfLineBody(allow_null=True)


class QuotedLineBody(_WorkedLine):
    """One line as it would stand on the invoice."""

    price = StrictString(allow_null=True)
    plan = StrictString(allow_null=True)
    tax_code = StrictString()


class DiscountBody(ResponseBody):
    """What one coupon takes off, and what is left then; scoped ones count for some lines only, and first."""

    description = StrictString()
    amount_minor = Minor()
    left_minor = StrictInt()
    is_scoped = StrictBool()


class TaxOnInvoiceBody(ResponseBody):
    """One rate: its base, and the tax rounded once on it. `percentage` is of a hundred."""

    code = StrictString()
    name = StrictString()
    country = StrictString()
    percentage = _number()
    base_minor = StrictInt()
    tax_minor = StrictInt()
    is_reverse_charge = StrictBool()


class MovedBody(ResponseBody):
    """Value or money that came or went: credit, wallet, payment, refund or credit_note.

    `parts` says where a credit note went: minor units by due, refund, wallet and out_of_band.
    """

    kind = StrictString()
    id = StrictString()
    name = StrictString()
    amount_minor = Minor()
    at = Instant()
    parts = serializers.SerializerMethodField()

    def get_parts(self, moved: object) -> dict[str, int]:
        """This function will write where a credit note went."""
        return dict(getattr(moved, "parts", ()))


class _Worked(ResponseBody):
    customer = StrictString()
    currency = Currency()
    tax_behavior = StrictString()
    subtotal_minor = StrictInt()
    discounts = DiscountBody(many=True)
    discount_minor = Minor()
    taxes = TaxOnInvoiceBody(many=True)
    tax_minor = StrictInt()
    total_minor = StrictInt()
    credit_applied_minor = Minor()
    wallet_applied_minor = Minor()
    due_minor = Minor()
    sentences = serializers.ListField(child=StrictString())


class ExplanationBody(_Worked):
    """An invoice from its lines to what is due, in figures and in sentences."""

    invoice = StrictString()
    number = StrictString(allow_null=True)
    state = StrictString()
    reference = StrictString()
    lines = ExplainedLineBody(many=True)
    credited_minor = Minor()
    paid_minor = Minor()
    refunded_minor = Minor()
    moved = MovedBody(many=True)


class QuoteBody(_Worked):
    """The invoice that would be issued. Credits that its charges could not bear are in `carried_minor`."""

    at = Instant()
    lines = QuotedLineBody(many=True)
    carried_minor = Minor()


class DifferenceBody(ResponseBody):
    """A figure that comes out differently; `line` is empty for one of the whole invoice."""

    line = StrictString()
    field = StrictString()
    was = StrictString()
    now = StrictString()


class LateUsageBody(ResponseBody):
    """How many events came after a line was measured, and what they change."""

    line = StrictString()
    description = StrictString()
    events = StrictInt()
    was = StrictString()
    now = StrictString()
    amount_minor = StrictInt()


class RecomputationBody(ResponseBody):
    """Whether an invoice comes out the same again, and otherwise where it does not."""

    invoice = StrictString()
    number = StrictString(allow_null=True)
    identical = StrictBool()
    differences = DifferenceBody(many=True)
    late_usage = LateUsageBody(many=True)


class AskQuote(RequestBody):
    """What would be billed, to whom, and as of when. `subscription` adds what it holds and what waits for it."""

    customer = PublicId("cus", source="customer_id")
    currency = Currency(required=False)
    items = items()
    coupons = serializers.ListField(child=StrictString(max_length=64), required=False, max_length=MOST_COUPONS)
    at = Instant(required=False)
    subscription = StrictString(max_length=64, pattern="sub_[0-9a-z]+", required=False)
