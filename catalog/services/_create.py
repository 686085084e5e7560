"""A new plan, with its first version."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from catalog.models import Plan, PlanVersion
from catalog.services._new_price import NewPrice
from catalog.services._publish import publish_version
from catalog.services._terms import NewFeature, write_terms
from catalog.signals import PlanCreated
from core import errors, events, problems
from core.actor import Actor


class PlanCodeTaken(errors.Conflict):
    code = "plan_code_taken"
    title = "Another plan has this code."


problems.constraint("catalog_plan_code_once", PlanCodeTaken)


@transaction.atomic
def create_plan(
    *,
    code: str,
    name: str,
    description: str = "",
    family: str | None = "default",
    trial_days: int = 0,
    proration_basis: str = Plan.ProrationBasis.SECOND,
    prices: Sequence[NewPrice],
    features: Sequence[NewFeature] = (),
    publish: bool = True,
    actor: Actor,
    now: datetime,
) -> Plan:
    """This function will create a plan and its version 1, published unless `publish` is false.

    `family` None lets a customer hold any number of subscriptions; `trial_days` is 0 for no trial; `proration_basis`
    says whether shares of a period are measured in seconds or in days.

    :raises PlanCodeTaken: if the code is in use.
    :raises catalog.pricing.InvalidPrice, MixedCycles, PlanHasNoPrices: if the prices cannot be sold.
    """
    if Plan.objects.filter(code=code).exists():
        raise PlanCodeTaken(plan_code=code)
    plan = Plan.objects.create(
        code=code, name=name, description=description, family=family, trial_days=trial_days,
        proration_basis=proration_basis, created_at=now,
    )  # fmt: skip
    version = PlanVersion.objects.create(plan=plan, number=1, created_at=now)
    write_terms(version, prices=prices, features=features, now=now)
    events.publish(PlanCreated(subject=plan.public_id, actor=actor.label, at=now, code=code, name=name))
    if publish:
        publish_version(version_id=version.id, actor=actor, now=now)
    return plan
