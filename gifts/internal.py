"""What only workers bring about: payment heard, delivery, expiry, refunds heard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from billing import internal as billing
from catalog import selectors as plans
from core import errors, events
from core.actor import Actor
from gifts import codes, states
from gifts.models import Gift, GiftCode
from gifts.signals import GiftDelivered, GiftExpired, GiftPaid, GiftRefunded
from jobs.services import enqueue
from payments import services as payments
from payments.selectors import list_payments

# What becomes of a gift's money when nobody redeems it: the house keeps it, or the buyer gets it back.
BREAKAGE, REFUND = "breakage", "refund"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What the recipient is told. The code exists here and in the mail, nowhere else."""

    to: str
    name: str
    plan: str
    intervals: int
    message: str
    code: str
    expires_at: datetime


def locked(gift_id: UUID) -> Gift:
    """This function will lock a gift and return it.

    :raises core.errors.NotFound: if the environment has no such gift.
    """
    gift = Gift.objects.select_for_update().filter(pk=gift_id).first()
    if gift is None:
        raise errors.NotFound
    return gift


@transaction.atomic
def mark_paid(*, invoice: str, actor: Actor, now: datetime) -> None:
    """This function will have a gift delivered whose invoice (public id) is paid; other invoices mean nothing here."""
    gift = Gift.objects.select_for_update().paid_by(invoice).filter(status=states.PENDING).first()
    if gift is None:
        return
    gift.become(states.PAID)
    gift.save(update_fields=["status"])
    deliver_later(gift, at=max(now, gift.deliver_at or now))
    events.publish(GiftPaid(subject=gift.public_id, actor=actor.label, at=now, invoice=invoice))


def deliver_later(gift: Gift, *, at: datetime) -> None:
    """This function will write the job that mails a gift, once for each time it is to be mailed."""
    payload = {"gift_id": str(gift.id), "after": str(gift.deliveries)}
    enqueue("gifts.deliver", payload=payload, key=f"{gift.id}:{gift.deliveries}", run_at=at)


@transaction.atomic
def write_letter(gift_id: UUID, *, now: datetime, after: int | None = None) -> Letter | None:
    """This function will make a code for a gift that is to be mailed; None if it no longer is.

    It is not if it has been mailed more often than the `after` times that were known when this mail was ordered: then
    its job was done, and whoever did it died before he could say so.
    A mail that went out before a crash and one that goes out after it hold different codes, and both work.
    """
    gift = locked(gift_id)
    if gift.status != states.PAID and not gift.is_redeemable(at=now):
        return None
    if after is not None and gift.deliveries > after:
        return None
    code = codes.new()
    digest = codes.digest(code, pepper=settings.GIFT_CODE_PEPPER)
    GiftCode.objects.create(gift=gift, code_hash=digest, created_at=now)
    return Letter(
        to=gift.recipient_email, name=gift.recipient_name, plan=plans.get_current_terms(gift.plan_id).name,
        intervals=gift.intervals, message=gift.message, code=code, expires_at=gift.expires_at or _expiry(now),
    )  # fmt: skip


def _expiry(now: datetime) -> datetime:
    return now + timedelta(days=settings.GIFT_EXPIRY_DAYS)


@transaction.atomic
def mark_delivered(gift_id: UUID, *, actor: Actor, now: datetime) -> None:
    """This function will note that the mail is out; the first one starts the time to redeem."""
    gift = locked(gift_id)
    if gift.status == states.PAID:
        gift.become(states.DELIVERED)
        gift.delivered_at, gift.expires_at = now, _expiry(now)
    elif gift.status != states.DELIVERED:
        return
    gift.deliveries += 1
    gift.save(update_fields=["status", "delivered_at", "expires_at", "deliveries"])
    delivered = GiftDelivered(
        subject=gift.public_id, actor=actor.label, at=now, expires_at=str(events.written(gift.expires_at)),
        delivery=gift.deliveries,
    )  # fmt: skip
    events.publish(delivered)


@transaction.atomic
def expire_gift(gift_id: UUID, *, actor: Actor, now: datetime) -> None:
    """This function will end a gift whose time is over: its money becomes revenue or goes back, by policy."""
    gift = locked(gift_id)
    if gift.status != states.DELIVERED or gift.is_redeemable(at=now):
        return
    policy = settings.GIFT_EXPIRY_POLICY
    gift.become(states.EXPIRED)
    gift.ended_at = now
    gift.save(update_fields=["status", "ended_at"])
    if policy == REFUND:
        give_back(gift, reason="gift_expired", actor=actor, now=now)
    else:
        billing.recognize_gift(
            reference=gift.public_id, amount_minor=gift.amount_minor, currency=gift.currency, breakage=True, now=now
        )
    events.publish(GiftExpired(subject=gift.public_id, actor=actor.label, at=now, policy=policy))


def give_back(gift: Gift, *, reason: str, actor: Actor, now: datetime) -> None:
    """This function will have every payment of a gift's invoice refunded, once."""
    for payment in list_payments(gift.invoice):
        if payment.status in ("succeeded", "partially_refunded"):
            payments.refund_payment(
                payment_id=payment.id, amount_minor=None, reason=reason, actor=actor, now=now, key=gift.public_id
            )


@transaction.atomic
def mark_refunded(*, invoice: str, actor: Actor, now: datetime) -> None:
    """This function will close a gift whose money has gone back whole; other refunds mean nothing here."""
    gift = Gift.objects.select_for_update().paid_by(invoice).first()
    if gift is None or gift.status not in (states.CANCELED, states.EXPIRED) or not _is_refunded(gift):
        return
    gift.become(states.REFUNDED)
    gift.save(update_fields=["status"])
    billing.return_gift(
        reference=gift.public_id, amount_minor=gift.amount_minor, currency=gift.currency, now=now, actor=actor
    )
    refunded = GiftRefunded(
        subject=gift.public_id, actor=actor.label, at=now, amount_minor=gift.amount_minor, currency=gift.currency
    )
    events.publish(refunded)


def _is_refunded(gift: Gift) -> bool:
    return sum(payment.refunded_minor for payment in list_payments(gift.invoice)) >= gift.amount_minor
