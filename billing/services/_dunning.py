"""What somebody may ask for about dunning: how it is done, and what is done about one invoice."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from billing import internal, selectors
from billing.dunning import Policy
from billing.internal import _dunning, _dunning_rows
from billing.models import DunningCase, DunningClosed, DunningPolicy, DunningStep, InvoiceNotOpen
from billing.services._invoices import refuse_if_under_way
from billing.signals import DunningPolicyChanged, DunningPolicyDropped, InvoiceDunningExtended
from core import errors, events, ids
from core.actor import Actor

LONGEST_EXTENSION_DAYS: Final = 365


class ExtensionInvalid(errors.Invalid):
    code = "dunning_extension_invalid"
    title = "The days to give are out of bounds."


@transaction.atomic
def change_dunning_policy(*, policy: Policy, actor: Actor, now: datetime, plan: str = "") -> DunningPolicy:
    """Decide how declines are followed up in the environment, or for the subscriptions of a plan (its public id).

    It counts for what is declined from now on. This function will return the policy and publish it, if it differs.

    :raises billing.dunning.DunningPolicyInvalid: naming the member that makes no sense.
    :raises core.errors.NotFound: if the environment has no such plan.
    """
    policy.check()
    if plan and not selectors.is_plan(plan):
        raise errors.NotFound
    fresh = DunningPolicy(plan=plan, updated_at=now)
    row = _locked_policy(fresh, policy)
    if row.pk != fresh.pk and row.policy == policy:
        return row
    row.take(policy)
    row.updated_at = now
    row.save()
    events.publish(
        DunningPolicyChanged(
            subject=row.public_id, actor=actor.label, at=now, plan=plan, days=policy.days,
            grace_days=policy.grace_days, end_action=policy.end_action.value, writes_off=policy.writes_off,
            notifies=policy.notifies,
        )
    )  # fmt: skip
    return row


@transaction.atomic
def drop_dunning_policy(*, plan: str, actor: Actor, now: datetime) -> None:
    """This function will let the environment's policy hold again for the subscriptions of a plan.

    :raises core.errors.NotFound: if the plan has no policy of its own.
    """
    row = DunningPolicy.objects.select_for_update().filter(plan=plan).first()
    if row is None:
        raise errors.NotFound
    dropped = DunningPolicyDropped(subject=row.public_id, actor=actor.label, at=now, plan=plan)
    row.delete()
    events.publish(dropped)


@transaction.atomic
def retry_dunning(*, dunning_id: UUID, reason: str, actor: Actor, now: datetime) -> DunningCase:
    """Try a declined invoice again now, with its customer's default method. The schedule stays as it is.

    This function will return the case; a worker collects, and what comes of it is a fact later on.

    :raises core.errors.NotFound: if the environment has no such case.
    :raises billing.models.DunningClosed: if it is over.
    :raises billing.services.PaymentUnderWay: while another payment is under way.
    """
    case, invoice = _dunning_rows.locked_case(dunning_id)
    if not case.takes_new_method:
        raise DunningClosed(state=case.state)
    refuse_if_under_way(invoice)
    _dunning.attempt(case, invoice, DunningStep.Kind.OPERATOR, actor=actor, now=now, reason=reason)
    return case


@transaction.atomic
def extend_dunning(*, dunning_id: UUID, days: int, reason: str, actor: Actor, now: datetime) -> DunningCase:
    """Give a customer more time: retries, the end of access and the end itself come so many days later.

    Access that had ended is given back until then. This function will return the case.

    :raises core.errors.NotFound: if the environment has no such case.
    :raises ExtensionInvalid: for less than a day or more than a year, also together with what was given before.
    :raises billing.models.DunningClosed: if it is over.
    """
    case, invoice = _dunning_rows.locked_case(dunning_id)
    if not 1 <= days <= LONGEST_EXTENSION_DAYS - case.shift_days:
        raise ExtensionInvalid(days=days, given_days=case.shift_days)
    case.extend(days=days, at=now)
    case.save()
    step = _dunning_rows.add_step(case, DunningStep.Kind.EXTENDED, actor=actor, now=now, note=reason)
    _dunning_rows.notify(case, [step])
    events.publish(
        InvoiceDunningExtended(
            subject=invoice.public_id, actor=actor.label, at=now, customer=ids.encode("cus", case.customer_id),
            reference=case.reference, dunning=case.public_id, days=days, reason=reason,
            next_attempt_at=case.next_attempt_at, grace_until=case.grace_until,
        )
    )  # fmt: skip
    return case


@transaction.atomic
def write_off_dunning(*, dunning_id: UUID, reason: str, actor: Actor, now: datetime) -> DunningCase:
    """Give up on a declined invoice: it is written off, and what it billed is dealt with as when all has failed.

    This function will return the case. Money that comes all the same is taken.

    :raises core.errors.NotFound: if the environment has no such case.
    :raises billing.models.DunningClosed: if the invoice is no longer open.
    """
    case, _ = _dunning_rows.locked_case(dunning_id)
    try:
        internal.write_off(case.invoice_id, reason=reason, actor=actor, now=now)
    except InvoiceNotOpen:
        raise DunningClosed(state=case.state) from None
    return DunningCase.objects.get(pk=dunning_id)


def _locked_policy(fresh: DunningPolicy, policy: Policy) -> DunningPolicy:
    """Two requests may be the first at the same time; whoever comes second finds the first one's row."""
    mine = DunningPolicy.objects.filter(plan=fresh.plan)
    row = mine.select_for_update().first()
    if row is None:
        fresh.take(policy)
        DunningPolicy.objects.bulk_create([fresh], ignore_conflicts=True)
        row = mine.select_for_update().get()
    return row
