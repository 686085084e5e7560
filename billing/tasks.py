"""What billing does by itself when its time comes. Each task asks again, under lock, whether it is due."""

from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from billing import internal
from billing.models import DunningCase, Invoice, WalletLot
from core import clock
from core.actor import SYSTEM
from jobs.services import duty, job, schedulable


@job("billing.end_grace", queue="q:sub:usage_sync", policy="queue")
def end_grace(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will finalize a draft whose grace period is over."""
    internal.end_grace(UUID(id), actor=SYSTEM, now=clock.now())


duty("billing.end_grace", rows=Invoice.objects.in_grace, at="finalizes_at")


@job("billing.expire_lot", queue="q:sub:usage_sync", policy="queue")
def expire_lot(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will take what a wallet's lot has left when its time is over."""
    internal.expire_lot(UUID(id), actor=SYSTEM, now=clock.now())


duty("billing.expire_lot", rows=WalletLot.objects.expiring, at="expires_at")


@job("billing.retry_declined", queue="q:sub:payment_initiation", policy="queue")
def retry_declined(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will try a declined invoice again."""
    internal.retry_due(UUID(id), actor=SYSTEM, now=clock.now())


@job("billing.end_dunning_grace", queue="q:sub:usage_sync", policy="queue")
def end_dunning_grace(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will say that what was not paid for may no longer be used."""
    internal.end_dunning_grace(UUID(id), actor=SYSTEM, now=clock.now())


@job("billing.exhaust_dunning", queue="q:sub:payment_initiation", policy="queue")
def exhaust_dunning(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will give up on what could not be collected."""
    internal.exhaust_dunning(UUID(id), actor=SYSTEM, now=clock.now())


duty("billing.retry_declined", rows=DunningCase.objects.retrying, at="next_attempt_at")
duty("billing.end_dunning_grace", rows=DunningCase.objects.in_grace, at="grace_until")
duty("billing.exhaust_dunning", rows=DunningCase.objects.ending, at="ends_at")


@job("billing.send_dunning_notice", queue="q:mail", policy="queue", refers={"step_id": "billing.dunningstep"})
def send_dunning_notice(*, step_id: str, **_: object) -> None:
    """This task will mail a customer what happened to his payment and what comes next, if it still does."""
    mail = internal.write_dunning_notice(UUID(step_id), now=clock.now())
    if mail is not None:
        EmailMessage(mail.letter.subject, mail.letter.text, settings.DEFAULT_FROM_EMAIL, [mail.to]).send()


@job("billing.charge_on_schedule", queue="q:sub:payment_initiation", policy="queue")
def charge_on_schedule(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of everything scheduled
    """This task will have an open invoice collected, at the instant that somebody has named."""
    internal.charge_if_open(UUID(id), actor=SYSTEM, now=clock.now())


@job("billing.issue_on_schedule", queue="q:sub:payment_initiation", policy="queue")
def issue_on_schedule(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of everything scheduled
    """This task will finalize a draft, at the instant that somebody has named."""
    internal.issue_if_draft(UUID(id), actor=SYSTEM, now=clock.now())


@job("billing.remind", queue="q:mail", policy="queue")
def remind(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of everything scheduled
    """This task will mail a customer that an invoice is due, if it still is, with the PDF."""
    mail = internal.write_reminder(UUID(id), now=clock.now())
    if mail is not None:
        _send(mail)


schedulable("charge", prefix="inv", kind="billing.charge_on_schedule", model=Invoice, check=internal.check_chargeable)
schedulable("invoice", prefix="inv", kind="billing.issue_on_schedule", model=Invoice, check=internal.check_draft)
schedulable("reminder", prefix="inv", kind="billing.remind", model=Invoice, check=internal.check_remindable)


@job("billing.render_document", queue="q:mail", policy="queue")
def render_document(*, kind: str, subject_id: str, locale: str = "", **_: object) -> None:
    """This task will print an invoice, receipt or credit note; run twice, it prints the same once."""
    internal.make_document(kind=kind, subject_id=UUID(subject_id), locale=locale, now=clock.now())


@job("billing.send_invoice", queue="q:mail", policy="queue", refers={"invoice_id": "billing.invoice"})
def send_invoice(*, invoice_id: str, **_: object) -> None:
    """This task will mail an invoice to its customer, with the PDF; where there is no sense in it, it does nothing."""
    mail = internal.write_invoice_letter(UUID(invoice_id), now=clock.now())
    if mail is None:
        return
    _send(mail)
    internal.mark_invoice_sent(UUID(invoice_id), actor=SYSTEM, now=clock.now())


def _send(mail: internal.InvoiceLetter) -> None:
    message = EmailMessage(mail.letter.subject, mail.letter.text, settings.DEFAULT_FROM_EMAIL, [mail.to])
    message.attach(mail.attachment, mail.pdf, "application/pdf")
    message.send()
