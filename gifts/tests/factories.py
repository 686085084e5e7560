"""Gifts for tests, made by the same verbs as everywhere."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core import mail

from accounts.models import Customer
from accounts.tests.factories import make_customer
from catalog.models import Plan
from catalog.tests.factories import make_plan
from core.actor import SYSTEM
from gifts import services
from gifts.models import Gift
from payments.services import attach_payment_method

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
FRIEND = "friend@example.com"


def make_buyer(behavior: str = "success") -> Customer:
    """A customer whose card behaves as named."""
    buyer = make_customer(now=NOW)
    attach_payment_method(customer_id=buyer.pk, source=f"tok_{behavior}", actor=SYSTEM, now=NOW)
    return buyer


def buy(buyer: Customer | None = None, plan: Plan | None = None, **given: Any) -> Gift:
    """Buy three months of a plan for a friend; jobs have to run before anything is paid."""
    recipient = services.Recipient(email=FRIEND, name="Friend", deliver_at=given.pop("deliver_at", None))
    values = {"intervals": 3, "recipient": recipient, "currency": None, "actor": SYSTEM, "now": NOW} | given
    buyer, plan = buyer or make_buyer(), plan or make_plan(now=NOW)
    return services.buy_gift(buyer_id=buyer.pk, plan_id=plan.pk, **values)


def reread(gift: Gift) -> Gift:
    """The gift as it is stored."""
    return Gift.objects.get(pk=gift.pk)


def mailed_codes() -> list[str]:
    """The codes that recipients have been mailed, in order."""
    return [code for letter in mail.outbox for code in re.findall(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}", letter.body)]
