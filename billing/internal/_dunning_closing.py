"""How the dunning of an invoice ends with the invoice: in the transaction that pays it, voids it or gives it up."""

from datetime import datetime

from billing.internal import _dunning_rows as rows
from billing.internal import _finalize
from billing.models import DunningCase, Invoice
from billing.signals import InvoiceDunningRecovered, InvoiceDunningWrittenOff
from core import events
from core.actor import Actor
from payments import internal as payments

State = DunningCase.State


def note_money(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will note on a locked invoice's dunning what came of its payments, and end it if that paid it."""
    case = rows.case_of(invoice.id)
    if case is None:
        return
    if invoice.state == Invoice.State.PAID:
        # What was asked for and has not begun would only bring too much.
        payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
    rows.note_answers(case, actor=actor, now=now)
    if invoice.state == Invoice.State.PAID:
        _recover(case, invoice, actor=actor, now=now)


def stop(invoice: Invoice, *, reason: str = "", actor: Actor, now: datetime) -> None:
    """This function will end the dunning of a locked invoice that nobody owes any more."""
    case = rows.case_of(invoice.id)
    if case is None or State.STOPPED not in case.TRANSITIONS[case.state]:
        return
    rows.note_answers(case, actor=actor, now=now)
    _close(case, State.STOPPED, 0, actor=actor, now=now, note=reason)


def write_off(invoice: Invoice, *, reason: str, actor: Actor, now: datetime) -> None:
    """This function will end the dunning of a locked invoice that was written off, and say so if it was under way."""
    case = rows.case_of(invoice.id)
    if case is None or State.WRITTEN_OFF not in case.TRANSITIONS[case.state]:
        return
    was_open = case.is_open
    rows.note_answers(case, actor=actor, now=now)
    _close(case, State.WRITTEN_OFF, invoice.due_minor, actor=actor, now=now, note=reason)
    if was_open:
        events.publish(
            InvoiceDunningWrittenOff(
                subject=invoice.public_id, actor=actor.label, at=now, customer=_finalize.customer_of(invoice),
                reference=invoice.reference, dunning=case.public_id, amount_minor=invoice.due_minor,
                currency=case.currency, end_action=case.end_action,
            )
        )  # fmt: skip


def _recover(case: DunningCase, invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    if State.RECOVERED not in case.TRANSITIONS[case.state]:
        return
    _close(case, State.RECOVERED, case.amount_minor, actor=actor, now=now)
    events.publish(
        InvoiceDunningRecovered(
            subject=invoice.public_id, actor=actor.label, at=now, customer=_finalize.customer_of(invoice),
            reference=invoice.reference, dunning=case.public_id, amount_minor=case.amount_minor,
            currency=case.currency, attempts=case.attempts,
        )
    )  # fmt: skip


def _close(case: DunningCase, state: State, minor: int, *, actor: Actor, now: datetime, note: str = "") -> None:
    case.close(state, minor=minor, at=now)
    case.save()
    step = rows.add_step(case, state, actor=actor, now=now, note=note)
    if state == State.RECOVERED:
        rows.notify(case, [step])
