"""Charges, invoices and reminders at an instant that somebody names."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.tests.factories import make_customer
from billing import services as billing
from billing.internal import InvoiceNotRemindable
from billing.models import Invoice, InvoiceNotDraft, InvoiceNotOpen
from billing.tests.factories import AT, issue, settle
from billing.tests.test_drafts import draft
from core import errors, ids, tenancy
from core.actor import SYSTEM
from core.models import Environment
from jobs import claims, services
from jobs.models import Job, NotWaiting, ScheduledJob
from payments.models import Payment
from subscriptions.tests.factories import attach_card, subscribe

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=10)
SCHEDULED = "/api/v1/scheduled-jobs"


@pytest.fixture(autouse=True)
def frozen(freeze: Callable[[datetime], None]) -> Callable[[datetime], None]:
    """The sandbox's clock stands at AT until a test moves it."""
    freeze(AT)
    return freeze


def plan(kind: str, subject: str, **known: Any) -> ScheduledJob:
    fields = {"run_at": LATER, "actor": SYSTEM, "now": AT}
    return services.schedule(kind=kind, subject=subject, **fields | known)


def chargeable() -> Any:
    customer = make_customer()
    attach_card(customer)
    return issue(2500, customer_id=customer.pk)


def test_an_invoice_is_charged_at_its_instant_and_not_before(frozen, run_jobs, facts):
    invoice = chargeable()
    plan("charge", invoice.public_id)
    run_jobs()
    assert not Payment.objects.exists()

    frozen(LATER)
    run_jobs()
    assert Invoice.objects.get(pk=invoice.id).state == "paid"
    assert [(one.status, one.amount_minor) for one in Payment.objects.all()] == [("succeeded", 2500)]
    assert facts().count("job.scheduled") == 1


def test_what_was_paid_in_the_meantime_is_not_charged_again(frozen, run_jobs):
    invoice = chargeable()
    scheduled = plan("charge", invoice.public_id)
    settle(invoice)
    frozen(LATER)
    run_jobs()

    assert not Payment.objects.exists()
    assert Job.objects.get(pk=scheduled.job_id).state == "succeeded"


def test_a_charge_scheduled_twice_takes_the_money_once(frozen, run_jobs):
    invoice = chargeable()
    plan("charge", invoice.public_id)
    plan("charge", invoice.public_id)
    frozen(LATER)
    run_jobs()

    assert [one.status for one in Payment.objects.all()] == ["succeeded"]


def test_a_draft_is_issued_at_its_instant(frozen, run_jobs):
    invoice = draft()
    plan("invoice", invoice.public_id)
    frozen(LATER)
    run_jobs()

    row = Invoice.objects.get(pk=invoice.id)
    assert (row.state, row.issued_at) == ("open", LATER)


def test_a_draft_that_is_thrown_away_takes_its_schedule_along(frozen, run_jobs, facts):
    invoice = draft()
    scheduled = plan("invoice", invoice.public_id)
    billing.delete_invoice(invoice_id=invoice.id, actor=SYSTEM, now=AT)
    assert Job.objects.get(pk=scheduled.job_id).state == "canceled"

    frozen(LATER)
    run_jobs()
    assert "job.canceled" in facts()
    assert not Job.objects.dead().exists()


def test_a_charge_of_what_is_still_a_draft_is_a_dead_letter_with_that_cause(frozen, run_jobs):
    scheduled = plan("charge", draft().public_id)
    frozen(LATER)
    run_jobs()

    assert (Job.objects.get(pk=scheduled.job_id).state, Job.objects.get(pk=scheduled.job_id).error_class) == (
        "dead", "InvoiceNotOpen",
    )  # fmt: skip
    assert not Payment.objects.exists()


def test_a_reminder_is_mailed_while_something_is_due(frozen, run_jobs):
    due, settled = issue(2500), issue(900)
    for invoice in (due, settled):
        plan("reminder", invoice.public_id)
    settle(settled)
    frozen(LATER)
    run_jobs()

    (letter,) = mail.outbox
    assert "Payment reminder" in str(letter.subject)
    assert due.number in str(letter.subject)
    assert "25.00" in str(letter.body)
    assert [kind for _, _, kind in letter.attachments] == ["application/pdf"]


def test_a_reminder_of_a_subscription_says_when_it_renews(frozen, run_jobs):
    subscription = subscribe()
    run_jobs()
    mail.outbox.clear()
    plan("reminder", subscription.public_id, run_at=AT + timedelta(days=5))
    frozen(AT + timedelta(days=5))
    run_jobs()

    (letter,) = mail.outbox
    assert "renews on 2026-02-15" in str(letter.body)
    assert subscription.public_id in str(letter.body)


def test_a_moved_clock_runs_what_was_scheduled_on_its_way(run_jobs, environment, actor):
    invoice = chargeable()
    plan("charge", invoice.public_id)
    services.advance_clock(to=LATER + timedelta(days=1), actor=actor, now=AT)
    run_jobs()

    assert Payment.objects.get().created_at == LATER
    assert Environment.objects.get(pk=environment.environment_id).clock_at == LATER + timedelta(days=1)


def test_what_is_canceled_is_not_done(frozen, run_jobs, facts):
    scheduled = plan("charge", chargeable().public_id)
    services.cancel_schedule(schedule_id=scheduled.id, reason="paid in cash", actor=SYSTEM, now=AT)
    frozen(LATER)
    run_jobs()

    assert not Payment.objects.exists()
    assert Job.objects.get(pk=scheduled.job_id).discard_reason == "paid in cash"
    assert facts().count("job.canceled") == 1


def test_what_runs_or_is_over_is_not_canceled(facts):
    scheduled = plan("charge", chargeable().public_id, run_at=AT)
    claimed = claims.of_queues("q:sub:payment_initiation")
    assert claimed is not None
    with pytest.raises(NotWaiting):
        services.cancel_schedule(schedule_id=scheduled.id, reason="too late", actor=SYSTEM, now=AT)

    assert Job.objects.get(pk=scheduled.job_id).state == "running"
    assert "job.canceled" not in facts()


def test_the_same_key_is_the_same_schedule():
    invoice = chargeable()
    first = plan("charge", invoice.public_id, key="k1")

    assert plan("charge", invoice.public_id, key="k1") == first
    with pytest.raises(services.ScheduleKeyReused):
        plan("charge", invoice.public_id, key="k1", run_at=LATER + timedelta(days=1))
    assert ScheduledJob.objects.count() == 1


def paid() -> str:
    return settle(issue(100)).public_id


@pytest.mark.parametrize(
    ("kind", "subject", "run_at", "refusal"),
    [
        ("charge", paid, LATER, InvoiceNotOpen),
        ("invoice", paid, LATER, InvoiceNotDraft),
        ("reminder", paid, LATER, InvoiceNotRemindable),
        ("charge", lambda: ids.encode("inv", ids.new()), LATER, errors.NotFound),
        ("charge", lambda: ids.encode("sub", ids.new()), LATER, services.NotSchedulable),
        ("renew", lambda: issue(100).public_id, LATER, services.NotSchedulable),
        ("charge", lambda: "inv_nonsense", LATER, errors.NotFound),
        ("charge", lambda: issue(100).public_id, AT - timedelta(seconds=1), services.RunAtInvalid),
        ("charge", lambda: issue(100).public_id, AT + timedelta(days=4000), services.RunAtInvalid),
    ],
)
def test_what_could_never_be_done_is_refused_at_once(kind, subject, run_at, refusal):
    named = subject()
    before = Job.objects.count()
    with pytest.raises(refusal):
        plan(kind, named, run_at=run_at)

    assert (ScheduledJob.objects.count(), Job.objects.count()) == (0, before)


def test_another_environments_invoice_is_not_there(live_environment):
    invoice = chargeable()
    with tenancy.scope(live_environment):
        with pytest.raises(errors.NotFound):
            plan("charge", invoice.public_id, run_at=services.HORIZON + AT - timedelta(days=1))
        assert not ScheduledJob.objects.exists()


def test_over_the_api_it_is_scheduled_once_listed_and_canceled(api, stranger_api):
    invoice = chargeable()
    body = {"kind": "charge", "subject": invoice.public_id, "run_at": LATER.isoformat()}
    first = api.post(SCHEDULED, body, key="once")
    again = api.post(SCHEDULED, body, key="once")
    shown = first.json()

    assert (first.status_code, again.json()) == (201, shown)
    assert (shown["state"], shown["run_at"], shown["subject"]) == ("pending", "2026-01-25T12:00:00Z", invoice.public_id)
    (listed,) = api.get(
        SCHEDULED, subject=invoice.public_id, state="pending", run_at_before="2026-01-26T00:00:00Z"
    ).json()["data"]
    assert listed == shown == api.get(f"{SCHEDULED}/{shown['id']}").json()
    assert api.get(SCHEDULED, run_at_from="2026-01-26T00:00:00Z").json()["data"] == []
    assert stranger_api.get(f"{SCHEDULED}/{shown['id']}").status_code == 404
    assert stranger_api.post(f"{SCHEDULED}/{shown['id']}/cancel", {"reason": "mine"}).status_code == 404

    canceled = api.post(f"{SCHEDULED}/{shown['id']}/cancel", {"reason": "not wanted"})
    assert (canceled.json()["state"], canceled.json()["cancel_reason"]) == ("canceled", "not wanted")
    assert api.post(f"{SCHEDULED}/{shown['id']}/cancel", {"reason": "again"}).json()["code"] == "job_not_waiting"


def test_without_an_idempotency_key_nothing_is_scheduled(api):
    body = {"kind": "charge", "subject": chargeable().public_id, "run_at": LATER.isoformat()}
    answer = api.client.post(SCHEDULED, body, content_type="application/json", headers=api.headers)

    assert answer.json()["code"] == "idempotency_key_missing"
    assert not ScheduledJob.objects.exists()


def test_the_list_asks_no_more_for_more_rows(api, django_assert_max_num_queries):
    for _ in range(3):
        plan("charge", chargeable().public_id)
    with django_assert_max_num_queries(12):
        assert len(api.get(SCHEDULED).json()["data"]) == 3
