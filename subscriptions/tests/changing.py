"""Changes for tests, made by the verbs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing.models import Invoice, PendingLine
from core.actor import SYSTEM
from payments.models import PaymentMethod
from payments.services import attach_payment_method
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Changed, ChangePreview, Wanted


def change(subscription: Subscription, at: datetime, behavior: Behavior | None = None, **wanted: Any) -> Changed:
    """Change a subscription; what is wanted is named as in `Wanted`."""
    done = services.change_subscription(
        subscription_id=subscription.pk, wanted=Wanted(**wanted), behavior=behavior, actor=SYSTEM, now=at
    )
    subscription.refresh_from_db()
    return done


def preview(subscription: Subscription, at: datetime, behavior: Behavior | None = None, **wanted: Any) -> ChangePreview:
    """Ask what such a change would cost."""
    return services.preview_change(
        subscription_id=subscription.pk, wanted=Wanted(**wanted), behavior=behavior, actor=SYSTEM, now=at
    )


def waiting(subscription: Subscription) -> list[int]:
    """The amounts that wait for the next invoice."""
    rows = PendingLine.objects.about(subscription.public_id).waiting().order_by("id")
    return list(rows.values_list("amount_minor", flat=True))


def amounts(invoice: Invoice | None) -> list[int]:
    """The amounts of an invoice's lines, in order."""
    return [] if invoice is None else list(invoice.lines.order_by("position").values_list("amount_minor", flat=True))


def invoices_of(subscription: Subscription) -> Sequence[Invoice]:
    """A subscription's invoices, the oldest first."""
    return list(Invoice.objects.about(subscription.public_id).order_by("id"))


def second_card(subscription: Subscription) -> PaymentMethod:
    """Another card of the customer's, which is not charged unless it is made his default."""
    return attach_payment_method(
        customer_id=subscription.customer_id, source="tok_success", is_default=False, actor=SYSTEM,
        now=subscription.created_at,
    )  # fmt: skip
