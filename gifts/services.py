"""What somebody may ask for about gifts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import internal as accounts
from accounts import selectors as customers
from billing import internal as billing
from billing.internal import NewLine
from catalog import selectors as plans
from catalog.selectors import CurrencyNotOffered, PlanTerms
from core import errors, events, failpoints, ids, problems
from core.actor import Actor
from gifts import codes, internal, states
from gifts.models import Gift, GiftCode
from gifts.signals import GiftBought, GiftCanceled, GiftRedeemed, GiftResendRequested
from subscriptions import internal as subscriptions


class PlanIsFree(errors.Invalid):
    code = "plan_is_free"
    title = "A plan that costs nothing cannot be given."


class GiftNotRedeemable(errors.NotFound):
    """One answer for unknown, expired, taken back and somebody else's: nobody can tell which gifts exist."""

    code = "gift_not_redeemable"
    title = "There is no gift that can be redeemed so."


class AlreadyRedeemed(errors.Conflict):
    code = "gift_already_redeemed"
    title = "You have redeemed this gift already."


class NotDelivered(errors.Conflict):
    code = "gift_not_delivered"
    title = "Only a gift that lies with its recipient can be mailed again."


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Who is given to, when, and with what words. `deliver_at` None is as soon as it is paid."""

    email: str
    name: str = ""
    message: str = ""
    deliver_at: datetime | None = None


@transaction.atomic
def buy_gift(
    *, buyer_id: UUID, plan_id: UUID, intervals: int, recipient: Recipient, currency: str | None, actor: Actor,
    now: datetime,
) -> Gift:  # fmt: skip
    """This function will sell a gift of `intervals` periods of a plan, and have its invoice collected.

    `currency` is the buyer's, or the plan's first, unless given.

    :raises core.errors.NotFound: if there is no such buyer or plan.
    :raises catalog.selectors.CurrencyNotOffered: if the plan has no prices in the currency.
    :raises PlanIsFree: if there is nothing to pay.
    """
    terms = plans.get_current_terms(plan_id)
    currency = currency or customers.get_customer(buyer_id).currency or terms.currencies[0]
    gift = _new_gift(buyer_id, terms, intervals, recipient, now)
    gift.currency, gift.amount_minor = currency, _cost(terms, currency) * intervals
    gift.invoice = _invoice(gift, terms, actor=actor, now=now)
    gift.save(force_insert=True)
    if __debug__:
        failpoints.reach("gifts.bought")
    events.publish(
        GiftBought(
            subject=gift.public_id, actor=actor.label, at=now, buyer=ids.encode("cus", buyer_id),
            plan=terms.plan_public_id, intervals=intervals, invoice=gift.invoice, amount_minor=gift.amount_minor,
            currency=currency,
        )
    )  # fmt: skip
    return gift


def _new_gift(buyer_id: UUID, terms: PlanTerms, intervals: int, recipient: Recipient, now: datetime) -> Gift:
    return Gift(
        buyer_id=buyer_id, plan_id=terms.plan_id, intervals=intervals, recipient_email=recipient.email.lower(),
        recipient_name=recipient.name, message=recipient.message, deliver_at=recipient.deliver_at, created_at=now,
    )  # fmt: skip


def _cost(terms: PlanTerms, currency: str) -> int:
    """What one period costs in minor units: the plan's fixed prices for one seat; usage stays the recipient's."""
    cost = sum(price.amount(Decimal(1)).minor for price in terms.prices_in(currency) if not price.is_usage)
    if cost <= 0:
        raise PlanIsFree(plan=terms.plan_public_id)
    return cost


def _invoice(gift: Gift, terms: PlanTerms, *, actor: Actor, now: datetime) -> str:
    quantity, amount = Decimal(gift.intervals), gift.amount_minor
    line = NewLine(
        description=f"Gift: {terms.name}", quantity=quantity, unit_amount=None, amount_minor=amount, kind="gift"
    )
    issued = billing.issue_invoice(
        customer_id=gift.buyer_id, currency=gift.currency, kind="gift", lines=[line], reference=gift.public_id,
        key=gift.public_id, collect=True, actor=actor, now=now,
    )  # fmt: skip
    return issued.public_id


@transaction.atomic
def redeem_code(*, code: str, customer_id: UUID, actor: Actor, now: datetime) -> Gift:
    """This function will redeem the gift of a mailed code for a customer: whoever holds the code may.

    :raises GiftNotRedeemable: for every code that cannot be redeemed, whatever the reason.
    :raises AlreadyRedeemed: to the customer who redeemed it before.
    """
    code_hash = codes.digest(code, pepper=settings.GIFT_CODE_PEPPER)
    found = GiftCode.objects.filter(code_hash=code_hash).values_list("gift_id", flat=True).first()
    if found is None:
        raise GiftNotRedeemable
    return _redeem(found, customer_id, actor=actor, now=now)


@transaction.atomic
def redeem_gift(*, gift_id: UUID, customer_id: UUID, actor: Actor, now: datetime) -> Gift:
    """This function will redeem a gift for the customer with the e-mail address that it was sent to.

    A customer must have proved that the address is his; a company's backend vouches for whom it names.

    :raises GiftNotRedeemable: for every gift that cannot be redeemed so, also another address's.
    :raises AlreadyRedeemed: to the customer who redeemed it before.
    """
    customer = customers.get_customer(customer_id)
    email = customer.email
    if actor.is_customer and customer.email_verified_at is None:
        raise GiftNotRedeemable
    if not Gift.objects.filter(pk=gift_id, recipient_email=email.lower()).exists():
        raise GiftNotRedeemable
    return _redeem(gift_id, customer_id, actor=actor, now=now)


def _redeem(gift_id: UUID, customer_id: UUID, *, actor: Actor, now: datetime) -> Gift:
    accounts.lock_customer(customer_id)
    # The gift's lock decides: of many who redeem at once, the first gets it and the others find it taken.
    gift = Gift.objects.select_for_update().get(pk=gift_id)
    if gift.redeemed_by_id == customer_id:
        raise AlreadyRedeemed(subscription=gift.subscription)
    if not gift.is_redeemable(at=now):
        raise GiftNotRedeemable
    term = subscriptions.grant_term(
        customer_id=customer_id, plan_id=gift.plan_id, intervals=gift.intervals, source=gift.public_id, actor=actor,
        now=now,
    )  # fmt: skip
    if __debug__:
        failpoints.reach("gifts.term_granted")
    gift.become(states.REDEEMED)
    gift.redeemed_at, gift.redeemed_by_id, gift.subscription = now, customer_id, term.public_id
    gift.save(update_fields=["status", "redeemed_at", "redeemed_by", "subscription"])
    if __debug__:
        failpoints.reach("gifts.redeemed")
    billing.recognize_gift(
        reference=gift.public_id, amount_minor=gift.amount_minor, currency=gift.currency, breakage=False, now=now
    )
    redeemed = GiftRedeemed(
        subject=gift.public_id, actor=actor.label, at=now, customer=ids.encode("cus", customer_id),
        subscription=term.public_id,
    )  # fmt: skip
    events.publish(redeemed)
    return gift


@transaction.atomic
def cancel_gift(*, gift_id: UUID, reason: str, actor: Actor, now: datetime) -> Gift:
    """This function will take a gift back that nobody has redeemed: its open invoice is voided, its money refunded.

    :raises core.errors.NotFound: if the environment has no such gift.
    :raises GiftTransitionInvalid: once it is redeemed, expired or canceled.
    """
    gift = internal.locked(gift_id)
    was_paid = gift.status != states.PENDING
    gift.become(states.CANCELED)
    gift.ended_at, gift.cancel_reason = now, reason
    gift.save(update_fields=["status", "ended_at", "cancel_reason"])
    if was_paid:
        internal.give_back(gift, reason="gift_canceled", actor=actor, now=now)
    else:
        billing.void_invoice_of(gift.public_id, reason="gift_canceled", actor=actor, now=now)
    canceled = GiftCanceled(subject=gift.public_id, actor=actor.label, at=now, reason=reason, is_refunded=was_paid)
    events.publish(canceled)
    return gift


@transaction.atomic
def resend_gift(*, gift_id: UUID, actor: Actor, now: datetime) -> Gift:
    """This function will have a delivered gift mailed once more, with a code of its own beside the earlier ones.

    :raises core.errors.NotFound: if the environment has no such gift.
    :raises NotDelivered: unless it lies with its recipient.
    """
    gift = internal.locked(gift_id)
    if not gift.is_redeemable(at=now):
        raise NotDelivered(status=gift.status)
    internal.deliver_later(gift, at=now)
    events.publish(GiftResendRequested(subject=gift.public_id, actor=actor.label, at=now))
    return gift


problems.constraint("gifts_gift_redeemed_in_time", GiftNotRedeemable)
__all__ = [
    "AlreadyRedeemed", "CurrencyNotOffered", "GiftNotRedeemable", "NotDelivered", "PlanIsFree", "Recipient",
    "buy_gift", "cancel_gift", "redeem_code", "redeem_gift", "resend_gift",
]  # fmt: skip
