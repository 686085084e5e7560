"""Attaching a way to pay: intend, ask the gateway, note, conclude. Each half can be the last one of its process."""

from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.internal import lock_customer
from core import errors, events
from core.actor import Actor
from core.ids import encode
from payments import cards, gateways
from payments.cards import Card
from payments.gateways.base import Attached, CardDeclined, TokenUnknown
from payments.gateways.sandbox import NotATestCard
from payments.models import PaymentMethod, PaymentMethodAttachment
from payments.signals import PaymentMethodAttached

# What a gateway may say instead of a token, by the code that is kept of it.
REFUSALS: Final[dict[str, type[errors.Refusal]]] = {
    kind.code: kind
    for kind in (
        CardDeclined, TokenUnknown, NotATestCard, cards.CardNumberInvalid, cards.CardExpired, cards.CardDataInvalid,
    )
}  # fmt: skip

Answer = Attached | errors.Refusal


class CardForgotten(Exception):
    """The gateway was never asked, and the card it would be asked with is kept nowhere."""


def attach_payment_method(
    *, customer_id: UUID, source: Card | str, actor: Actor, now: datetime, is_default: bool = True
) -> PaymentMethod:
    """This function will keep a way to pay, known from here on by the gateway's token and never by a card number.

    `source` is a card (sandbox gateway only) or a token of the gateway's own form. The new method becomes the one that
    is charged, unless `is_default` is false and the customer has another. No transaction may be open around
    it, but where the gateway is the sandbox.

    :raises core.errors.NotFound: if the environment has no such customer.
    :raises payments.gateways.base.CardDeclined: or another refusal of the card.
    :raises payments.gateways.base.GatewaySilent: if nobody knows what the gateway did.
    """
    attachment = begin_attachment(customer_id=customer_id, source=source, actor=actor, now=now, is_default=is_default)
    answer = ask_to_attach(attachment_id=attachment.id, source=source, now=now)
    note_attachment(attachment_id=attachment.id, answer=answer, now=now)
    return finish_attachment(attachment_id=attachment.id, now=now)


@transaction.atomic
def begin_attachment(
    *, customer_id: UUID, source: Card | str, actor: Actor, now: datetime, is_default: bool = True
) -> PaymentMethodAttachment:
    """This function will record the intent to attach a way to pay; see `attach_payment_method`.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    lock_customer(customer_id)
    attachment = PaymentMethodAttachment(
        customer_id=customer_id,
        gateway=gateways.DEFAULT,
        source_token=source if isinstance(source, str) else "",
        is_default=is_default,
        requested_by=actor.label,
        created_at=now,
    )
    attachment.save(force_insert=True)
    return attachment


def ask_to_attach(*, attachment_id: UUID, source: Card | str | None, now: datetime) -> Answer:
    """This function will ask the gateway for a reusable token and return what it says, its refusal included.

    Without a `source` it is asked first what became of the attachment; a token that it does not know of is sent again.

    :raises payments.gateways.base.GatewaySilent: if no answer came.
    :raises CardForgotten: if it has never been asked and can no longer be.
    """
    attachment = get_attachment(attachment_id)
    gateway, key = gateways.named(attachment.gateway), attachment.gateway_key
    if source is None:
        earlier = gateway.find_attached(key)
        if earlier is not None:
            return earlier
        if not attachment.source_token:
            raise CardForgotten
    try:
        return gateway.attach(source or attachment.source_token, key=key, now=now)
    except tuple(REFUSALS.values()) as refused:
        return refused


@transaction.atomic
def note_attachment(*, attachment_id: UUID, answer: Answer, now: datetime) -> None:
    """This function will write down what the gateway answered."""
    attachment = _locked(attachment_id)
    if isinstance(answer, errors.Refusal):
        decline = str(answer.members.get("decline_code", ""))
        attachment.refuse(code=answer.code, decline_code=decline, at=now)
    else:
        attachment.accept(at=now, **asdict(answer))
    attachment.save()


@transaction.atomic
def finish_attachment(*, attachment_id: UUID, now: datetime) -> PaymentMethod:
    """This function will make the way to pay that the gateway has accepted.

    :raises payments.gateways.base.CardDeclined: or another refusal, if it has refused.
    :raises core.errors.NotFound: if the customer has gone in the meantime.
    """
    attachment = get_attachment(attachment_id)
    lock_customer(attachment.customer_id)
    attachment = _locked(attachment_id)
    if attachment.refusal:
        members = {"decline_code": attachment.decline_code} if attachment.decline_code else {}
        raise REFUSALS[attachment.refusal](**members)
    method = _made(attachment, now=now)
    attachment.status, attachment.payment_method = attachment.Status.ATTACHED, method
    attachment.save(update_fields=["status", "payment_method"])
    return method


@transaction.atomic
def abandon_attachment(*, attachment_id: UUID, now: datetime) -> None:
    """This function will close an attachment that the gateway was never asked for."""
    attachment = _locked(attachment_id)
    attachment.abandon(at=now)
    attachment.save(update_fields=["status", "answered_at"])


@transaction.atomic
def get_attachment(attachment_id: UUID) -> PaymentMethodAttachment:
    """This function will return an attachment as it stands."""
    return PaymentMethodAttachment.objects.get(pk=attachment_id)


def _locked(attachment_id: UUID) -> PaymentMethodAttachment:
    return PaymentMethodAttachment.objects.select_for_update().get(pk=attachment_id)


def _made(attachment: PaymentMethodAttachment, *, now: datetime) -> PaymentMethod:
    own = PaymentMethod.objects.of(attachment.customer_id).filter(is_default=True)
    method = attachment.method(at=now, is_default=attachment.is_default or not own.exists())
    if method.is_default:
        own.update(is_default=False)
    method.save(force_insert=True)
    customer = encode("cus", method.customer_id)
    events.publish(
        PaymentMethodAttached(subject=method.public_id, actor=attachment.requested_by, at=now, customer=customer)
    )
    return method
