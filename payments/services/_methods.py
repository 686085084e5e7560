"""Ways to pay: choose, detach."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.internal import lock_customer
from core import errors, events
from core.actor import Actor
from core.ids import encode
from payments.models import PaymentMethod, PaymentMethodDetached
from payments.signals import PaymentMethodDetached as Detached
from payments.signals import PaymentMethodMadeDefault


@transaction.atomic
def make_default_payment_method(*, payment_method_id: UUID, actor: Actor, now: datetime) -> PaymentMethod:
    """This function will have a method charged from now on.

    :raises core.errors.NotFound: if the environment has no such method.
    :raises payments.models.PaymentMethodDetached: if it has been detached.
    """
    method = _locked(payment_method_id)
    if method.detached_at is not None:
        raise PaymentMethodDetached
    if not method.is_default:
        PaymentMethod.objects.of(method.customer_id).filter(is_default=True).update(is_default=False)
        method.is_default = True
        method.save(update_fields=["is_default"])
        events.publish(PaymentMethodMadeDefault(**_said(method, actor, now)))
    return method


@transaction.atomic
def detach_payment_method(*, payment_method_id: UUID, actor: Actor, now: datetime) -> PaymentMethod:
    """This function will charge a method no more; the newest of the customer's others takes its place as default.

    :raises core.errors.NotFound: if the environment has no such method.
    :raises payments.models.PaymentMethodDetached: if it has been detached already.
    """
    method = _locked(payment_method_id)
    was_default = method.is_default
    method.detach(at=now)
    method.save(update_fields=["detached_at", "is_default"])
    if was_default:
        _promote_newest(method.customer_id)
    events.publish(Detached(**_said(method, actor, now)))
    return method


def _locked(payment_method_id: UUID) -> PaymentMethod:
    """This function will lock the customer, who can have one default only, and then the method."""
    customer_id = PaymentMethod.objects.filter(pk=payment_method_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise errors.NotFound
    lock_customer(customer_id)
    return PaymentMethod.objects.select_for_update().get(pk=payment_method_id)


def _promote_newest(customer_id: UUID) -> None:
    newest = PaymentMethod.objects.of(customer_id).attached().order_by("-id").first()
    if newest is not None:
        newest.is_default = True
        newest.save(update_fields=["is_default"])


def _said(method: PaymentMethod, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "subject": method.public_id,
        "actor": actor.label,
        "at": now,
        "customer": encode("cus", method.customer_id),
    }
