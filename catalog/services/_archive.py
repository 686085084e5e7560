"""Taking a plan off the offer."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.models import Plan
from catalog.services._terms import locked_plan
from catalog.signals import PlanArchived
from core import events
from core.actor import Actor


@transaction.atomic
def archive_plan(*, plan_id: UUID, actor: Actor, now: datetime) -> Plan:
    """This function will take a plan off the offer; existing subscriptions go on and renew.

    :raises core.errors.NotFound: if there is no such plan.
    :raises catalog.models.PlanArchived: if it is archived already.
    """
    plan = locked_plan(plan_id)
    plan.archive(at=now)
    plan.save(update_fields=["archived_at"])
    events.publish(PlanArchived(subject=plan.public_id, actor=actor.label, at=now, code=plan.code))
    return plan
