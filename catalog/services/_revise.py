"""Changing a plan: its details in place, its terms in a new version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from catalog.models import Plan, PlanVersion
from catalog.services._new_price import NewPrice
from catalog.services._publish import publish_version
from catalog.services._terms import NewFeature, copy_terms, locked_plan, write_terms
from catalog.signals import PlanRevised, PlanUpdated
from core import errors, events
from core.actor import Actor


class NothingToPublish(errors.Conflict):
    code = "nothing_to_publish"
    title = "The plan has no draft version."


@transaction.atomic
def update_plan(
    *,
    plan_id: UUID,
    details: dict[str, Any],
    prices: Sequence[NewPrice] | None = None,
    features: Sequence[NewFeature] | None = None,
    publish: bool | None = None,
    actor: Actor,
    now: datetime,
) -> Plan:
    """This function will change a plan's details and, if asked, its terms.

    Details are `name`, `description`, `trial_days` and `proration_basis`. Prices or features given make a new version,
    published unless `publish` is false; `publish` alone publishes a draft.

    :raises NothingToPublish: if `publish` is true and there is neither a draft nor anything new.
    :raises core.errors.NotFound, catalog.models.PlanArchived: see `revise_plan`.
    :raises catalog.pricing.InvalidPrice, MixedCycles, PlanHasNoPrices: if the prices cannot be sold.
    """
    plan = locked_plan(plan_id)
    plan.refuse_if_archived()
    _change_details(plan, details, actor=actor, now=now)
    if prices is not None or features is not None:
        version = revise_plan(plan_id=plan_id, prices=prices, features=features, actor=actor, now=now)
        if publish is not False:
            publish_version(version_id=version.id, actor=actor, now=now)
    elif publish:
        publish_version(version_id=_waiting_draft(plan).id, actor=actor, now=now)
    return plan


@transaction.atomic
def revise_plan(
    *,
    plan_id: UUID,
    prices: Sequence[NewPrice] | None = None,
    features: Sequence[NewFeature] | None = None,
    actor: Actor,
    now: datetime,
) -> PlanVersion:
    """This function will give the plan's draft these terms, beginning one from the newest version if there is none.

    None keeps the prices or features as they are.

    :raises core.errors.NotFound: if there is no such plan.
    :raises catalog.models.PlanArchived: if it is off the offer.
    """
    plan = locked_plan(plan_id)
    plan.refuse_if_archived()
    version = draft_of(plan, now=now)
    write_terms(version, prices=prices, features=features, now=now)
    announce_revision(plan, version, actor=actor, now=now)
    return version


def draft_of(plan: Plan, *, now: datetime) -> PlanVersion:
    """This function will return the draft of a locked plan, beginning one from the newest version if there is none."""
    return plan.versions.filter(published_at=None).first() or _new_draft(plan, now=now)


def announce_revision(plan: Plan, version: PlanVersion, *, actor: Actor, now: datetime) -> None:
    """This function will publish that a plan's draft has other terms."""
    events.publish(
        PlanRevised(
            subject=plan.public_id, actor=actor.label, at=now, code=plan.code, plan_version=version.public_id,
            number=version.number,
        )
    )  # fmt: skip


def _change_details(plan: Plan, details: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    changed = sorted(name for name, value in details.items() if getattr(plan, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(plan, name, details[name])
    plan.save(update_fields=changed)
    events.publish(
        PlanUpdated(subject=plan.public_id, actor=actor.label, at=now, code=plan.code, changed=tuple(changed))
    )


def _new_draft(plan: Plan, *, now: datetime) -> PlanVersion:
    newest = plan.versions.order_by("-number")[0]
    draft = PlanVersion.objects.create(plan=plan, number=newest.number + 1, created_at=now)
    copy_terms(newest, draft, now=now)
    return draft


def _waiting_draft(plan: Plan) -> PlanVersion:
    draft = plan.versions.filter(published_at=None).first()
    if draft is None:
        raise NothingToPublish
    return draft
