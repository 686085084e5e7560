"""The body of a line of history: what it says, and what it changed."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.http.serializers import Choice, Instant, Minor, PublicId, ResponseBody, StrictInt, StrictString, Timezone
from subscriptions import mrr, snapshots, states
from subscriptions.api.serializers import SubscriptionBody
from subscriptions.models import SubscriptionAddOn, SubscriptionEvent


class PastAddOnBody(ResponseBody):
    """An add-on as it was held; `id` is what it is, or was, removed by."""

    id = PublicId("sao", source="item")
    addon = PublicId("add", source="addon_id")
    price = PublicId("prc", source="price_id")
    kind = Choice(SubscriptionAddOn.Kind.choices)
    quantity = StrictInt()


class ChangeBody(ResponseBody):
    """One member of the subscription, as it is called there, before and after; `coupons` are those without an end.

    `mrr_minor` is what the subscription is worth in a month.
    """

    field = StrictString()
    before = serializers.JSONField()
    after = serializers.JSONField()


class SubscriptionEventBody(ResponseBody):
    """One line of history; `number` is the version of the subscription that it made.

    `changes` is empty for the first line, and where an old line does not know what the subscription was.
    """

    id = serializers.CharField(source="public_id")
    number = StrictInt()
    type = StrictString()
    old_status = Choice(states.TRANSITIONS)
    new_status = Choice(states.STATES)
    plan = PublicId("pln", source="plan_id")
    actor = StrictString()
    reason = StrictString()
    comment = StrictString()
    effective_at = Instant()
    at = Instant()
    mrr_minor = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    @extend_schema_field(Minor(allow_null=True))
    def get_mrr_minor(self, row: SubscriptionEvent) -> int | None:
        """This function will return what the subscription was worth in a month from then on."""
        return None if row.snapshot is None else mrr.shown(snapshots.told(row.number, row.at, row.snapshot).mrr)

    @extend_schema_field(ChangeBody(many=True))
    def get_changes(self, row: Any) -> list[Any]:
        """This function will return what differs from the line before, which the view has fetched."""
        if row.snapshot is None or row.previous is None:
            return []
        before, after = (snapshots.told(row.number, row.at, one) for one in (row.previous, row.snapshot))
        return list(ChangeBody.of(_shown(snapshots.changed(before, after))))


# The columns as a subscription shows them, by the name of the column.
_SHOWN: dict[str, tuple[str, Any]] = {
    **{str(field.source): (name, field) for name, field in SubscriptionBody().fields.items()},
    "next_timezone": ("next_timezone", Timezone()),
}


def _shown(changed: dict[str, tuple[Any, Any]]) -> list[dict[str, Any]]:
    rows = [_change(name, *values) for name, values in changed.items()]
    return [row for row in rows if row is not None]


def _change(name: str, before: Any, after: Any) -> dict[str, Any] | None:
    """A change as clients know it; None for what only the house counts with."""
    if name == "mrr":
        return {"field": "mrr_minor", "before": mrr.shown(before), "after": mrr.shown(after)}
    if name == "addons":
        return {"field": name, "before": PastAddOnBody.of(list(before)), "after": PastAddOnBody.of(list(after))}
    if name == "coupons":
        write = PublicId("cpn").to_representation
        return {"field": name, "before": [write(one) for one in before], "after": [write(one) for one in after]}
    if name not in _SHOWN:
        return None
    title, field = _SHOWN[name]
    values = [None if value in (None, "") else field.to_representation(value) for value in (before, after)]
    return {"field": title, "before": values[0], "after": values[1]}
