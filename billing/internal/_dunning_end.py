"""Giving up on what could not be collected: one invoice, and with it what else is unpaid of an agreement it ended."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.internal import _dunning_rows as rows
from billing.internal import _uncollectible
from billing.models import DunningCase, DunningStep, Invoice
from billing.signals import InvoiceDunningExhausted
from core import events
from core.actor import Actor
from payments import internal as payments


@transaction.atomic
def exhaust_dunning(case_id: UUID, *, actor: Actor, now: datetime) -> DunningCase | None:
    """This function will give up on what could not be collected; None if it is not time.

    A payment that somebody has asked for in the meantime is waited for.
    """
    case, invoice = rows.locked_case(case_id)
    if not case.is_open or case.ends_at is None or case.ends_at > now:
        return None
    if rows.await_answers(case, actor=actor):
        case.ends_at = None
        case.save()
        return None
    _give_up(case, invoice, actor=actor, now=now)
    return case


@transaction.atomic
def give_up_dunning_of(reference: str, *, actor: Actor, now: datetime) -> int:
    """This function will give up on all that is still tried for an agreement that dunning has ended, and count it.

    A payment that has not reached the gateway is called off; one that has may still bring the money.
    """
    found = list(DunningCase.objects.about(reference).open().order_by("id").values_list("id", flat=True))
    for case_id in found:
        case, invoice = rows.locked_case(case_id)
        payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
        rows.note_answers(case, actor=actor, now=now)
        _give_up(case, invoice, actor=actor, now=now)
    return len(found)


def _give_up(case: DunningCase, invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    case.close(DunningCase.State.EXHAUSTED, minor=invoice.due_minor, at=now)
    case.save()
    rows.notify(case, [rows.add_step(case, DunningStep.Kind.EXHAUSTED, actor=actor, now=now)])
    events.publish(
        InvoiceDunningExhausted(
            **rows.said(case, invoice, actor, now), amount_minor=invoice.due_minor, currency=case.currency,
            code=case.last_code, end_action=case.end_action,
        )
    )  # fmt: skip
    if case.writes_off:
        _uncollectible.write_off(invoice.id, reason="dunning_exhausted", actor=actor, now=now)
