"""The shapes of endpoints and deliveries on the wire."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.http.serializers import (
    Email,
    Instant,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)
from core.urlguard import MAX_URL
from webhooks.models import EVENT_FILTER

MOST_FILTERS = 50


class EventFilters(serializers.ListField):
    """Types such as `invoice.paid`, prefixes such as `invoice.*`, or `*`."""

    def __init__(self, **options: Any) -> None:
        child = StrictString(max_length=80, pattern=EVENT_FILTER)
        super().__init__(child=child, min_length=1, max_length=MOST_FILTERS, **options)


class CreateEndpoint(RequestBody):
    """Where to send, and what."""

    url = StrictString(max_length=MAX_URL)
    events = EventFilters(source="event_filters", required=False)
    description = StrictString(max_length=500, required=False, allow_blank=True)
    contact_email = Email(required=False)


class UpdateEndpoint(RequestBody):
    """What is given is changed."""

    url = StrictString(max_length=MAX_URL, required=False)
    events = EventFilters(source="event_filters", required=False)
    description = StrictString(max_length=500, required=False, allow_blank=True)
    contact_email = Email(required=False)
    enabled = StrictBool(source="is_enabled", required=False)


class ResendRequest(RequestBody):
    """One event, or all that were recorded from `since` and before `until`, in real time."""

    event = PublicId("evt", required=False)
    since = Instant(required=False)
    until = Instant(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """This function will accept an event, or a range that does not end before it starts."""
        if set(attrs) not in ({"event"}, {"since", "until"}):
            raise ValidationError("Either event or both since and until are needed.", code="event_or_range")
        if "since" in attrs and attrs["since"] >= attrs["until"]:
            raise ValidationError({"until": ValidationError("until must be after since.", code="empty_range").detail})
        return attrs


class EndpointBody(ResponseBody):
    """A receiver of events. `failing_since` is real time and null while it accepts what it is sent."""

    id = StrictString(source="public_id")
    url = StrictString()
    description = StrictString()
    events = serializers.ListField(child=StrictString())
    contact_email = StrictString()
    state = StrictString()
    reason = StrictString()
    failures = StrictInt()
    failing_since = Instant(allow_null=True)
    previous_secret_until = Instant(allow_null=True)
    created_at = Instant()
    disabled_at = Instant(allow_null=True)


class IssuedEndpointBody(EndpointBody):
    """`secret` is shown this once."""

    secret = StrictString()


class AttemptBody(ResponseBody):
    """One request; `status` is null when there was no answer, `error` empty when it was accepted."""

    id = StrictString(source="public_id")
    number = StrictInt()
    at = Instant()
    status = StrictInt(allow_null=True)
    duration_ms = StrictInt()
    response = StrictString()
    error = StrictString()


class DeliveryBody(ResponseBody):
    """One event for one endpoint; `body` is the text that is sent."""

    id = StrictString(source="public_id")
    endpoint = PublicId("whe", source="endpoint_id")
    event = StrictString(source="event_id")
    type = StrictString(source="event_type")
    resend = StrictInt()
    state = StrictString()
    body = StrictString()
    attempts_made = StrictInt()
    next_attempt_at = Instant(allow_null=True)
    created_at = Instant()
    finished_at = Instant(allow_null=True)
    attempts = AttemptBody(many=True, source="tries.all")


class ResentBody(ResponseBody):
    """How many events were queued."""

    resent = StrictInt()


class TestedBody(ResponseBody):
    """The test is on its way; its delivery shows what comes of it."""

    type = StrictString()
    subject = StrictString()
