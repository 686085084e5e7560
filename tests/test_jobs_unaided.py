"""Every job as a worker does it: in its environment's scope, with no transaction open but those it opens itself.

A test's own transaction would hide a query outside of one, so these tests commit.
"""

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from accounts.tests.factories import register
from billing.models import Invoice
from catalog.services import archive_plan
from core import clock, ids
from core.actor import SYSTEM
from gifts.tests.factories import buy
from jobs import internal as jobs
from jobs.models import Job
from jobs.registry import QUEUES, Kind, kinds
from jobs.services import enqueue
from subscriptions import internal
from subscriptions.models import Subscription
from subscriptions.services import Wanted, schedule_change
from subscriptions.tests.factories import make_plan, seats, subscribe
from tests.fixtures import do_all_jobs
from tests.session import Database

Scope = Callable[[], Any]
# What a payload names that is no row.
WORDS = {
    "kind": "invoice", "owner": "login", "about": "password_changed", "handler": "webhooks.queue_deliveries",
    "to": "2026-01-15T12:00:00Z",
}  # fmt: skip


def payload_of(kind: Kind, known: Mapping[str, str]) -> dict[str, str]:
    """What a job of a kind is called with; a row that is not known is one that does not exist."""
    asked = [
        name for name, one in inspect.signature(kind.call).parameters.items()
        if one.kind is one.KEYWORD_ONLY and one.default is one.empty
    ]  # fmt: skip
    return {name: WORDS.get(name) or known.get(name) or str(ids.new()) for name in asked}


def do_one_each(scope: Scope, payloads: Mapping[str, dict[str, str]]) -> dict[str, Job]:
    """Have one job of each of these kinds done by the workers' own code, and return the rows."""
    with scope(), transaction.atomic():
        for kind, payload in payloads.items():
            enqueue(kind, payload=payload, key="unaided")
    while jobs.do_next(*QUEUES):
        pass
    with scope(), transaction.atomic():
        return {row.kind: row for row in Job.objects.filter(key="unaided")}


def test_no_job_asks_the_database_outside_a_transaction(committed: Database, sandbox_scope: Scope) -> None:
    """Each is given rows that do not exist: it may refuse them, but not fail before it has looked."""
    asked = {kind.name: payload_of(kind, {}) for kind in kinds()}
    done = do_one_each(sandbox_scope, asked)
    assert done.keys() == asked.keys()
    assert [row.kind for row in done.values() if row.error_class == "TransactionManagementError"] == []


def sold(scope: Scope) -> Subscription:
    """A paid subscription, made with real commits."""
    with scope():
        with transaction.atomic():
            subscription = subscribe(plan=make_plan(seats("20.00")))
        do_all_jobs()
    return subscription


def test_a_change_that_failed_is_told_by_mail(committed: Database, sandbox_scope: Scope) -> None:
    subscription = sold(sandbox_scope)
    with sandbox_scope():
        with transaction.atomic():
            gone, at = make_plan(seats("30.00")), clock.now() + timedelta(days=3)
            row = schedule_change(
                subscription_id=subscription.pk, wanted=Wanted(plan_id=gone.pk), at=at, actor=SYSTEM, now=clock.now()
            )
            archive_plan(plan_id=gone.pk, actor=SYSTEM, now=clock.now())
        mail.outbox.clear()
        internal.apply_change(change_id=row.pk, actor=SYSTEM, now=at)
        do_all_jobs()
        with transaction.atomic():
            job = Job.objects.get(kind="subscriptions.tell_change_failed")
            email = Subscription.objects.select_related("customer").get(pk=subscription.pk).customer.email
    assert (job.state, job.attempts, job.error_class) == (Job.State.SUCCEEDED, 1, "")
    (letter,) = mail.outbox
    assert letter.to == [email]
    assert "could not be made: " in letter.body


# The kinds of mail of which the row that is written about is made by one verb.
LETTERS = (
    "accounts.mail_notice", "accounts.mail_password_reset", "accounts.mail_verification", "billing.send_invoice",
    "gifts.deliver", "subscriptions.remind",
)  # fmt: skip


@pytest.mark.usefixtures("committed")
def test_letters_about_what_exists_are_written_and_sent(sandbox_scope: Scope) -> None:
    """A letter's second look at the database is in a transaction as well as its first."""
    subscription = sold(sandbox_scope)
    with sandbox_scope():
        with transaction.atomic():
            customer, _ = register()
            gift = buy(now=clock.now())
            invoice = Invoice.objects.get(reference=subscription.public_id)
            login = customer.login
        do_all_jobs()
    known = {
        "login_id": str(login.pk), "owner_id": str(login.pk), "customer_id": str(customer.pk), "gift_id": str(gift.pk),
        "invoice_id": str(invoice.pk), "id": str(subscription.pk),
    }  # fmt: skip
    mail.outbox.clear()
    done = do_one_each(sandbox_scope, {one.name: payload_of(one, known) for one in kinds() if one.name in LETTERS})
    assert {kind: row.last_error for kind, row in done.items()} == dict.fromkeys(LETTERS, "")
    assert len(mail.outbox) == len(LETTERS)
