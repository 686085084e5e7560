"""What somebody may ask for about coupons."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from billing import coupons
from billing.coupons import CouponInvalid, Terms
from billing.models import Coupon
from billing.signals import CouponArchived, CouponCreated, CouponUpdated
from catalog import selectors as catalog
from core import errors, events, problems
from core.actor import Actor

# What may always be changed; the terms only until somebody has been promised them.
LIMITS = ("name", "redeem_by", "max_redemptions", "max_per_customer")
TERMS = tuple(field.name for field in fields(Terms))


class CouponCodeTaken(errors.Conflict):
    code = "coupon_code_taken"
    title = "Another coupon has this code."


class CouponTermsFixed(errors.Conflict):
    """`fields` are those that can no longer change."""

    code = "coupon_terms_fixed"
    title = "The coupon has been redeemed; what it promises no longer changes."


class CouponLimitBelowRedeemed(errors.Conflict):
    code = "coupon_limit_below_redeemed"
    title = "The coupon has been redeemed more often than the new limit."


# The index and the check decide; two parallel requests cannot both get past a look in Python.
problems.constraint("billing_coupon_code_once", CouponCodeTaken)
problems.constraint("billing_coupon_within_its_limit", CouponLimitBelowRedeemed)


@transaction.atomic
def create_coupon(
    *, code: str, name: str, percent: Decimal | None = None, amount_minor: int | None = None,
    currency: str | None = None, duration: str = Coupon.Duration.ONCE, cycles: int | None = None,
    applies_until: datetime | None = None, redeem_by: datetime | None = None, max_redemptions: int | None = None,
    max_per_customer: int | None = None, plans: Sequence[str] = (), prices: Sequence[str] = (), actor: Actor,
    now: datetime,
) -> Coupon:  # fmt: skip
    """This function will make a coupon, with a code in upper case, and publish `CouponCreated`.

    `percent` is of 100; `plans` are codes or public ids, `prices` public ids.

    :raises billing.coupons.CouponInvalid: naming the member that makes no sense, or names no plan or price.
    :raises core.money.UnknownCurrency: if the currency is none.
    :raises CouponCodeTaken: if the code is in use.
    """
    terms = Terms(
        percent=percent, amount_minor=amount_minor, currency=currency, duration=duration, cycles=cycles,
        applies_until=applies_until, plans=_plans(plans), prices=_prices(prices),
    )  # fmt: skip
    terms.check()
    row = Coupon(
        code=coupons.canonical(code), name=name, redeem_by=redeem_by, max_redemptions=max_redemptions,
        max_per_customer=max_per_customer, created_at=now, **_columns(terms),
    )  # fmt: skip
    _check_limits(row, now)
    if Coupon.objects.filter(code=row.code).exists():
        raise CouponCodeTaken(coupon=row.code)
    row.save(force_insert=True)
    _say_created(row, actor=actor, now=now)
    return row


@transaction.atomic
def update_coupon(*, coupon_id: UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Coupon:
    """This function will change some of a coupon's members and publish `CouponUpdated`, if anything differs.

    Its terms can be changed until it is redeemed for the first time; its name and limits always, but not to less than
    has been redeemed.

    :raises CouponTermsFixed: if terms of a redeemed coupon would change.
    :raises CouponLimitBelowRedeemed: if it has been redeemed more often, by all or by one customer.
    :raises billing.models.CouponArchived: if it is archived.
    :raises billing.coupons.CouponInvalid, core.money.UnknownCurrency: as `create_coupon`.
    :raises core.errors.NotFound: if the environment has no such coupon.
    """
    row = _locked(coupon_id)
    row.refuse_if_archived()
    wanted = _resolved(changes)
    changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
    if not changed:
        return row
    _refuse_fixed(row, changed)
    for name in changed:
        setattr(row, name, wanted[name])
    _check(row, changed, now)
    row.save(update_fields=changed)
    events.publish(
        CouponUpdated(subject=row.public_id, actor=actor.label, at=now, code=row.code, changed=tuple(changed))
    )
    return row


@transaction.atomic
def archive_coupon(*, coupon_id: UUID, actor: Actor, now: datetime) -> Coupon:
    """This function will stop giving a coupon out; whoever holds it keeps it.

    :raises billing.models.CouponArchived: if that is so already.
    :raises core.errors.NotFound: if the environment has no such coupon.
    """
    row = _locked(coupon_id)
    row.archive(at=now)
    row.save(update_fields=["archived_at"])
    events.publish(CouponArchived(subject=row.public_id, actor=actor.label, at=now, code=row.code, archived_at=now))
    return row


def _locked(coupon_id: UUID) -> Coupon:
    row = Coupon.objects.select_for_update(no_key=True).filter(pk=coupon_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _resolved(changes: Mapping[str, Any]) -> dict[str, Any]:
    wanted = dict(changes)
    unknown = wanted.keys() - {*LIMITS, *TERMS}
    if unknown:
        raise TypeError(f"a coupon's {sorted(unknown)} are not for changing")
    for name, resolve in (("plans", _plans), ("prices", _prices)):
        if name in wanted:
            wanted[name] = list(resolve(wanted[name]))
    return wanted


def _refuse_fixed(row: Coupon, changed: Sequence[str]) -> None:
    fixed = [name for name in changed if name in TERMS]
    if fixed and row.redemptions.exists():
        raise CouponTermsFixed(fields=fixed)


def _check(row: Coupon, changed: Sequence[str], now: datetime) -> None:
    Terms(
        percent=row.percent, amount_minor=row.amount_minor, currency=row.currency, duration=row.duration,
        cycles=row.cycles,
    ).check()  # fmt: skip
    _check_limits(row, now, only=changed)
    if row.max_redemptions is not None and row.redeemed > row.max_redemptions:
        raise CouponLimitBelowRedeemed(redeemed=row.redeemed)
    if "max_per_customer" in changed and row.max_per_customer is not None:
        most = _most_of_one_customer(row)
        if most > row.max_per_customer:
            raise CouponLimitBelowRedeemed(redeemed_by_one_customer=most)


def _check_limits(row: Coupon, now: datetime, *, only: Sequence[str] | None = None) -> None:
    """An end that has passed already was not chosen now."""
    names = ("applies_until", *LIMITS[1:])
    told = {name: getattr(row, name) if only is None or name in only else None for name in names}
    coupons.check_limits(**told, now=now)


def _most_of_one_customer(row: Coupon) -> int:
    held = row.redemptions.filter(released_at=None).values("customer_id").annotate(times=Count("id"))
    return held.order_by("-times").values_list("times", flat=True).first() or 0


def _plans(names: Sequence[str]) -> tuple[str, ...]:
    found = [(name, catalog.find_plan(name)) for name in names]
    missing = [name for name, plan in found if plan is None]
    if missing:
        raise CouponInvalid("There is no such plan.", field="plans", missing=missing)
    return tuple(dict.fromkeys(plan.public_id for _, plan in found if plan is not None))


def _prices(names: Sequence[str]) -> tuple[str, ...]:
    missing = [name for name in names if catalog.find_price(name) is None]
    if missing:
        raise CouponInvalid("There is no such price.", field="prices", missing=missing)
    return tuple(dict.fromkeys(names))


def _columns(terms: Terms) -> dict[str, Any]:
    told = {name: getattr(terms, name) for name in TERMS}
    return told | {"plans": list(terms.plans), "prices": list(terms.prices)}


def _say_created(row: Coupon, *, actor: Actor, now: datetime) -> None:
    events.publish(
        CouponCreated(
            subject=row.public_id, actor=actor.label, at=now, code=row.code,
            percent=None if row.percent is None else f"{row.percent:f}", amount_minor=row.amount_minor,
            currency=row.currency, duration=row.duration,
        )
    )  # fmt: skip
