"""The next period of many subscriptions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.internal import Batch, Begun, NewInvoice, NewLine, begin_invoices, draft_invoices, issue_invoices
from catalog.selectors import PlanTerms
from core import events, failpoints
from core.actor import Actor
from core.tenancy.ahead import ahead
from core.tenancy.writes import write
from core.verbs import verb
from subscriptions.internal._charges import closing_lines, cycle_invoice, opening_lines, period_row
from subscriptions.internal._entitlements import grant_all, look_up_granted
from subscriptions.internal._history import keep
from subscriptions.internal._items import Held, plan_items
from subscriptions.internal._renew import is_due
from subscriptions.internal._renewals._gather import Gathered, gather, lock_many
from subscriptions.internal._rows import EVERYTHING, next_version, parties
from subscriptions.models import Subscription, SubscriptionEvent
from subscriptions.signals import SubscriptionRenewed
from usage.internal import Granted


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """One subscription in its next period, and what is to be written about it."""

    subscription: Subscription
    terms: PlanTerms
    held: Held
    event: SubscriptionEvent
    new: NewInvoice


@verb
def renew_many(*, subscription_ids: Collection[UUID], actor: Actor, now: datetime) -> set[UUID]:
    """Begin the next period of those of these subscriptions whose current one is over, all of them or none.

    For each it is what `renew` does. This function will return those that are left to `renew`: whose usage is to be
    measured, who have stored value, who rested, whose plan changes with the period, for whom a change waits, or whom
    it charges nothing.
    """
    due = [row for row in lock_many(subscription_ids) if is_due(row, now)]
    if __debug__:
        failpoints.reach("subscriptions.renewals_locked")
    found = gather(due)
    worked_out = [one for row in due if is_plain(row, found) and (one := _worked_out(row, found, actor, now))]
    batch = begin_invoices([one.new for one in worked_out], now=now) if worked_out else None
    begun = {one.key: one for one in batch.begun} if batch else {}
    renewed = [(one, begun[one.new.key]) for one in worked_out if one.new.key in begun]
    if batch and renewed:
        _write_all(renewed, batch, actor=actor, now=now)
    if __debug__:
        failpoints.reach("subscriptions.renewed_together")
    done = {one.subscription.pk for one, _ in renewed}
    return {row.pk for row in due} - done


def is_plain(subscription: Subscription, found: Gathered) -> bool:
    """This function will tell whether a due subscription's next period follows from what was gathered, alone."""
    terms = found.terms.get(subscription.plan_version_id)
    return (
        terms is not None
        and subscription.next_plan_version_id is None
        and subscription.given_back is None
        and subscription.pk not in found.changing
        and not any(price.is_usage for price in terms.prices_in(subscription.currency))
    )


def _worked_out(subscription: Subscription, found: Gathered, actor: Actor, now: datetime) -> Renewal | None:
    """In memory alone: whoever is left out later is as he was. None if nothing is charged, or his worth changes."""
    terms, until = found.terms[subscription.plan_version_id], subscription.period.ends_at
    items = (*plan_items(subscription, terms), *found.held_by(subscription).recurring())
    lines: list[NewLine] = closing_lines(subscription, terms, until=until, now=now, items=items)
    subscription.enter_next()
    starts_at, status = subscription.period.starts_at, subscription.status
    event = next_version(subscription, "renewed", old_status=status, actor=actor, now=now, effective_at=starts_at)
    if not keep(subscription, event, found.holding_of(subscription)):
        return None
    held = found.held_by(subscription)
    lines += opening_lines(subscription, terms, held)
    if not any(line.amount_minor >= 0 for line in lines):
        return None
    new = cycle_invoice(subscription, lines)
    return Renewal(subscription=subscription, terms=terms, held=held, event=event, new=new)


def _write_all(renewed: Sequence[tuple[Renewal, Begun]], batch: Batch, *, actor: Actor, now: datetime) -> None:
    """PostgreSQL writes what was worked out while the rest is: nothing is asked from here on but for the numbers."""
    granted = look_up_granted(one.subscription for one, _ in renewed)
    with ahead():
        _write_rows([one for one, _ in renewed], now=now)
        draft_invoices(batch, now=now)
        _write_periods(renewed, granted, now=now)
        _say_renewed(renewed, actor=actor, now=now)
        issue_invoices(batch, actor=actor, now=now)
        events.flush()


def _write_rows(renewals: Sequence[Renewal], *, now: datetime) -> None:
    write([one.event for one in renewals], [(one.subscription, EVERYTHING) for one in renewals])
    if __debug__:
        failpoints.reach("subscriptions.periods_entered")
    unbilled = [row for one in renewals for row in one.held.unbilled]
    for row in unbilled:
        row.billed_at = now
    write([], [(row, ("billed_at",)) for row in unbilled])


def _write_periods(renewed: Sequence[tuple[Renewal, Begun]], granted: Granted, *, now: datetime) -> None:
    write(
        [
            period_row(one.subscription, invoice_id=invoice.invoice_id, extension=one.held.extension, now=now)
            for one, invoice in renewed
        ]
    )
    if __debug__:
        failpoints.reach("subscriptions.periods_billed")
    grant_all([(one.subscription, one.terms) for one, _ in renewed], now=now, held=granted)


def _say_renewed(renewed: Sequence[tuple[Renewal, Begun]], *, actor: Actor, now: datetime) -> None:
    """The facts are written at once: from the numbers on to the commit, other workers of the environment wait."""
    for one, invoice in renewed:
        row = one.subscription
        events.publish(
            SubscriptionRenewed(
                subject=row.public_id, actor=actor.label, at=now, **parties(row),
                period_starts_at=row.period.starts_at, period_ends_at=row.period.ends_at, invoice=invoice.public_id,
            )
        )  # fmt: skip
    events.flush()
