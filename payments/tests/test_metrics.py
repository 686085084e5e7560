"""What Prometheus is told of charges and refunds."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from core.actor import SYSTEM
from payments import internal, services
from payments.tests.factories import make_paid, make_payment

Sums = dict[tuple[str, str], float]


def told(name: str) -> Sums:
    """The last hour's figures by outcome and currency."""
    page = Client().get("/metrics").content.decode()
    families = {family.name: family.samples for family in text_string_to_metric_families(page)}
    return {(one.labels["outcome"], one.labels["currency"]): one.value for one in families[f"perennial_{name}"]}


@pytest.mark.django_db
def test_charges_refunds_and_their_money_are_told_by_outcome(now: datetime, run_jobs: Callable[[], int]) -> None:
    paid, _ = make_paid(), make_paid()
    internal.collect_payment(payment_id=make_payment("card_declined").id, now=now)
    services.refund_payment(payment_id=paid.id, amount_minor=50, reason="unhappy", actor=SYSTEM, now=now)
    run_jobs()

    assert told("charges_last_hour") == {("succeeded", "USD"): 2, ("failed", "USD"): 1}
    assert told("charges_last_hour_minor") == {("succeeded", "USD"): 2100, ("failed", "USD"): 1050}
    assert told("refunds_last_hour") == {("succeeded", "USD"): 1}
    assert told("refunds_last_hour_minor") == {("succeeded", "USD"): 50}
