"""Finding the dunning of an invoice, and writing down what was tried and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from billing.dunning import EndAction
from billing.internal import _finalize
from billing.internal._invoices import locked
from billing.models import DunningCase, DunningStep, Invoice
from core import ids
from core.actor import Actor
from core.errors import NotFound
from jobs import services as jobs
from payments import selectors as money_in
from payments.selectors import PaymentView

_OUTCOMES: Final = {"failed": DunningStep.Outcome.FAILED, "canceled": DunningStep.Outcome.CANCELED}


def case_of(invoice_id: UUID) -> DunningCase | None:
    """This function will return the dunning of a locked invoice, if there is one."""
    return DunningCase.objects.filter(invoice_id=invoice_id).first()


def locked_case(case_id: UUID) -> tuple[DunningCase, Invoice]:
    """This function will lock customer and invoice, whose lock is that of its dunning, and return both.

    :raises core.errors.NotFound: if the environment has no such case.
    """
    invoice_id = DunningCase.objects.filter(pk=case_id).values_list("invoice_id", flat=True).first()
    if invoice_id is None:
        raise NotFound
    invoice = locked(invoice_id)
    return DunningCase.objects.get(pk=case_id), invoice


def was_canceled(reference: str) -> bool:
    """This function will tell whether the dunning of an invoice that is still owed has canceled what it billed."""
    given_up = DunningCase.objects.about(reference).given_up().filter(end_action=EndAction.CANCEL)
    return bool(reference) and given_up.exists()


def said(case: DunningCase, invoice: Invoice, actor: Actor, now: datetime) -> dict[str, Any]:
    """This function will return what every fact about a case carries."""
    return {
        "subject": invoice.public_id, "actor": actor.label, "at": now, "customer": _finalize.customer_of(invoice),
        "reference": invoice.reference, "dunning": case.public_id,
    }  # fmt: skip


def add_step(case: DunningCase, kind: str, *, actor: Actor, now: datetime, **more: Any) -> DunningStep:
    """This function will write the next line of a case's history."""
    step = DunningStep(
        case=case, number=case.steps.count() + 1, kind=kind, actor=actor.label, at=now, **more
    )  # fmt: skip
    step.save(force_insert=True)
    return step


def note_answers(case: DunningCase, *, actor: Actor, now: datetime) -> list[DunningStep]:
    """This function will write down what came of the invoice's payments, and return the steps that are news.

    A payment that failed and was not asked for by the dunning is a step, too: the first is what it began with.
    """
    steps = {step.payment_id: step for step in case.steps.filter(payment__isnull=False)}
    news = []
    for payment in money_in.list_payments(ids.encode("inv", case.invoice_id)):
        step = steps.get(payment.id)
        if payment.is_unsettled or (step and step.outcome != DunningStep.Outcome.REQUESTED):
            continue
        if step is None and payment.status != "failed":
            continue
        step = step or _unasked(case, payment, is_first=not steps, actor=actor)
        steps[payment.id] = step
        _answer(step, payment, now=now)
        news.append(step)
    return news


def await_answers(case: DunningCase, *, actor: Actor) -> bool:
    """This function will tell whether a payment of the invoice is under way, and see to it that its answer counts."""
    payments = money_in.list_payments(ids.encode("inv", case.invoice_id))
    waiting = [one for one in payments if one.is_unsettled]
    for payment in waiting:
        if not case.steps.filter(payment_id=payment.id).exists():
            _unasked(case, payment, is_first=False, actor=actor)
    return bool(waiting)


def _unasked(case: DunningCase, payment: PaymentView, *, is_first: bool, actor: Actor) -> DunningStep:
    kind = DunningStep.Kind.DECLINED if is_first else DunningStep.Kind.BY_HAND
    return add_step(
        case, kind, actor=actor, now=payment.created_at, payment_id=payment.id, outcome=DunningStep.Outcome.REQUESTED
    )


def _answer(step: DunningStep, payment: PaymentView, *, now: datetime) -> None:
    outcome = _OUTCOMES.get(payment.status, DunningStep.Outcome.SUCCEEDED)
    step.answer(outcome, code=payment.failure_code, is_hard=payment.is_hard, at=payment.settled_at or now)
    step.save(update_fields=["outcome", "code", "is_hard", "answered_at"])


def notify(case: DunningCase, steps: Sequence[DunningStep]) -> None:
    """This function will have the customer told of steps, where the policy says so."""
    for step in steps if case.notifies else ():
        jobs.enqueue("billing.send_dunning_notice", payload={"step_id": str(step.id)}, key=str(step.id))
