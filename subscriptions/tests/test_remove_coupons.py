"""Coupons that a change takes off a subscription, now or later."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client

from billing.models import Coupon, CouponRedemption
from core import clock, errors
from core.actor import SYSTEM
from outbox.models import OutboxEvent
from subscriptions import services
from subscriptions.models import MrrMovement, ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.changing import amounts, change, invoices_of, preview
from subscriptions.tests.factories import latest, make_coupon, make_plan, seats, subscribe
from subscriptions.tests.migrating import half_way, healthy
from tests.edge.state import digest
from tests.fixtures import Api, do_all_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
URL = "/api/v1/subscriptions"
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def reduced(run_jobs: Run) -> Subscription:
    """A seat of 20.00 USD a month from 15 January at half its price for ever; its first invoice is paid."""
    make_coupon(duration="forever")
    subscription = subscribe(plan=make_plan(seats("20.00")), coupons=["HALF"])
    run_jobs()
    subscription.refresh_from_db()
    return subscription


def totals(subscription: Subscription) -> list[int]:
    return [invoice.total_minor for invoice in invoices_of(subscription)]


def later(subscription: Subscription, now: datetime, at: datetime | None = None, **wanted: Any) -> ScheduledChange:
    return services.schedule_change(
        subscription_id=subscription.pk, wanted=Wanted(**wanted), at=at, actor=SYSTEM, now=now
    )


def refused(verb: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The code of a refusal, which has changed no row of any table."""
    before = digest()
    with pytest.raises(errors.Refusal) as caught, transaction.atomic():
        verb(*arguments, **named)
    assert digest() == before
    return caught.value.code


def test_now_it_reduces_nothing_from_the_changes_own_invoice_on(
    reduced: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """Half of what the seat was paid goes back, and three seats are charged whole for the rest."""
    change(reduced, half_way(now), Behavior.INVOICE_NOW, quantity=3, remove_coupons=("half",))
    assert (amounts(latest(reduced)), latest(reduced).discount_minor) == ([-500, 3000], 0)
    freeze(reduced.period.ends_at)
    run_jobs()
    assert totals(reduced) == [1000, 2500, 6000]
    assert CouponRedemption.objects.get().removed_at == half_way(now)
    assert healthy()


def test_alone_it_is_a_change_of_its_own_that_is_told_and_written_down(reduced: Subscription, now: datetime) -> None:
    done = change(reduced, half_way(now), remove_coupons=("HALF",))
    line = reduced.events.latest("number")
    assert line.snapshot is not None
    assert (done.invoice, line.type, line.snapshot["coupons"]) == (None, "changed", [])
    told = OutboxEvent.objects.filter(type="subscription.changed").latest("id").data
    assert told["removed_coupons"] == ["HALF"]
    moved = MrrMovement.objects.latest("number")
    assert (moved.kind, moved.amount, moved.event_id) == ("expansion", Decimal(1000), line.pk)
    again = change(reduced, half_way(now), remove_coupons=("HALF",))
    assert (again.invoice, reduced.events.latest("number").pk) == (None, line.pk)


def test_at_the_end_of_the_period_the_next_one_costs_all(
    reduced: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    row = later(reduced, half_way(now), remove_coupons=("HALF",))
    assert row.wanted == {"remove_coupons": ["HALF"]}
    assert CouponRedemption.objects.held().count() == 1
    freeze(reduced.period.ends_at)
    run_jobs()
    row.refresh_from_db()
    assert (row.state, totals(reduced)) == ("applied", [1000, 2000])
    assert healthy()


def test_at_an_instant_it_is_taken_off_then(
    reduced: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    later(reduced, now, half_way(now), quantity=2, remove_coupons=("HALF",))
    freeze(half_way(now))
    run_jobs()
    assert CouponRedemption.objects.get().removed_at == half_way(now)
    freeze(reduced.period.ends_at)
    run_jobs()
    # Two seats of the next period, and of the rest of this one, which was half paid for one.
    assert amounts(latest(reduced)) == [4000, -500, 2000]


def test_one_that_is_off_when_its_time_comes_hinders_nothing(
    reduced: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    row = later(reduced, now, quantity=2, remove_coupons=("HALF",))
    change(reduced, half_way(now), remove_coupons=("HALF",))
    freeze(reduced.period.ends_at)
    run_jobs()
    row.refresh_from_db()
    assert (row.state, totals(reduced)) == ("applied", [1000, 4000])


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_what_it_will_cost_is_told_and_nothing_is_written(reduced: Subscription, now: datetime, when: str) -> None:
    before = digest()
    seen = services.preview_change(
        subscription_id=reduced.pk, wanted=Wanted(remove_coupons=("HALF",)), when=when, actor=SYSTEM, now=half_way(now)
    )
    assert digest() == before
    assert (seen.is_changed, seen.renewal.discount_minor if seen.renewal else None) == (True, 0)
    assert seen.renewal is not None
    assert seen.renewal.total_minor == 2000
    untouched = preview(reduced, half_way(now), quantity=2)
    assert untouched.renewal is not None
    assert untouched.renewal.discount_minor > 0


def test_another_takes_its_place_in_the_same_change(
    reduced: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    make_coupon("TENTH", percent=Decimal(10), duration="forever")
    change(reduced, half_way(now), coupon="TENTH", remove_coupons=("HALF",))
    freeze(reduced.period.ends_at)
    run_jobs()
    assert totals(reduced) == [1000, 1800]


def test_before_the_first_invoice_it_goes_back_to_the_others(now: datetime) -> None:
    make_coupon(max_redemptions=1)
    subscription = subscribe(plan=make_plan(seats("20.00"), trial_days=14), coupons=["HALF"])
    change(subscription, now + timedelta(days=1), remove_coupons=("HALF",))
    assert (Coupon.objects.get().redeemed, CouponRedemption.objects.held().count()) == (0, 0)


def test_what_cannot_be_taken_off_changes_nothing(reduced: Subscription, now: datetime) -> None:
    make_coupon("OTHER")
    for code, why in (("OTHER", "coupon_not_held"), ("NONE", "coupon_unknown")):
        for verb in (change, later):
            assert refused(verb, reduced, half_way(now), quantity=2, remove_coupons=("HALF", code)) == why


def test_over_http_now_and_later(api: Api) -> None:
    make_coupon(duration="forever")
    subscription = subscribe(plan=make_plan(seats("20.00")), coupons=["HALF"], now=clock.now())
    do_all_jobs()
    path, body = f"{URL}/{subscription.public_id}", {"remove_coupons": ["HALF"]}
    waiting = api.post(f"{path}/change", body | {"at": "period_end"}).json()["change"]
    assert (waiting["state"], waiting["remove_coupons"], waiting["coupon"]) == ("pending", ["HALF"], None)
    told = api.post(f"{path}/change/preview", body).json()
    assert (told["renewal"]["discount_minor"], told["renewal"]["total_minor"]) == (0, 2000)
    assert [one["code"] for one in api.get(path).json()["coupons"]] == ["HALF"]
    answer = api.post(f"{path}/change", body)
    assert (answer.status_code, answer.json()["subscription"]["coupons"]) == (200, [])
    coupon = Coupon.objects.get()
    (redemption,) = api.get(f"/api/v1/coupons/{coupon.public_id}/redemptions").json()["data"]
    assert (redemption["released_at"], redemption["removed_at"] is None) == (None, False)


@pytest.mark.parametrize("wrong", [[], ["HALF", " half"], [1], "HALF", ["x" * 65]])
def test_a_wrong_list_is_named_and_nothing_changes(api: Api, wrong: Any) -> None:
    make_coupon(duration="forever")
    subscription = subscribe(coupons=["HALF"])
    answer = api.post(f"{URL}/{subscription.public_id}/change", {"remove_coupons": wrong})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/remove_coupons")
    assert CouponRedemption.objects.held().count() == 1


def test_on_the_console_codes_are_written_with_commas(reduced: Subscription, client: Client) -> None:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client.force_login(user)
    path = f"/admin/subscriptions/subscription/{reduced.pk}/adjust/"
    given = {"reason": "asked by phone", "when": "period_end", "remove_coupons": " half, "}
    assert "Next invoice" in client.post(path, given | {"preview": "1"}).content.decode()
    assert "It will change at" in client.post(path, given, follow=True).content.decode()
    row = ScheduledChange.objects.get()
    assert row.wanted == {"remove_coupons": ["half"]}
    page = client.get(f"/admin/subscriptions/scheduledchange/{row.pk}/change/").content.decode()
    assert "without coupon half" in page
    assert (
        "There is no coupon"
        in client.post(path, given | {"remove_coupons": "NONE", "when": "now"}, follow=True).content.decode()
    )
