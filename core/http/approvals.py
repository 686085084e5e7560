"""How a deed that waits for somebody else's approval is answered, whichever app it is of."""

from typing import Any

from rest_framework import serializers

from core.http.serializers import Currency, Instant, Minor, ResponseBody, StrictString


class ApprovalBody(ResponseBody):
    """What somebody asked for above his limit; `result` is what it made once it was approved."""

    id = serializers.CharField(source="public_id")
    state = StrictString()
    verb = StrictString()
    target = StrictString()
    amount_minor = Minor()
    currency = Currency()
    reason = StrictString()
    asked_by = StrictString()
    asked_at = Instant()
    expires_at = Instant()
    decided_by = StrictString()
    decided_at = Instant(allow_null=True)
    decision = StrictString()
    result = StrictString()


def approval_body(approval: Any) -> Any:
    """This function will return a pending approval as its asker is told of it."""
    return ApprovalBody.of(approval)
