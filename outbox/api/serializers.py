"""The shapes of facts on the wire."""

from rest_framework import serializers

from core.http.serializers import Instant, RequestBody, ResponseBody, StrictBool, StrictInt, StrictString


class FactBody(ResponseBody):
    """One fact of the feed. `sequence` is dense: the next one is always one higher."""

    id = StrictString()
    sequence = StrictInt()
    type = StrictString()
    version = StrictInt()
    subject = StrictString()
    aggregate_version = StrictInt()
    actor = StrictString()
    at = Instant()
    request_id = StrictString()
    data = serializers.DictField()  # type: ignore[assignment]


class FeedBody(ResponseBody):
    """A stretch of the feed; pass `last_sequence` as `after` to read on."""

    data = FactBody(many=True)  # type: ignore[assignment]
    last_sequence = StrictInt()


class StatsBody(ResponseBody):
    """How the relay is doing, over all environments."""

    pending_events = StrictInt()
    oldest_age_s = serializers.FloatField()
    dead = StrictInt()
    parked = StrictInt()
    dispatcher_running = StrictBool()
    heartbeat_age_s = serializers.FloatField(allow_null=True)
    transaction_age_s = serializers.FloatField()


class TestRequest(RequestBody):
    """A note that travels with the fact."""

    note = StrictString(max_length=200, required=False, default="")


class TestBody(ResponseBody):
    """The fact was published; it is in the feed once the relay has seen it."""

    type = StrictString()
    subject = StrictString()
