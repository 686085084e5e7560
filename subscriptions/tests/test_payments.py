"""What invoices mean for their subscriptions, told once or twice, in order or not."""

from collections.abc import Callable
from datetime import datetime

import pytest

from billing.models import Invoice
from billing.services import void_invoice
from core.actor import SYSTEM, Actor
from subscriptions import internal, services
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, make_customer, states_of, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Run = Callable[[], int]


@pytest.fixture
def past_due(freeze: Callable[[datetime], None], now: datetime, run_jobs: Run) -> Subscription:
    """A subscription whose second period could not be charged."""
    customer = make_customer()
    attach_card(customer)
    subscription = subscribe(customer)
    run_jobs()
    attach_card(customer, "fails_later")
    freeze(now.replace(month=2))
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "past_due"
    return subscription


def test_a_decline_told_again_changes_nothing(past_due: Subscription, now: datetime) -> None:
    invoice = Invoice.objects.open().get()
    for _ in range(2):
        told = internal.mark_past_due(
            subscription_id=past_due.pk, invoice_id=invoice.pk, code="card_declined", actor=SYSTEM, now=now
        )
        assert told is None
    assert states_of(past_due) == ["incomplete", "active", "past_due"]


def test_a_decline_told_after_the_payment_changes_nothing(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe()
    run_jobs()
    invoice = Invoice.objects.get()
    assert invoice.state == "paid"
    internal.mark_past_due(
        subscription_id=subscription.pk, invoice_id=invoice.pk, code="card_declined", actor=SYSTEM, now=now
    )
    assert states_of(subscription) == ["incomplete", "active"]


def test_a_payment_told_again_changes_nothing(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe()
    run_jobs()
    before = subscription.events.count()
    internal.settle(subscription_id=subscription.pk, invoice_id=Invoice.objects.get().pk, actor=SYSTEM, now=now)
    assert subscription.events.count() == before


def test_the_history_says_why(past_due: Subscription) -> None:
    last = past_due.events.order_by("-number")[0]
    assert (last.type, last.reason, last.actor) == ("past_due", "card_declined", SYSTEM.label)


def test_what_is_forgiven_is_not_owed(past_due: Subscription, actor: Actor, now: datetime, run_jobs: Run) -> None:
    void_invoice(invoice_id=Invoice.objects.open().get().pk, reason="goodwill", actor=actor, now=now)
    run_jobs()
    assert states_of(past_due)[-1] == "active"


def test_a_renewal_that_is_voided_is_withdrawn(
    past_due: Subscription, actor: Actor, now: datetime, run_jobs: Run
) -> None:
    services.renew_subscription(subscription_id=past_due.pk, actor=actor, now=now)
    ordered = past_due.extensions.get()
    void_invoice(invoice_id=ordered.invoice_id, reason="typo", actor=actor, now=now)
    run_jobs()
    ordered.refresh_from_db()
    assert ordered.withdrawn_at is not None
    assert states_of(past_due)[-1] == "past_due"


def test_what_is_over_is_not_revived_by_a_payment(now: datetime, actor: Actor) -> None:
    subscription = subscribe(make_customer())
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    internal.settle(subscription_id=subscription.pk, invoice_id=Invoice.objects.get().pk, actor=SYSTEM, now=now)
    assert states_of(subscription) == ["incomplete", "canceled"]
