"""The bodies of dunning."""

from rest_framework import serializers

from billing.dunning import LONGEST_GAP_DAYS, LONGEST_GRACE_DAYS, MOST_RETRIES, EndAction
from billing.models import DunningCase, DunningStep
from billing.services import LONGEST_EXTENSION_DAYS
from core.http.serializers import (
    Choice,
    Currency,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)

ACTIONS = [(one.value, one.value) for one in EndAction]
LONGEST_REASON = 500


class ChangeDunningPolicy(RequestBody):
    """`days` are the gaps between the retries, the first after the first failure; none at all tries nothing again."""

    days = serializers.ListField(
        child=StrictInt(min_value=1, max_value=LONGEST_GAP_DAYS), max_length=MOST_RETRIES, required=False
    )
    grace_days = StrictInt(min_value=0, max_value=LONGEST_GRACE_DAYS, required=False)
    end_action = Choice(ACTIONS, required=False)
    writes_off = StrictBool(required=False)
    notifies = StrictBool(required=False)


class DunningPolicyBody(ResponseBody):
    """How declines are followed up: `is_own` tells whether the plan, or the environment, has decided so itself."""

    plan = StrictString(allow_null=True)
    is_own = StrictBool()
    days = serializers.ListField(child=StrictInt())
    grace_days = StrictInt()
    end_action = Choice(ACTIONS)
    writes_off = StrictBool()
    notifies = StrictBool()


class RetryDunning(RequestBody):
    """Why it is tried again now."""

    reason = StrictString(max_length=LONGEST_REASON)


class ExtendDunning(RetryDunning):
    """How many days more, and why."""

    days = StrictInt(min_value=1, max_value=LONGEST_EXTENSION_DAYS)


class WriteOffDunning(RequestBody):
    """Why nobody expects the money any more."""

    reason = StrictString(max_length=LONGEST_REASON)


class DunningStepBody(ResponseBody):
    """What was tried or done: an attempt with its `payment` and `outcome`, or something else with neither."""

    kind = Choice(DunningStep.Kind.choices)
    payment = PublicId("pay", source="payment_id", allow_null=True)
    outcome = StrictString()
    code = StrictString()
    is_hard = StrictBool()
    note = StrictString()
    actor = StrictString()
    at = Instant()
    answered_at = Instant(allow_null=True)


class DunningCaseBody(ResponseBody):
    """The dunning of one invoice: what is due, what was tried, and what comes next."""

    id = PublicId("dun")
    invoice = PublicId("inv", source="invoice_id")
    customer = PublicId("cus", source="customer_id")
    reference = StrictString()
    plan = StrictString()
    state = Choice(DunningCase.State.choices)
    currency = Currency()
    amount_minor = Minor()
    due_minor = Minor(source="invoice.due_minor")
    closed_minor = Minor(allow_null=True)
    days = serializers.ListField(child=StrictInt())
    grace_days = StrictInt()
    end_action = Choice(ACTIONS)
    writes_off = StrictBool()
    attempts = StrictInt()
    shift_days = StrictInt()
    is_hard = StrictBool()
    last_code = StrictString()
    first_failure_at = Instant()
    next_attempt_at = Instant(allow_null=True)
    grace_until = Instant()
    grace_ended_at = Instant(allow_null=True)
    ends_at = Instant(allow_null=True)
    closed_at = Instant(allow_null=True)
    steps = DunningStepBody(many=True)
