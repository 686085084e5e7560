"""One statement finds due what beat finds duty by duty."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from core import clock
from jobs import internal
from jobs.registry import Duty, duties
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, make_customer, make_plan, subscribe
from tests import due

pytestmark = pytest.mark.django_db


def looked_for() -> list[str]:
    """The kinds for which looking writes jobs, which are taken back."""
    with transaction.atomic():
        found = [duty.kind for duty in duties() if internal.look_for_due(kinds=[duty.kind])]
        transaction.set_rollback(True)
    return found


def test_it_finds_what_looking_finds(
    freeze: Callable[[datetime], None], run_jobs: Callable[[], int], now: datetime
) -> None:
    freeze(now)
    customer = make_customer()
    attach_card(customer)
    subscribe(customer, make_plan())
    subscribe(make_customer(), make_plan(trial_days=3))
    seen = set()
    for days in (0, 1, 4, 31, 40, 70):
        freeze(now + timedelta(days=days))
        assert due.kinds() == looked_for()
        seen |= set(due.kinds())
        run_jobs()
        assert due.kinds() == looked_for() == []
    assert {"subscriptions.convert_trial", "subscriptions.renew"} <= seen


def test_a_duty_that_depends_on_more_than_the_instant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def overdue() -> Any:
        return Subscription.objects.filter(renews_at__lte=clock.wall())

    odd = Duty(kind="test.odd", rows=overdue, at="renews_at")
    with pytest.raises(AssertionError, match=r"test\.odd: what is due depends on more than the instant"):
        due._question((odd,))
