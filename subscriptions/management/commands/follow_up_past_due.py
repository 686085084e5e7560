"""`manage.py follow_up_past_due`: begin the dunning of what was past due before there was any."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction

from billing.selectors import is_followed_up, list_open_invoices
from core import clock, tenancy
from core.actor import Actor
from core.models import Environment, scope_of
from subscriptions import internal
from subscriptions.models import Subscription

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))


class Command(BaseCommand):
    help = (
        "Begin the dunning of every declined invoice of a past due subscription that has none, as if it had been "
        "declined just now. It may be stopped and repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will go through the past due subscriptions of each environment, one transaction each."""
        begun = 0
        for environment_id in _environments():
            with tenancy.scope(scope_of(environment_id)):
                begun += sum(_follow_up(subscription_id) for subscription_id in _past_due())
        self.stdout.write(f"{begun} invoices are followed up now")


@transaction.atomic
def _environments() -> list[UUID]:
    return list(Environment.objects.of_tenants().order_by("id").values_list("id", flat=True))


def _past_due() -> Iterator[UUID]:
    with transaction.atomic():
        rows = Subscription.objects.filter(status=Subscription.Status.PAST_DUE).order_by("id")
        found = list(rows.values_list("id", flat=True))
    yield from found


@transaction.atomic
def _follow_up(subscription_id: UUID) -> int:
    subscription = Subscription.objects.get(pk=subscription_id)
    declined = [one for one in list_open_invoices(subscription.public_id) if one.last_failure_code]
    missed = [one for one in declined if not is_followed_up(one.id)]
    for invoice in missed:
        internal.mark_past_due(
            subscription_id=subscription_id, invoice_id=invoice.id, code=invoice.last_failure_code, actor=ENGINEER,
            now=clock.now(),
        )  # fmt: skip
    return sum(is_followed_up(one.id) for one in missed)
