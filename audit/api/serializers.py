"""The shape of an audit entry on the wire."""

from typing import Any

from rest_framework import serializers

from audit import chain
from audit.models import Entry
from core.http.serializers import Instant, RequestBody, ResponseBody, StrictBool, StrictInt, StrictString


class EntryBody(ResponseBody):
    """One entry as it was signed; `sequence` is its place in the chain, null until it is sealed a moment later."""

    id = StrictString(source="public_id")
    at = Instant()
    actor = StrictString()
    action = StrictString()
    target = StrictString()
    outcome = StrictString()
    client_ip = StrictString()
    request_id = StrictString()
    event = StrictString(source="fact_id")
    sequence = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()

    def get_sequence(self, entry: Entry) -> int | None:
        """This function will return the entry's place in its chain."""
        seal = getattr(entry, "seal", None)
        return seal.sequence if seal else None

    def get_metadata(self, entry: Entry) -> dict[str, Any]:
        """This function will return the redacted details from the signed text."""
        details: dict[str, Any] = chain.parse(entry.text)["meta"]
        return details


class PurgeRequest(RequestBody):
    """What to forget, how old it must be, and why. Without targets, all of them; `dry_run` only counts."""

    targets = serializers.ListField(child=StrictString(max_length=60), max_length=50, required=False, default=list)
    older_than_days = StrictInt(min_value=0, max_value=3650, required=False, allow_null=True, default=None)
    dry_run = StrictBool(required=False, default=False)
    reason = StrictString(max_length=500)


class PurgedBody(ResponseBody):
    """What became of one target. `is_complete` is false when there is more to purge, and for what was only counted."""

    target = StrictString()
    rows = StrictInt()
    is_complete = StrictBool()
    error = StrictString()


class PurgeBody(ResponseBody):
    """The outcome (`success`, or `partial` when a target failed), and each target's rows."""

    outcome = StrictString()
    dry_run = StrictBool()
    targets = PurgedBody(many=True)


class PurgerBody(ResponseBody):
    """Something that can be purged: after how many days it goes, by itself or when asked."""

    name = StrictString()
    title = StrictString()
    days = StrictInt()
    is_daily = StrictBool()


class PurgersBody(ResponseBody):
    """All that can be purged."""

    data = PurgerBody(many=True)  # type: ignore[assignment]
