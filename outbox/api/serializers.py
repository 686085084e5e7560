"""The shapes of facts on the wire."""

from rest_framework import serializers

from core.http.serializers import Instant, PublicId, RequestBody, ResponseBody, StrictBool, StrictInt, StrictString


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


class ReplayRequest(RequestBody):
    """Which facts go to whom once more; what is given must hold together. `again` means also what it has dealt with."""

    handler = StrictString(max_length=80)
    ids = serializers.ListField(child=PublicId("evt"), required=False, max_length=1000)
    from_sequence = StrictInt(min_value=1, required=False)
    to_sequence = StrictInt(min_value=1, required=False)
    since = Instant(required=False)
    until = Instant(required=False)
    types = serializers.ListField(child=StrictString(max_length=80), required=False, max_length=100)
    again = StrictBool(required=False, default=False)
    reason = StrictString(max_length=500)


class ReplayBody(ResponseBody):
    """The jobs are written; `facts` is how many go to the handler."""

    id = StrictString()
    handler = StrictString()
    facts = StrictInt()
    again = StrictBool()


class TestRequest(RequestBody):
    """A note that travels with the fact."""

    note = StrictString(max_length=200, required=False, default="")


class TestBody(ResponseBody):
    """The fact was published; it is in the feed once the relay has seen it."""

    type = StrictString()
    subject = StrictString()
