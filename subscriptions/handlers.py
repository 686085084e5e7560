"""What subscriptions do when they hear of invoices and customers. Each may be told twice."""

from uuid import UUID

from accounts.signals import CustomerUpdated
from billing.signals import InvoiceCredited, InvoicePaid, InvoicePaymentFailed, InvoiceVoided
from core import clock, events, ids
from core.actor import SYSTEM
from subscriptions import internal
from subscriptions.models import Subscription


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
            actor=SYSTEM, now=clock.now(),
        )  # fmt: skip


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


@events.handles(CustomerUpdated)
def follow_timezone(event: CustomerUpdated) -> None:
    """This function will let a customer's new timezone count from the next period on."""
    if "timezone" in event.changed:
        internal.follow_timezone(customer_id=ids.decode("cus", event.customer), actor=SYSTEM, now=clock.now())


def _is_ours(reference: str) -> bool:
    return reference.startswith(f"{Subscription.prefix}_")


def _key(reference: str) -> UUID:
    return ids.decode(Subscription.prefix, reference)
