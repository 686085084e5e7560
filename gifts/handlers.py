"""What gifts do when they hear of money."""

from billing.signals import InvoicePaid
from core import clock, events
from core.actor import SYSTEM
from gifts import internal
from payments.signals import RefundSucceeded


@events.handles(InvoicePaid)
def mark_paid(event: InvoicePaid) -> None:
    """This handler will have a gift delivered once its invoice is paid."""
    if event.kind == "gift":
        internal.mark_paid(invoice=event.subject, actor=SYSTEM, now=clock.now())


@events.handles(RefundSucceeded)
def mark_refunded(event: RefundSucceeded) -> None:
    """This handler will close a canceled or expired gift once its money has gone back."""
    internal.mark_refunded(invoice=event.reference, actor=SYSTEM, now=clock.now())
