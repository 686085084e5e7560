"""Three months of all that can be planned: in one move of the clock, in three, and as live workers do them."""

from datetime import datetime

import pytest

from billing.models import Invoice, WalletTransaction
from core import clock
from gifts.models import Gift
from subscriptions.models import ScheduledChange, Subscription, SubscriptionPause
from subscriptions.tests.renewing import written
from subscriptions.tests.travelling import assert_same, compared, live, move, plan_ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now", "still"), pytest.mark.slow]

MONTHS = 3


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The machine's clock stands, too, so that every instant can be compared."""
    monkeypatch.setattr(clock, "wall", lambda: now)


def assert_all_happened() -> None:
    """Everything that was planned has come about."""
    assert not ScheduledChange.objects.exclude(state="applied").exists()
    assert SubscriptionPause.objects.filter(ended_at__isnull=False).count() == 2
    assert sorted(Gift.objects.values_list("status", flat=True)) == ["expired", "redeemed"]
    assert WalletTransaction.objects.filter(kind="expiry").count() == 2
    assert sorted(Subscription.objects.values_list("status", flat=True)) == ["active", "active", "active", "canceled"]


def test_three_months_at_once_are_three_moves_and_what_live_does(now: datetime) -> None:
    plan_ahead(now)
    numbers: list[list[int | None]] = []

    def at_once() -> None:
        move(now, MONTHS)
        assert_all_happened()
        numbers.append(list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True)))

    one = compared(written(at_once))
    assert numbers == [list(range(1, len(numbers[0]) + 1))]
    assert_same(one, compared(written(lambda: move(now, *range(1, MONTHS + 1)))))
    assert_same(one, compared(written(lambda: live(now, MONTHS))))
    assert {
        "billing_invoice",
        "billing_creditnote",
        "outbox_outboxevent",
        "subscriptions_subscriptionperiod",
    } <= one.keys()
