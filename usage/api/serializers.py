"""The shapes of usage on the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from rest_framework import serializers

from core.http.serializers import (
    Choice,
    DecimalText,
    Instant,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)
from usage.models import OWN_VALUE, Meter

CODE: Final = r"[A-Za-z0-9][A-Za-z0-9_.:-]*"
MOST_PROPERTIES: Final = 50
MOST_FILTERS: Final = 10
MOST_TEXTS: Final = 50
LONGEST_NAME: Final = 40
LONGEST_TEXT: Final = 500
# A use of more is a mistake in the client.
MOST_USED_AT_ONCE: Final = 1_000_000_000
_BIGGEST: Final = 2**53


class Properties(serializers.Field[dict[str, Any], Any, dict[str, Any], Any]):
    """Up to 50 named texts, numbers, booleans and nulls. A number with a fraction is kept as its text, exactly."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object", "maxProperties": MOST_PROPERTIES,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT},
    }  # fmt: skip

    default_error_messages = {
        "object_expected": "An object is needed.",
        "too_many_items": "At most 50 properties are possible.",
        "invalid_entry": "Names have 1 to 40 characters; values are texts up to 500, numbers, booleans or null.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """This function will accept a flat object."""
        if not isinstance(data, dict):
            self.fail("object_expected")
        if len(data) > MOST_PROPERTIES:
            self.fail("too_many_items")
        return {name: self._kept(name, value) for name, value in data.items()}

    def _kept(self, name: str, value: Any) -> Any:
        if not 1 <= len(name) <= LONGEST_NAME or not _is_plain(value):
            self.fail("invalid_entry")
        return format(value, "f") if isinstance(value, Decimal) else value

    def to_representation(self, value: Any) -> dict[str, Any]:
        """This function will write the pairs."""
        return dict(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) <= LONGEST_NAME
    return value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _BIGGEST)


class AcceptedTexts(serializers.Field[dict[str, list[str]], Any, dict[str, list[str]], Any]):
    """The filters of a meter: up to 10 properties, each with up to 50 accepted texts."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object", "maxProperties": MOST_FILTERS,
        "additionalProperties": {
            "type": "array", "minItems": 1, "maxItems": MOST_TEXTS,
            "items": {"type": "string", "maxLength": LONGEST_TEXT},
        },
    }  # fmt: skip

    default_error_messages = {
        "invalid_filters": 'An object of lists of texts is needed, such as {{"region": ["eu"]}}.',
    }

    def to_internal_value(self, data: Any) -> dict[str, list[str]]:
        """This function will accept an object whose values are lists of texts."""
        if not isinstance(data, dict) or len(data) > MOST_FILTERS:
            self.fail("invalid_filters")
        for name, accepted in data.items():
            if not 1 <= len(name) <= LONGEST_NAME or not _are_texts(accepted):
                self.fail("invalid_filters")
        return dict(data)

    def to_representation(self, value: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """This function will write the filters."""
        return dict(value)


def _are_texts(accepted: Any) -> bool:
    if not isinstance(accepted, list) or not 1 <= len(accepted) <= MOST_TEXTS:
        return False
    return all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in accepted)


class MeterRequest(RequestBody):
    """`POST /meters`."""

    code = StrictString(max_length=64, pattern=CODE)
    name = StrictString(max_length=200)
    aggregation = Choice(Meter.Aggregation.choices)
    value_property = StrictString(max_length=LONGEST_NAME, required=False, default=OWN_VALUE)
    unique_property = StrictString(max_length=LONGEST_NAME, required=False, allow_null=True, default=None)
    filters = AcceptedTexts(required=False, default=dict)


class MeterBody(ResponseBody):
    """A meter."""

    id = PublicId("mtr")
    code = StrictString()
    name = StrictString()
    aggregation = Choice(Meter.Aggregation.choices)
    value_property = StrictString()
    unique_property = StrictString(allow_null=True)
    filters = AcceptedTexts()
    archived_at = Instant(allow_null=True)
    created_at = Instant()


class EventRequest(RequestBody):
    """`POST /events`, and one item of a batch."""

    id = StrictString(max_length=255)
    meter = StrictString(max_length=64)
    customer = StrictString(max_length=200)
    timestamp = Instant(required=False)
    value = DecimalText(max_digits=38, decimal_places=12, min_value=None, required=False)
    properties = Properties(required=False)


class Items(serializers.Field[list[Any], Any, list[Any], Any]):
    """The events of a batch. Each is looked at alone, so that one that is wrong stops no other."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/EventRequest"},
    }  # fmt: skip

    default_error_messages = {"list_expected": "A list of at least one event is needed."}

    def to_internal_value(self, data: Any) -> list[Any]:
        """This function will accept a list that is not empty."""
        if not isinstance(data, list) or not data:
            self.fail("list_expected")
        return list(data)

    def to_representation(self, value: Any) -> list[Any]:
        """This function will write the list."""
        return list(value)


class BatchRequest(RequestBody):
    """`POST /events/batch`."""

    events = Items()


class EventBody(ResponseBody):
    """What became of one event: `accepted`, or `duplicate` when its id was known already."""

    id = StrictString()
    status = Choice(("accepted", "duplicate"))


class ResultBody(ResponseBody):
    """What became of one event of a batch; `code` and `message` say why it was rejected."""

    index = StrictInt()
    id = StrictString(allow_null=True)
    status = Choice(("accepted", "duplicate", "rejected"))
    code = StrictString(required=False)
    message = StrictString(required=False)


class BatchBody(ResponseBody):
    """What became of a batch."""

    accepted = StrictInt()
    duplicates = StrictInt()
    rejected = StrictInt()
    results = ResultBody(many=True)


class UseRequest(RequestBody):
    """`POST /usage/use`. A customer uses what is his own; a secret key says whose."""

    feature = StrictString(max_length=64)
    delta = StrictInt(min_value=1, max_value=MOST_USED_AT_ONCE, required=False, default=1)
    customer = StrictString(max_length=200, required=False)


class StandingBody(ResponseBody):
    """How a customer stands with a metered feature; `limit` and `remaining` are null where there is no limit."""

    feature = StrictString()
    current_usage = StrictInt()
    limit = StrictInt(allow_null=True)
    remaining = StrictInt(allow_null=True)
    overage = StrictInt()
    reset_at = Instant()


class AllowanceBody(StandingBody):
    """The same, with the feature's name and the period that is counted."""

    name = StrictString()
    limit_kind = Choice(("hard", "soft"))
    reset = StrictString()
    period_starts_at = Instant()


class AllowancesBody(ResponseBody):
    """`GET /usage/me`."""

    customer = PublicId("cus")
    features = AllowanceBody(many=True)


class LimitBody(ResponseBody):
    """The limit of a metered feature."""

    feature = StrictString()
    name = StrictString()
    limit = StrictInt(allow_null=True)
    limit_kind = Choice(("hard", "soft"))
    remaining = StrictInt(allow_null=True)
    reset = StrictString()
    reset_at = Instant()


class LimitsBody(ResponseBody):
    """`GET /usage/limits`."""

    customer = PublicId("cus")
    limits = LimitBody(many=True)


class MeterUsageBody(ResponseBody):
    """What a meter shows; null where nothing happened and nothing can be said."""

    meter = PublicId("mtr", source="meter.public_id")
    code = StrictString(source="meter.code")
    name = StrictString(source="meter.name")
    aggregation = StrictString(source="meter.aggregation")
    value = DecimalText(max_digits=38, decimal_places=12, allow_null=True)
    events = StrictInt()


class SummaryBody(ResponseBody):
    """`GET /usage/summary`."""

    customer = StrictString()
    starts_at = Instant()
    ends_at = Instant()
    meters = MeterUsageBody(many=True)


class EntitlementBody(ResponseBody):
    """What a customer may use, and because of what."""

    id = PublicId("ent")
    customer = PublicId("cus", source="customer_id")
    source = StrictString()  # type: ignore[assignment]
    code = StrictString()
    name = StrictString()
    kind = Choice(("boolean", "static", "metered"))
    value = StrictString()
    limit = StrictInt(allow_null=True)
    limit_kind = Choice(("hard", "soft"))
    reset = StrictString()
    period_starts_at = Instant()
    period_ends_at = Instant()
