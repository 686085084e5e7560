"""The shapes of jobs on the wire."""

from core.http.serializers import Instant, RequestBody, ResponseBody, StrictInt, StrictString


class JobBody(ResponseBody):
    """One piece of work; `last_error` is redacted before it is stored."""

    id = StrictString(source="public_id")
    kind = StrictString()
    queue = StrictString()
    state = StrictString()
    attempts = StrictInt()
    max_attempts = StrictInt()
    run_at = Instant()
    last_error = StrictString()
    discard_reason = StrictString()
    correlation_id = StrictString()
    created_at = Instant()
    started_at = Instant(allow_null=True)
    finished_at = Instant(allow_null=True)


class ReasonRequest(RequestBody):
    """Why an operator does this; it goes into the audit log."""

    reason = StrictString(max_length=500)
