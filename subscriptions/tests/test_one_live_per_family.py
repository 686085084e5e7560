"""Many at once, one subscription."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import Invoice
from core import clock
from core.actor import SYSTEM
from core.invariants import broken
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import free_plan, make_customer, make_plan, subscribe
from tests.session import Database

AT_ONCE = 20


@pytest.mark.slow
def test_twenty_at_once_make_one_subscription(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        customer_id, plan_id = make_customer().pk, make_plan().pk

    def attempt(_: int) -> str:
        return _subscribe(sandbox_scope, customer_id, plan_id)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(attempt, range(AT_ONCE)))
    assert sorted(outcomes) == ["incomplete"] + ["refused"] * (AT_ONCE - 1)
    with sandbox_scope(), transaction.atomic():
        assert (Subscription.objects.count(), Invoice.objects.count()) == (1, 1)
    assert broken("subscriptions.one_live_per_family") == []


def _subscribe(sandbox_scope: Callable[[], Any], customer_id: UUID, plan_id: UUID) -> str:
    try:
        with sandbox_scope():
            return services.create_subscription(
                customer_id=customer_id, plan_id=plan_id, actor=SYSTEM, now=clock.now()
            ).status
    except services.LiveSubscriptionExists:
        return "refused"
    finally:
        connection.close()


@pytest.mark.django_db
def test_the_database_refuses_a_second_one_too() -> None:
    customer = make_customer()
    subscribe(customer, free_plan())
    other = subscribe(make_customer(), free_plan())
    with pytest.raises(IntegrityError, match="one_live_per_family"), transaction.atomic():
        Subscription.objects.filter(pk=other.pk).update(customer_id=customer.pk)
