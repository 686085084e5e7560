"""An operator has an attempt looked at again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import errors, events
from core.actor import Actor
from payments.models import PaymentAttempt
from payments.signals import PaymentRecheckRequested


class AttemptFinished(errors.Conflict):
    code = "attempt_finished"
    title = "The attempt has its final answer."


@transaction.atomic
def recheck_attempt(*, attempt_id: UUID, actor: Actor, now: datetime) -> PaymentAttempt:
    """This function will make the next look at an open attempt due at once.

    :raises core.errors.NotFound: if the environment has no such attempt.
    :raises AttemptFinished: if there is nothing left to find out.
    """
    attempts = PaymentAttempt.objects.select_for_update(of=("self",)).select_related("payment")
    attempt = attempts.filter(pk=attempt_id).first()
    if attempt is None:
        raise errors.NotFound
    if not attempt.is_open:
        raise AttemptFinished
    attempt.next_reconcile_at = now
    attempt.save(update_fields=["next_reconcile_at"])
    events.publish(
        PaymentRecheckRequested(subject=attempt.payment.public_id, actor=actor.label, at=now, attempt=attempt.public_id)
    )
    return attempt
