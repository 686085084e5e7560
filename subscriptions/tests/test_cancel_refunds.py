"""What goes back when a paid period is broken off, and what never begins."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.models import CreditNote, Invoice, WalletLot
from billing.tests.coupons import make_tax_rate
from catalog.models import Plan
from core import invariants
from core.actor import SYSTEM
from payments.models import Refund as MoneyBack
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.services import Refund
from subscriptions.tests.factories import (
    attach_card,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    states_of,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Run = Callable[[], int]
Freeze = Callable[[datetime], None]
DAY = timedelta(days=1)


def paid_by_card(run_jobs: Run, amount: str = "31", **wanted: Any) -> Subscription:
    """A running subscription whose first invoice is paid."""
    customer = make_customer(country="DE")
    attach_card(customer)
    row = subscribe(customer, make_plan(monthly(amount)), **wanted)
    run_jobs()
    row.refresh_from_db()
    return row


def cancel(row: Subscription, now: datetime, refund: Refund, **how: Any) -> Subscription:
    how = {"at": "now", **how}
    return services.cancel_subscription(subscription_id=row.pk, refund=refund, actor=SYSTEM, now=now, **how)


def notes() -> list[tuple[int, int, int]]:
    """What each credit note comes to, and how much of it is money and value."""
    rows = CreditNote.objects.order_by("id")
    return [(row.total_minor, row.refund_minor, row.wallet_minor) for row in rows]


def sound() -> None:
    """Every rule of the house holds, money and subscriptions."""
    broken = {one.code: invariants.broken(one.code) for one in invariants.rules()}
    ours = {
        code: rows for code, rows in broken.items() if rows and code.partition(".")[0] in ("billing", "subscriptions")
    }
    assert ours == {}


def test_nothing_goes_back_unless_it_is_asked_for(run_jobs: Run, now: datetime) -> None:
    cancel(paid_by_card(run_jobs), now + 10 * DAY, Refund.NONE)
    assert notes() == []


@pytest.mark.parametrize(("refund", "expected"), [(Refund.REFUND, (2100, 2100, 0)), (Refund.CREDIT, (2100, 0, 2100))])
def test_the_rest_goes_back_as_money_or_value(
    run_jobs: Run, now: datetime, refund: Refund, expected: tuple[int, int, int]
) -> None:
    row = paid_by_card(run_jobs)
    cancel(row, now + 10 * DAY, refund)
    assert notes() == [expected]
    run_jobs()
    money = [(one.amount_minor, one.status) for one in MoneyBack.objects.all()]
    assert money == ([(2100, "succeeded")] if refund is Refund.REFUND else [])
    assert [one.amount_minor for one in WalletLot.objects.all()] == ([] if money else [2100])
    assert row.events.order_by("-number")[0].type == "canceled"
    sound()


def test_tax_goes_back_with_it(run_jobs: Run, now: datetime) -> None:
    make_tax_rate(country="DE")
    row = paid_by_card(run_jobs)
    invoice = Invoice.objects.get()
    cancel(row, now + 10 * DAY, Refund.REFUND)
    note = CreditNote.objects.get()
    assert note.subtotal_minor == 2100
    assert invoice.tax_minor == 620
    assert note.tax_minor == 420
    sound()


def test_no_more_goes_back_than_discounts_left_to_pay(run_jobs: Run, now: datetime) -> None:
    make_coupon()
    row = paid_by_card(run_jobs, coupons=["HALF"])
    cancel(row, now + 10 * DAY, Refund.REFUND)
    assert notes() == [(1050, 1050, 0)]
    sound()


def test_what_was_given_back_already_is_not_given_back_again(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    services.pause_subscription(
        subscription_id=row.pk, policy="restart", refund=Refund.CREDIT, actor=SYSTEM, now=now + 10 * DAY
    )
    services.cancel_subscription(
        subscription_id=row.pk, at="now", refund=Refund.REFUND, actor=SYSTEM, now=now + 12 * DAY
    )
    assert notes() == [(2100, 0, 2100)]
    sound()


def test_an_unpaid_invoice_is_only_reduced(run_jobs: Run, now: datetime) -> None:
    customer = make_customer()
    attach_card(customer, "fails_later")
    row = subscribe(customer, make_plan(monthly("31"), trial_days=1))
    services.activate_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)
    run_jobs()
    assert states_of(row)[-1] == "past_due"
    cancel(row, now + 10 * DAY, Refund.REFUND)
    assert notes() == [(2100, 0, 0)]
    assert Invoice.objects.get().due_minor == 1000
    sound()


def test_a_change_in_between_is_taken_into_account(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    addon = make_addon(monthly("31", name="Support"))
    services.add_addon(
        subscription_id=row.pk, addon_id=addon.pk, behavior=services.Behavior.INVOICE_NOW, actor=SYSTEM,
        now=now + 10 * DAY,
    )  # fmt: skip
    run_jobs()
    cancel(row, now + 21 * DAY, Refund.REFUND)
    # Ten of 31 days of each are left.
    assert sum(total for total, _, _ in notes()) == 2000
    sound()


def test_what_only_waits_for_its_invoice_is_reduced_there(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    addon = make_addon(monthly("31", name="Support"))
    services.add_addon(subscription_id=row.pk, addon_id=addon.pk, actor=SYSTEM, now=now + 10 * DAY)
    cancel(row, now + 21 * DAY, Refund.REFUND)
    assert notes() == [(1000, 1000, 0)]
    final = Invoice.objects.latest("id")
    # 21 days of it were ordered, 11 were used.
    assert final.total_minor == 1100
    sound()


def test_a_credit_that_waits_goes_back_too(run_jobs: Run, now: datetime, freeze: Freeze) -> None:
    row = paid_by_card(run_jobs, amount="62")
    plan_id = row.plan_id
    cheaper = publish_prices(Plan.objects.get(pk=plan_id), monthly("31"))
    migration = services.prepare_migration(plan_id=plan_id, when="now", actor=SYSTEM, now=now + 10 * DAY)
    freeze(now + 10 * DAY)
    services.start_migration(migration_id=migration.pk, actor=SYSTEM, now=now + 10 * DAY)
    run_jobs()
    row.refresh_from_db()
    assert row.plan_version_id == cheaper.pk
    cancel(row, now + 21 * DAY, Refund.REFUND)
    # 62.00 paid, of which ten days at 2.00 were used; and eleven days at 1.00 that are billed now.
    assert notes() == [(4200, 4200, 0)]
    assert Invoice.objects.latest("id").total_minor == 1100
    sound()


@pytest.mark.parametrize("refund", list(Refund))
def test_periods_that_never_begin_go_back_in_any_case(run_jobs: Run, now: datetime, refund: Refund) -> None:
    row = paid_by_card(run_jobs)
    services.renew_subscription(subscription_id=row.pk, intervals=3, actor=SYSTEM, now=now)
    run_jobs()
    cancel(row, now + 10 * DAY, refund)
    expected = 9300 if refund is Refund.NONE else 9300 + 2100
    assert sum(total for total, _, _ in notes()) == expected
    sound()


def test_a_date_inside_a_period_is_kept_until_it_comes(run_jobs: Run, now: datetime, freeze: Freeze) -> None:
    row = paid_by_card(run_jobs)
    at = now.replace(month=2) + 14 * DAY
    cancel(row, now, Refund.CREDIT, at=at, reason="too_expensive", comment="It is too dear.")
    row.refresh_from_db()
    assert (row.cancel_at, row.renews_at, row.cancel_refund) == (at, now.replace(month=2), "prorated_credit")
    for instant in (now.replace(month=2), at):
        freeze(instant)
        run_jobs()
    row.refresh_from_db()
    assert (row.status, row.ended_at, row.reason, row.comment) == ("canceled", at, "too_expensive", "It is too dear.")
    # February's second half.
    assert notes() == [(1550, 0, 1550)]
    last = row.events.order_by("-number")[0]
    assert (last.reason, last.comment) == ("too_expensive", "It is too dear.")
    sound()


def test_undoing_forgets_the_refund(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    cancel(row, now, Refund.CREDIT, at=now + 14 * DAY, reason="unused", comment="so")
    services.undo_cancellation(subscription_id=row.pk, actor=SYSTEM, now=now)
    row.refresh_from_db()
    assert (row.cancel_at, row.cancel_refund, row.reason, row.comment) == (None, "none", "", "")
    assert row.renews_at == row.period.ends_at


def test_a_date_that_has_passed_is_refused(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    before = row.events.count()
    with pytest.raises(services.CancelInThePast):
        cancel(row, now, Refund.NONE, at=now - DAY)
    assert row.events.count() == before


def test_ending_charges_what_is_open_and_can_give_the_rest_back(run_jobs: Run, now: datetime) -> None:
    row = paid_by_card(run_jobs)
    services.end_subscription(
        subscription_id=row.pk, comment="closed", refund=Refund.REFUND, actor=SYSTEM, now=now + 10 * DAY
    )
    row.refresh_from_db()
    assert (row.status, row.reason, row.comment) == ("expired", "ended", "closed")
    assert notes() == [(2100, 2100, 0)]
    sound()
