"""What becomes of the money of a gift: earned, or given back."""

from datetime import datetime

from django.db import transaction

from billing import postings
from billing.internal import _ledger
from billing.signals import GiftRecognized, GiftReturned
from core import events
from core.actor import SYSTEM, Actor


@transaction.atomic
def recognize_gift(
    *, reference: str, amount_minor: int, currency: str, breakage: bool, now: datetime, actor: Actor = SYSTEM
) -> None:
    """This function will turn a gift's liability into revenue, once per gift (public id `gft_…`).

    `breakage` tells that nobody redeemed it in time. A gift of nothing moves nothing.
    """
    booked_as = _booked_as(reference)
    if not amount_minor or _ledger.is_booked(booked_as):
        return
    kind = "gift_breakage" if breakage else "gift_redeemed"
    booking = _ledger.Booking(reference=booked_as, kind=kind, currency=currency, at=now)
    _ledger.post(booking, postings.gift_recognized(amount_minor=amount_minor))
    events.publish(
        GiftRecognized(
            subject=reference,
            actor=actor.label,
            at=now,
            amount_minor=amount_minor,
            currency=currency,
            is_breakage=breakage,
        )
    )


@transaction.atomic
def return_gift(*, reference: str, amount_minor: int, currency: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """This function will clear the liability of a gift (public id `gft_…`) whose payments have been refunded, once.

    A gift that has been recognized stays earned; a gift of nothing moves nothing.
    """
    booked_as = _booked_as(reference)
    if not amount_minor or _ledger.is_booked(booked_as):
        return
    booking = _ledger.Booking(reference=booked_as, kind="gift_returned", currency=currency, at=now)
    _ledger.post(booking, postings.gift_returned(amount_minor=amount_minor))
    events.publish(
        GiftReturned(subject=reference, actor=actor.label, at=now, amount_minor=amount_minor, currency=currency)
    )


def _booked_as(reference: str) -> str:
    # One name for both ends: a gift's money is earned or given back, and never both.
    return f"gift:{reference}"
