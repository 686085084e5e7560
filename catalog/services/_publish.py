"""Freezing a draft and putting it on offer."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.models import PlanVersion
from catalog.offers import check_publishable
from catalog.services._terms import locked_plan
from catalog.signals import PlanVersionPublished
from core import errors, events
from core.actor import Actor


@transaction.atomic
def publish_version(*, version_id: UUID, actor: Actor, now: datetime) -> PlanVersion:
    """This function will freeze a draft with its prices and features; new subscriptions get it from now on.

    :raises core.errors.NotFound: if there is no such version.
    :raises catalog.models.VersionPublished: if it is published already.
    :raises catalog.models.PlanArchived: if the plan is off the offer.
    :raises catalog.offers.MixedCycles, catalog.offers.PlanHasNoPrices: if the prices cannot be sold.
    """
    plan = locked_plan(_plan_id_of(version_id))
    plan.refuse_if_archived()
    version = PlanVersion.objects.select_for_update().get(pk=version_id)
    version.publish(at=now)
    check_publishable(version.prices.all())
    version.save(update_fields=["published_at"])
    events.publish(
        PlanVersionPublished(
            subject=plan.public_id, actor=actor.label, at=now, code=plan.code, plan_version=version.public_id,
            number=version.number,
        )
    )  # fmt: skip
    return version


def _plan_id_of(version_id: UUID) -> UUID:
    plan_id: UUID | None = PlanVersion.objects.filter(pk=version_id).values_list("plan_id", flat=True).first()
    if plan_id is None:
        raise errors.NotFound
    return plan_id
