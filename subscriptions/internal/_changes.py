"""Working out what a change inside a period comes to, and billing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing.internal import NewLine
from billing.selectors import InvoiceView, PaidFor, list_paid
from catalog.selectors import PlanTerms, PriceTerms, list_prices
from core import errors
from core.actor import Actor
from core.periods import Cycle, Interval, Period
from subscriptions.changes import Change, Charged, Destination, change
from subscriptions.internal._charges import charge, open_period, wait
from subscriptions.internal._items import held_by, span_of, uncovered
from subscriptions.lines import Item, addon_item, once_lines
from subscriptions.models import Extension, Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior


class PeriodBoughtAhead(errors.Conflict):
    code = "period_bought_ahead"
    title = "Periods were bought ahead, so that the current one cannot be broken off."


@dataclass(frozen=True, kw_only=True)
class Known:
    """What decides about a change of one subscription: its add-ons, what was bought ahead, and what was charged.

    `extension` has paid for the current period, `later` for one after it. `terms` are those of what was charged.
    """

    addons: tuple[Item, ...] = ()
    extension: Extension | None = None
    later: Extension | None = None
    charged: Mapping[str, Charged] = field(default_factory=dict)
    terms: Mapping[str, PriceTerms] = field(default_factory=dict)


def known_of(subscription: Subscription, prices: Iterable[PriceTerms]) -> Known:
    """This function will gather what decides about a change of one subscription that has these prices."""
    return list_known([subscription], prices)[subscription.pk]


def list_known(subscriptions: Sequence[Subscription], prices: Iterable[PriceTerms]) -> dict[UUID, Known]:
    """This function will gather it for many, in as many queries as for one; `prices` are their plans'."""
    addons, (extensions, later) = _addons(subscriptions), _extensions(subscriptions)
    paid = _paid([one for one in subscriptions if one.period_index is not None])
    by_reference: dict[str, dict[str, Charged]] = {}
    for (reference, price), sums in paid.items():
        by_reference.setdefault(reference, {})[price] = _charged(sums)
    held = [*prices, *(item.terms for items in addons.values() for item in items)]
    terms = _terms_of(paid.values(), {one.price_id: one for one in held})
    return {
        one.pk: Known(
            addons=tuple(addons.get(one.pk, ())), extension=extensions.get(one.pk), later=later.get(one.pk),
            charged=by_reference.get(one.public_id, {}), terms=terms,
        )
        for one in subscriptions
    }  # fmt: skip


def work_out(
    subscription: Subscription,
    terms: PlanTerms,
    before: Sequence[Item],
    after: Sequence[Item],
    *,
    known: Known,
    behavior: Behavior,
    at: datetime,
    interval: str | None = None,
    interval_count: int | None = None,
) -> Change:
    """This function will return what going from some prices to others at an instant of the current period comes to.

    What was bought ahead is neither credited nor charged. The interval is the new anchor's.

    :raises PeriodBoughtAhead: if the anchor were to move while this period, or one to come, is bought ahead.
    :raises subscriptions.models.CancellationScheduled: if the anchor were to move though the end is decided.
    """
    if behavior is Behavior.FULL_CHARGE_RESET_ANCHOR:
        _refuse_new_anchor(subscription, known)
    return change(
        uncovered(before, known.extension), uncovered(after, known.extension), charged=known.charged,
        span=span_of(subscription, terms), at=at, behavior=behavior,
        next_period=_anchored_at(subscription, at, interval, interval_count),
    )  # fmt: skip


def _refuse_new_anchor(subscription: Subscription, known: Known) -> None:
    subscription.refuse_if_ending()
    ahead = known.extension or known.later
    if ahead is not None:
        raise PeriodBoughtAhead(extension=ahead.public_id)


def settle(
    subscription: Subscription,
    worked_out: Change,
    closing: Sequence[NewLine],
    *,
    actor: Actor,
    now: datetime,
    at: datetime | None = None,
) -> InvoiceView | None:
    """This function will bill a change of a saved subscription, with what was due in arrears before it.

    A subscription whose anchor moved has entered its new period already. `at` is when the change takes effect, if that
    is not now.
    """
    name, lines = f"change-{subscription.version}", [*closing, *worked_out.lines]
    if worked_out.destination is Destination.NEW_ANCHOR:
        held = held_by(subscription)
        lines += once_lines(held.waiting())
        return open_period(subscription, lines, extension=held.extension, actor=actor, now=now)
    if worked_out.destination is Destination.INVOICE:
        return charge(
            subscription, lines, name=name, actor=actor, now=now, kind="subscription_change",
            period=Period(at or now, subscription.period.ends_at),
        )  # fmt: skip
    wait(subscription, lines, name=name, now=now)
    return None


def _anchored_at(subscription: Subscription, at: datetime, interval: str | None, count: int | None) -> Period:
    cycle = Cycle(
        anchor=at, interval=Interval(interval or subscription.interval),
        interval_count=count or subscription.interval_count,
        timezone=subscription.next_timezone or subscription.timezone,
    )  # fmt: skip
    return Period(at, cycle.boundary(1))


def _addons(subscriptions: Sequence[Subscription]) -> dict[UUID, list[Item]]:
    rows = list(SubscriptionAddOn.objects.filter(subscription__in=subscriptions).kept().recurring().order_by("id"))
    prices = list_prices({row.price_id for row in rows}) if rows else {}
    found: dict[UUID, list[Item]] = {}
    for row in rows:
        item = addon_item(prices[row.price_id], quantity=row.quantity, since=row.added_at)
        found.setdefault(row.subscription_id, []).append(item)
    return found


def _extensions(subscriptions: Sequence[Subscription]) -> tuple[dict[UUID, Extension], dict[UUID, Extension]]:
    """The extensions that cover the current period of each, and those that cover later ones."""
    rows = list(Extension.objects.applied().filter(subscription__in=subscriptions).order_by("-id"))
    current = {one.pk: one.period_index for one in subscriptions}
    covering = {row.subscription_id: row for row in rows if row.covers(current[row.subscription_id])}
    later = {row.subscription_id: row for row in rows if row.last_period > (current[row.subscription_id] or 0)}
    return covering, later


def _paid(running: Sequence[Subscription]) -> dict[tuple[str, str], PaidFor]:
    """What was charged inside the current periods, also before a pause that was given back has lengthened one."""
    return list_paid({one.public_id: one.period for one in running}) if running else {}


def _terms_of(paid: Iterable[PaidFor], held: dict[UUID, PriceTerms]) -> dict[str, PriceTerms]:
    """The terms of what was charged: those in force are known, and a change without proration leaves others behind."""
    charged = {unit[0] for sums in paid for unit, count in sums.units.items() if unit is not None and count > 0}
    found = held | (list_prices(charged - held.keys()) if charged - held.keys() else {})
    return {one.public_id: one for one in found.values()}


def _charged(sums: PaidFor) -> Charged:
    # What is still owed will be paid, or the invoice be voided with all that is on it.
    return Charged(
        billed_minor=sums.billed_minor, paid_minor=sums.paid_minor + sums.owed_minor,
        credited_minor=sums.credited_minor, standing=_standing(sums),
    )  # fmt: skip


def _standing(sums: PaidFor) -> tuple[tuple[Decimal, int], ...] | None:
    """A credit of which only a part found room on an invoice no longer tells of how many units it was."""
    if None in sums.units:
        return None
    return tuple(unit[1:] for unit, count in sums.units.items() if unit is not None and count > 0)
