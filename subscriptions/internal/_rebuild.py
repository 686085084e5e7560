"""Movements of recurring revenue, worked out again from history: for lines older than they are, and as a proof."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from accounts.internal import lock_customer
from billing.selectors import ForeverCoupon, list_forever
from catalog.selectors import get_terms
from core import events, ids
from core.actor import Actor
from subscriptions import mrr
from subscriptions.internal._history import worth_of
from subscriptions.internal._items import Held, plan_items
from subscriptions.models import REBUILDING, MrrMovement, Subscription, SubscriptionAddOn, SubscriptionEvent
from subscriptions.signals import SubscriptionMrrRebuilt

NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What history says of one customer's movements, where that is not what is stored."""

    customer_id: UUID
    stored: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def customer(self) -> str:
        """The customer's public id."""
        return ids.encode("cus", self.customer_id)


def list_customers(*, after: UUID = NOBODY, most: int) -> list[UUID]:
    """This function will return the next customers who have, or had, a subscription, in the order of their ids."""
    rows = Subscription.objects.filter(customer_id__gt=after).order_by("customer_id")
    return list(rows.values_list("customer_id", flat=True).distinct()[:most])


@transaction.atomic
def rebuild_mrr(
    customers: Iterable[UUID], *, is_check: bool = False, actor: Actor, now: datetime
) -> list[Rebuilt]:  # fmt: skip
    """This function will put the movements of some customers right, as their history tells, and say what was not.

    They are locked in the order of their ids, so that nobody moves meanwhile. With `is_check` nothing is changed. It
    may be repeated: what is right stays as it is.
    """
    found = []
    for customer_id in sorted(customers):
        lock_customer(customer_id)
        one = _rebuilt(customer_id, is_check=is_check)
        if one is None:
            continue
        found.append(one)
        if not is_check:
            events.publish(
                SubscriptionMrrRebuilt(
                    subject=one.customer, actor=actor.label, at=now, movements=len(one.told), before=len(one.stored)
                )
            )
    return found


def _rebuilt(customer_id: UUID, *, is_check: bool) -> Rebuilt | None:
    rows = {row.pk: row for row in Subscription.objects.filter(customer_id=customer_id)}
    lines = list(SubscriptionEvent.objects.filter(subscription__in=rows).order_by("at", "id"))
    told, worths = _told(rows, lines)
    stored = list(MrrMovement.objects.filter(customer_id=customer_id).order_by("currency", "number"))
    is_right = [_said(one) for one in told] == [_said(one) for one in stored]
    wrong = [row for row in rows.values() if row.mrr != worths.get(row.pk, row.mrr)]
    if is_right and not wrong:
        return None
    if not is_check:
        _replace(stored, told)
        for row in wrong:
            Subscription.objects.filter(pk=row.pk).update(mrr=worths[row.pk])
    return Rebuilt(customer_id=customer_id, stored=_texts(stored), told=_texts(told))


def _told(
    rows: Mapping[UUID, Subscription], lines: Sequence[SubscriptionEvent]
) -> tuple[list[MrrMovement], dict[UUID, Decimal]]:
    """The movements that a customer's history tells, by currency and number, and what each agreement is worth now."""
    untold = _Untold(rows, lines)
    worths: dict[UUID, Decimal] = dict.fromkeys(rows, mrr.kept(Fraction()))
    moved: dict[str, list[MrrMovement]] = {}
    for line in lines:
        row = rows[line.subscription_id]
        before, after = worths[row.pk], untold.worth(line, row)
        if before != after:
            others = sum((Fraction(one) for key, one in worths.items() if _beside(rows[key], row)), Fraction())
            earlier = moved.setdefault(row.currency, [])
            earlier.append(_movement(row, line, len(earlier), before, after, mrr.kept(others)))
        worths[row.pk] = after
    return [one for currency in sorted(moved) for one in moved[currency]], worths


def _beside(other: Subscription, row: Subscription) -> bool:
    return other.pk != row.pk and other.currency == row.currency


def _movement(
    row: Subscription, line: SubscriptionEvent, earlier: int, before: Decimal, after: Decimal, others: Decimal
) -> MrrMovement:
    kind = mrr.movement(before=before, after=after, others=others, is_known=earlier > 0)
    return MrrMovement(
        subscription=row, customer_id=row.customer_id, event=line, number=earlier + 1, currency=row.currency,
        kind=kind.value, amount=mrr.difference(after, before), at=line.at,
    )  # fmt: skip


class _Untold:
    """What agreements were worth after lines that are older than snapshots, from what is still known of that time.

    Quantities did not change then; add-ons and coupons say since when they are held, to the microsecond. A line that
    does not even know the version of the plan counts with the present one.
    """

    def __init__(self, rows: Mapping[UUID, Subscription], lines: Iterable[SubscriptionEvent]) -> None:
        asked = [rows[key] for key in {line.subscription_id for line in lines if line.snapshot is None}]
        addons = SubscriptionAddOn.objects.filter(subscription__in=asked).recurring() if asked else ()
        self._addons = list(addons)
        self._coupons = list_forever([row.public_id for row in asked], also_removed=True) if asked else {}

    def worth(self, line: SubscriptionEvent, row: Subscription) -> Decimal:
        """This function will return what an agreement was worth after a line of its history."""
        if line.snapshot is not None:
            return mrr.kept(Fraction(line.snapshot["mrr"]))
        terms = get_terms(line.plan_version_id or row.plan_version_id)
        interval, count = terms.cycle(row.currency)
        then = Subscription(
            status=line.new_status, currency=row.currency, quantity=row.quantity, interval=interval,
            interval_count=count,
        )  # fmt: skip
        items = (*plan_items(then, terms), *Held(addons=self._held(line)).recurring())
        return worth_of(then, items, self._reductions(line, row))

    def _held(self, line: SubscriptionEvent) -> tuple[SubscriptionAddOn, ...]:
        return tuple(
            one
            for one in self._addons
            if one.subscription_id == line.subscription_id
            and one.created_at <= line.at
            and (one.removed_at is None or one.removed_at > line.at)
        )

    def _reductions(self, line: SubscriptionEvent, row: Subscription) -> tuple[ForeverCoupon, ...]:
        return tuple(
            one
            for one in self._coupons.get(row.public_id, ())
            if one.redeemed_at <= line.at and (one.removed_at is None or one.removed_at > line.at)
        )


def _replace(stored: Sequence[MrrMovement], told: Sequence[MrrMovement]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(REBUILDING)
    MrrMovement.objects.filter(pk__in=[one.pk for one in stored]).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL app.rebuilding = ''")
    MrrMovement.objects.bulk_create(told)


def _said(one: MrrMovement) -> tuple[object, ...]:
    return one.event_id, one.subscription_id, one.currency, one.number, str(one.kind), Fraction(one.amount), one.at


def _texts(rows: Iterable[MrrMovement]) -> tuple[str, ...]:
    return tuple(f"{one.currency} {one.number} {one.kind} {mrr.plain(one.amount)} {one.at.isoformat()}" for one in rows)
