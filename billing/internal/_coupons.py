"""Coupons in customers' hands: redeemed, counted, given back.

A coupon's counter decides about its last redemption: it is raised by one statement that looks at the limit, and stays
locked until the transaction ends. A customer's own limit is counted under the locks of the customer and the coupon.
What a coupon gave is counted when an invoice is finalized, and given back when the invoice is void; a redemption that
led to nothing that stands is released.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from billing import coupons
from billing.coupons import HeldCoupon
from billing.models import Coupon, CouponRedemption, InvoiceDiscount
from billing.signals import CouponRedeemed, CouponReleased
from core import errors, events, ids, problems
from core.actor import Actor


class CouponUnknown(errors.Invalid):
    code = "coupon_unknown"
    title = "There is no coupon with this code."


class CouponExhausted(errors.Conflict):
    code = "coupon_exhausted"
    title = "The coupon has been redeemed as often as it may."


class CouponCustomerLimit(errors.Conflict):
    code = "coupon_customer_limit"
    title = "The customer has redeemed the coupon as often as one customer may."


class CouponAlreadyRedeemed(errors.Conflict):
    code = "coupon_already_redeemed"
    title = "The coupon is redeemed for this already."


class CouponSpent(errors.Conflict):
    code = "coupon_spent"
    title = "A coupon of the draft has been used up or given back since; the draft has to be written again."


problems.constraint("billing_redemption_once_per_reference", CouponAlreadyRedeemed)


def held_for(*references: str, currency: str, at: datetime) -> tuple[HeldCoupon, ...]:
    """This function will return the coupons held for agreements or invoices (public ids), the oldest first.

    Those with a cycle left at an instant that is before their end; amounts in another currency are left out.
    """
    fitting = Q(coupon__amount_minor=None) | Q(coupon__currency=currency)
    rows = CouponRedemption.objects.about(*references).counting(at=at).filter(fitting)
    return tuple(_held(row.coupon, row.id) for row in rows)


def held_by_reference(references: Sequence[str], *, at: datetime) -> dict[str, list[CouponRedemption]]:
    """This function will return the redemptions that count at an instant for each of some agreements, by one query."""
    held: dict[str, list[CouponRedemption]] = {reference: [] for reference in references}
    for row in CouponRedemption.objects.about(*references).counting(at=at):
        held[row.reference].append(row)
    return held


def fitting(rows: Iterable[CouponRedemption], currency: str) -> tuple[HeldCoupon, ...]:
    """This function will return the coupons of redemptions, amounts in another currency left out."""
    return tuple(
        _held(row.coupon, row.id) for row in rows if row.coupon.amount_minor is None or row.coupon.currency == currency
    )


def preview(
    codes: Sequence[str], *, customer_id: UUID | None, currency: str, at: datetime, plan: str | None = None
) -> tuple[HeldCoupon, ...]:
    """This function will return the coupons behind some codes, if the customer could redeem them now. Nothing is kept.

    `customer_id` None is somebody who never redeemed any.

    :raises core.errors.Refusal: as `redeem` would.
    """
    rows = _redeemable(Coupon.objects.all(), codes, customer_id, currency, plan, at)
    for row in rows:
        if row.is_exhausted:
            raise CouponExhausted(coupon=row.code)
    return tuple(_held(row, None) for row in rows)


@transaction.atomic
def redeem(
    code: str, *, customer_id: UUID, reference: str, currency: str, plan: str | None, actor: Actor, now: datetime
) -> CouponRedemption:
    """This function will give a locked customer a coupon for an agreement or invoice (public id).

    `currency` is what is billed in; `plan` the public id of what is subscribed to, if anything. Who redeems several
    does it by `redeem_all`.

    :raises CouponUnknown: if there is no such code.
    :raises billing.models.CouponArchived, billing.models.CouponExpired: if it is no longer given out.
    :raises billing.models.CouponCurrencyMismatch, billing.models.CouponNotForPlan: if it could reduce nothing.
    :raises CouponAlreadyRedeemed: for the same agreement.
    :raises CouponCustomerLimit, CouponExhausted: if the customer, or everybody together, has had it as often as may be.
    """
    return redeem_all(
        [code], customer_id=customer_id, reference=reference, currency=currency, plan=plan, actor=actor, now=now
    )[0]


@transaction.atomic
def redeem_all(
    codes: Sequence[str], *, customer_id: UUID, reference: str, currency: str, plan: str | None, actor: Actor,
    now: datetime,
) -> tuple[CouponRedemption, ...]:  # fmt: skip
    """This function will give a locked customer some coupons, which count in the order of their codes.

    The coupons are locked in the order of their ids, so that two customers with the same codes cannot wait for each
    other, and none changes between the look at its terms and its redemption.

    :raises core.errors.Refusal: as `redeem`, and then none is redeemed.
    """
    held = Coupon.objects.select_for_update(no_key=True).order_by("id")
    rows = _redeemable(held, codes, customer_id, currency, plan, now)
    _refuse_second(rows, reference)
    for row in rows:
        _take(row)
    return tuple(_redeemed(row, customer_id, reference, actor, now) for row in rows)


def count_cycles(invoice_id: UUID) -> None:
    """This function will count an invoice that is being finalized with each coupon that reduces it.

    :raises CouponSpent: if one has no cycle left, or was given back, since the draft was written.
    """
    count_cycles_of(_giving(invoice_id))


def count_cycles_of(giving: Sequence[UUID]) -> None:
    """This function will count an invoice with each of these redemptions.

    :raises CouponSpent: as `count_cycles`.
    """
    if not giving:
        return
    rows = CouponRedemption.objects.held().with_cycles_left().filter(pk__in=giving)
    if rows.update(cycles_used=F("cycles_used") + 1) != len(giving):
        raise CouponSpent


def give_back_cycles(invoice_id: UUID) -> None:
    """This function will take an invoice that is void out of the count of each coupon that reduced it."""
    giving = _giving(invoice_id)
    if giving:
        CouponRedemption.objects.filter(pk__in=giving).update(cycles_used=F("cycles_used") - 1)


@transaction.atomic
def release(reference: str, *, actor: Actor, now: datetime) -> None:
    """This function will give back the coupons of an agreement that ended unpaid, or of an invoice that is void.

    One that an invoice still counts with stays: whoever voids that invoice releases afterwards. It may be repeated.
    """
    rows = CouponRedemption.objects.about(reference).taken().filter(cycles_used=0).select_related("coupon")
    for row in rows.select_for_update(of=("self",)).order_by("coupon_id"):
        give_back(row, actor=actor, now=now)


def give_back(row: CouponRedemption, *, actor: Actor, now: datetime) -> None:
    """This function will give back a locked redemption that has reduced nothing that stands, and say so."""
    row.released_at = now
    row.save(update_fields=["released_at"])
    Coupon.objects.filter(pk=row.coupon_id).update(redeemed=F("redeemed") - 1)
    events.publish(CouponReleased(subject=row.public_id, actor=actor.label, at=now, **told(row)))


def _redeemable(
    among: QuerySet[Coupon], codes: Sequence[str], customer_id: UUID | None, currency: str, plan: str | None,
    at: datetime,
) -> list[Coupon]:  # fmt: skip
    wanted = [coupons.canonical(code) for code in codes]
    found = {row.code: row for row in among.filter(code__in=wanted)} if wanted else {}
    for code in wanted:
        if code not in found:
            raise CouponUnknown(coupon=code)
        found[code].refuse_unless_redeemable(currency=currency, plan=plan, at=at)
    if len(set(wanted)) < len(wanted):
        raise CouponAlreadyRedeemed
    rows = [found[code] for code in wanted]
    _refuse_beyond_customers_limit(rows, customer_id)
    return rows


def _refuse_beyond_customers_limit(rows: Iterable[Coupon], customer_id: UUID | None) -> None:
    limited = [row for row in rows if row.max_per_customer is not None]
    if customer_id is None or not limited:
        return
    his = CouponRedemption.objects.taken().of(customer_id).filter(coupon__in=limited)
    counted = dict(his.values("coupon_id").annotate(times=Count("id")).values_list("coupon_id", "times"))
    for row in limited:
        if counted.get(row.id, 0) >= (row.max_per_customer or 0):
            raise CouponCustomerLimit(coupon=row.code, max_per_customer=row.max_per_customer)


def _refuse_second(rows: Iterable[Coupon], reference: str) -> None:
    taken = CouponRedemption.objects.about(reference).taken().filter(coupon__in=rows)
    code = taken.values_list("coupon__code", flat=True).first()
    if code is not None:
        raise CouponAlreadyRedeemed(coupon=code)


def _take(row: Coupon) -> None:
    """The statement decides: it looks at the limit where it counts."""
    if not Coupon.objects.given_out().below_limit().filter(pk=row.id).update(redeemed=F("redeemed") + 1):
        raise CouponExhausted(coupon=row.code)


def _redeemed(row: Coupon, customer_id: UUID, reference: str, actor: Actor, now: datetime) -> CouponRedemption:
    redemption = CouponRedemption.objects.create(
        coupon=row, customer_id=customer_id, reference=reference, redeemed_at=now
    )
    events.publish(CouponRedeemed(subject=redemption.public_id, actor=actor.label, at=now, **told(redemption)))
    return redemption


def _giving(invoice_id: UUID) -> list[UUID]:
    rows = InvoiceDiscount.objects.filter(invoice_id=invoice_id, amount_minor__gt=0)
    return list(rows.values_list("redemption_id", flat=True))


def _held(row: Coupon, redemption_id: UUID | None) -> HeldCoupon:
    return HeldCoupon(
        redemption_id=redemption_id,
        coupon_id=row.id,
        code=row.code,
        description=coupons.describe(code=row.code, name=row.name, percent=row.percent),
        percent=row.percent,
        amount_minor=row.amount_minor,
        plans=frozenset(row.plans),
        prices=frozenset(row.prices),
    )


def told(row: CouponRedemption) -> dict[str, str]:
    """This function will return what is said of a redemption."""
    return {
        "coupon": row.coupon.public_id, "code": row.coupon.code, "customer": ids.encode("cus", row.customer_id),
        "reference": row.reference,
    }  # fmt: skip
