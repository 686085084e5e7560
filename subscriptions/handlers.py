"""What subscriptions do when they hear of invoices and customers. Each may be told twice."""

from uuid import UUID

from accounts.signals import CustomerUpdated
from billing.signals import (
    InvoiceCredited,
    InvoiceDunningExhausted,
    InvoiceDunningExtended,
    InvoiceDunningGraceEnded,
    InvoiceDunningWrittenOff,
    InvoicePaid,
    InvoicePaymentFailed,
    InvoiceVoided,
)
from core import clock, events, ids
from core.actor import SYSTEM
from payments.signals import PaymentMethodAttached
from subscriptions import internal
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionPastDue


@events.handles(InvoicePaid)
def settle(event: InvoicePaid) -> None:
    """This function will activate, recover or extend the subscription of a paid invoice."""
    if _is_ours(event.reference):
        internal.settle(
            subscription_id=_key(event.reference), invoice_id=ids.decode("inv", event.subject), actor=SYSTEM,
            now=clock.now(),
        )  # fmt: skip


@events.handles(InvoicePaymentFailed)
def mark_past_due(event: InvoicePaymentFailed) -> None:
    """This function will mark the subscription of an invoice past due whose payment was declined."""
    if _is_ours(event.reference):
        internal.mark_past_due(
            subscription_id=_key(event.reference), invoice_id=ids.decode("inv", event.subject), code=event.code,
            actor=SYSTEM, now=clock.now(), failed_at=event.at,
        )  # fmt: skip


@events.handles(SubscriptionPastDue)
def follow_past_due(event: SubscriptionPastDue) -> None:
    """This function will treat what has become past due, perhaps again after a pause, as what it owes."""
    internal.follow_past_due(
        subscription_id=_key(event.subject), invoice_id=ids.decode("inv", event.invoice), actor=SYSTEM,
        now=clock.now(),
    )  # fmt: skip


@events.handles(InvoiceDunningGraceEnded)
def suspend_access(event: InvoiceDunningGraceEnded) -> None:
    """This function will grant nothing any more to a subscription whose grace is over."""
    if _is_ours(event.reference):
        internal.follow_access(subscription_id=_key(event.reference), actor=SYSTEM, now=clock.now())


@events.handles(InvoiceDunningExtended)
def restore_access(event: InvoiceDunningExtended) -> None:
    """This function will grant again what a subscription granted that was given more time."""
    if _is_ours(event.reference):
        internal.follow_access(subscription_id=_key(event.reference), actor=SYSTEM, now=clock.now())


@events.handles(InvoiceDunningExhausted)
def end_unpaid(event: InvoiceDunningExhausted) -> None:
    """This function will end, pause or leave the subscription of an invoice that could not be collected."""
    _end_unpaid(event)


@events.handles(InvoiceDunningWrittenOff)
def end_written_off(event: InvoiceDunningWrittenOff) -> None:
    """This function will end, pause or leave the subscription of an invoice that was written off."""
    _end_unpaid(event)


@events.handles(InvoiceVoided)
def forgive(event: InvoiceVoided) -> None:
    """This function will let the subscription of a voided invoice owe nothing for it."""
    if _is_ours(event.reference):
        internal.forgive(
            subscription_id=_key(event.reference), invoice_id=ids.decode("inv", event.subject), actor=SYSTEM,
            now=clock.now(),
        )  # fmt: skip


@events.handles(InvoiceCredited)
def forgive_credited(event: InvoiceCredited) -> None:
    """This function will let a subscription owe nothing for an invoice that was credited wholly: nobody bought it."""
    if event.is_forgiven and _is_ours(event.reference):
        internal.forgive(
            subscription_id=_key(event.reference), invoice_id=ids.decode("inv", event.subject), actor=SYSTEM,
            now=clock.now(),
        )  # fmt: skip


@events.handles(PaymentMethodAttached)
def note_cards(event: PaymentMethodAttached) -> None:
    """This function will note the cards with which a trial is had, so that nobody has another with them."""
    internal.note_cards_of(customer_id=ids.decode("cus", event.customer), now=clock.now())


@events.handles(CustomerUpdated)
def follow_timezone(event: CustomerUpdated) -> None:
    """This function will let a customer's new timezone count from the next period on."""
    if "timezone" in event.changed:
        internal.follow_timezone(customer_id=ids.decode("cus", event.customer), actor=SYSTEM, now=clock.now())


def _end_unpaid(event: InvoiceDunningExhausted | InvoiceDunningWrittenOff) -> None:
    if _is_ours(event.reference):
        internal.end_unpaid(
            subscription_id=_key(event.reference), invoice_id=ids.decode("inv", event.subject),
            end_action=event.end_action, actor=SYSTEM, now=clock.now(),
        )  # fmt: skip


def _is_ours(reference: str) -> bool:
    return reference.startswith(f"{Subscription.prefix}_")


def _key(reference: str) -> UUID:
    return ids.decode(Subscription.prefix, reference)
