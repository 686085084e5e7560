"""The shape of what is asked for by name: in quotes and in one-off invoices."""

from decimal import Decimal

from rest_framework import serializers

from core.http.serializers import DecimalText, Quantity, RequestBody, StrictString

MOST_ITEMS = 500
MOST_METERS = 50
# A price, an add-on or a plan goes by its public id, the latter two also by their codes.
LONGEST_NAME = 64


class ItemTerms(RequestBody):
    """One of `price`, `addon`, `plan` and `description`; the latter with a `unit_amount` in major units.

    `quantity` is 1 unless given. `usage` says how much to bill of a plan's usage prices, by meter or price.
    """

    price = StrictString(max_length=LONGEST_NAME, required=False)
    addon = StrictString(max_length=LONGEST_NAME, required=False)
    plan = StrictString(max_length=LONGEST_NAME, required=False)
    description = StrictString(max_length=500, required=False)
    quantity = Quantity(required=False)
    unit_amount = DecimalText(max_digits=30, decimal_places=12, required=False)
    tax_code = StrictString(max_length=40, required=False)
    usage = serializers.DictField(child=Quantity(), required=False)

    def validate_usage(self, value: dict[str, Decimal]) -> dict[str, Decimal]:
        """This function will refuse more names than a plan has prices, and names that cannot be any."""
        if len(value) > MOST_METERS:
            raise serializers.ValidationError("Too many entries.", code="too_many_items")
        for name in value:
            StrictString(max_length=LONGEST_NAME).run_validation(name)
        return value


def items() -> serializers.ListField:
    """This function will return the field for the items of a bill."""
    return serializers.ListField(child=ItemTerms(), min_length=1, max_length=MOST_ITEMS)
