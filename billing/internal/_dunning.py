"""Following up a declined invoice: it is tried again by its policy, and what cannot be collected is given up.

Every function here works under the invoice's lock, so that two of them at one instant come one after the other; a
payment that is under way is joined, never doubled.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.dunning import Course
from billing.internal import _collect
from billing.internal import _dunning_rows as rows
from billing.internal._invoices import locked
from billing.models import DunningCase, DunningStep, Invoice
from billing.selectors import get_dunning_policy
from billing.signals import (
    InvoiceDunningAttempted,
    InvoiceDunningGraceEnded,
    InvoiceDunningStarted,
)
from core import events, failpoints
from core.actor import Actor
from payments import selectors as money_in

Kind = DunningStep.Kind
# What the dunning itself has asked for: only its own attempts say that a method is gone for good.
OURS = (Kind.SCHEDULED, Kind.NEW_METHOD, Kind.OPERATOR)


@transaction.atomic
def begin_dunning(*, invoice_id: UUID, failed_at: datetime, actor: Actor, now: datetime, plan: str = "") -> None:
    """This function will begin to follow up an open invoice whose payment was declined, once.

    `plan` is the public id of what is billed, whose policy goes before the environment's.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    invoice = locked(invoice_id)
    if invoice.state != Invoice.State.OPEN or not invoice.due_minor or rows.case_of(invoice_id):
        return
    case = _new(invoice, plan, failed_at=failed_at, now=now)
    steps = rows.note_answers(case, actor=actor, now=now)
    case.decline(code=invoice.last_failure_code, is_hard=bool(steps) and steps[-1].is_hard)
    _decide_end(case, actor=actor, now=failed_at)
    case.save()
    _tell(case, steps[-1:], now=now)
    events.publish(
        InvoiceDunningStarted(
            **rows.said(case, invoice, actor, now), amount_minor=case.amount_minor, currency=case.currency,
            code=case.last_code, is_hard=case.is_hard, next_attempt_at=case.next_attempt_at,
            grace_until=case.grace_until,
        )
    )  # fmt: skip


def note_failure(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will note on a locked invoice's dunning that a payment failed, and what follows from it."""
    case = rows.case_of(invoice.id)
    if case is None:
        return
    news = rows.note_answers(case, actor=actor, now=now)
    for step in (one for one in news if one.outcome == DunningStep.Outcome.FAILED):
        case.decline(code=step.code, is_hard=step.is_hard and step.kind in OURS)
    if case.tries_again and case.takes_new_method:
        _try_waiting_method(case, invoice, news, actor=actor, now=now)
    _decide_end(case, actor=actor, now=now)
    case.save()
    _tell(case, [one for one in news if one.kind in OURS and one.outcome == DunningStep.Outcome.FAILED], now=now)


@transaction.atomic
def retry_due(case_id: UUID, *, actor: Actor, now: datetime) -> DunningCase | None:
    """This function will try an invoice again whose next retry is due; None if it is not, or not any more.

    A payment that is under way just now is that retry.
    """
    case, invoice = rows.locked_case(case_id)
    if not case.is_open or case.next_attempt_at is None or case.next_attempt_at > now:
        return None
    case.follow(case.course.attempted(at=now))
    attempt(case, invoice, Kind.SCHEDULED, actor=actor, now=now)
    case.save()
    if __debug__:
        failpoints.reach("billing.dunning_retried")
    return case


@transaction.atomic
def end_dunning_grace(case_id: UUID, *, actor: Actor, now: datetime) -> DunningCase | None:
    """This function will say that what was not paid for may no longer be used; None if it still may, or was said."""
    case, invoice = rows.locked_case(case_id)
    if not case.is_open or case.grace_ended_at is not None or case.grace_until > now:
        return None
    case.grace_ended_at = now
    case.save()
    step = rows.add_step(case, Kind.GRACE_ENDED, actor=actor, now=now)
    _tell(case, [step], now=now)
    events.publish(InvoiceDunningGraceEnded(**rows.said(case, invoice, actor, now)))
    return case


def attempt(case: DunningCase, invoice: Invoice, kind: str, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """This function will have a locked invoice collected by its customer's default method, and write the step.

    A payment that is under way is taken for the attempt; the caller saves the case.
    """
    payment = _collect.request(invoice, actor=actor, now=now)
    if case.steps.filter(payment_id=payment.id).exists():
        return
    rows.add_step(
        case, kind, actor=actor, now=now, payment_id=payment.id, outcome=DunningStep.Outcome.REQUESTED, note=reason
    )
    events.publish(
        InvoiceDunningAttempted(
            **rows.said(case, invoice, actor, now), payment=payment.public_id, kind=kind, reason=reason,
            attempts=case.attempts, next_attempt_at=case.next_attempt_at,
        )
    )  # fmt: skip


@transaction.atomic
def collect_again(*, customer_id: UUID, payment_method_id: UUID, actor: Actor, now: datetime) -> int:
    """This function will try a customer's new default method at once on what was declined before, and count that.

    It moves no schedule. A method that is not the one to be charged changes nothing, and neither does one for what was
    canceled because of such an invoice: that stays owed.
    """
    if money_in.find_default_method_id(customer_id) != payment_method_id:
        return 0
    waiting = list(Invoice.objects.of(customer_id).declined().order_by("id").values_list("id", flat=True))
    return sum(_collect_again(locked(invoice_id), actor=actor, now=now) for invoice_id in waiting)


def _collect_again(invoice: Invoice, *, actor: Actor, now: datetime) -> bool:
    if invoice.state != Invoice.State.OPEN or not invoice.due_minor:
        return False
    case = rows.case_of(invoice.id)
    if (case is None or not case.is_open) and rows.was_canceled(invoice.reference):
        return False
    if case is None:
        _collect.request(invoice, actor=actor, now=now)
        return True
    if not case.takes_new_method:
        return False
    if _is_under_way(invoice):
        case.tries_again = True
    else:
        attempt(case, invoice, Kind.NEW_METHOD, actor=actor, now=now)
    case.save()
    return True


def _try_waiting_method(
    case: DunningCase, invoice: Invoice, news: Sequence[DunningStep], *, actor: Actor, now: datetime
) -> None:
    """The method that came while a payment was under way is tried now, unless it was the one that was charged."""
    if _is_under_way(invoice):
        return
    case.tries_again = False
    charged = {one.id: one.payment_method_id for one in money_in.list_payments(invoice.public_id)}
    default = money_in.find_default_method_id(invoice.customer_id)
    if default not in {charged.get(step.payment_id) for step in news if step.payment_id}:
        attempt(case, invoice, Kind.NEW_METHOD, actor=actor, now=now)


def _decide_end(case: DunningCase, *, actor: Actor, now: datetime) -> None:
    """As long as a payment is under way there is no end; its answer decides."""
    if not case.is_open:
        return
    if rows.await_answers(case, actor=actor):
        case.ends_at = None
    elif case.ends_at is None:
        case.ends_at = case.course.ends_at(now=now)


def _tell(case: DunningCase, steps: Sequence[DunningStep], *, now: datetime) -> None:
    """Where all ends at this moment, the customer is told of the end only."""
    if case.ends_at is None or case.ends_at > now:
        rows.notify(case, steps)


def _is_under_way(invoice: Invoice) -> bool:
    return any(one.is_unsettled for one in money_in.list_payments(invoice.public_id))


def _new(invoice: Invoice, plan: str, *, failed_at: datetime, now: datetime) -> DunningCase:
    policy = get_dunning_policy(plan).policy
    case = DunningCase(
        invoice=invoice, customer_id=invoice.customer_id, reference=invoice.reference, plan=plan,
        currency=invoice.currency, amount_minor=invoice.due_minor, first_failure_at=failed_at, created_at=now,
    )  # fmt: skip
    case.take(policy)
    case.follow(Course(days=policy.days, grace_days=policy.grace_days, first_failure_at=failed_at))
    case.save(force_insert=True)
    return case
