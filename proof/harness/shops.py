"""The company that the loads buy from."""

from django.db import transaction

from accounts.tests.factories import make_customer, make_key
from catalog.tests.factories import make_plan, monthly
from core import clock, ids
from core.actor import SYSTEM
from proof.harness import world
from subscriptions.tests.factories import attach_card
from usage.services import create_meter


def open_shop() -> dict[str, str]:
    """This function will make a key, a customer with a card, a plan that can be bought again and again, and a meter."""
    with world.inside(), transaction.atomic():
        customer = make_customer(email="buyer@example.com")
        attach_card(customer)
        meter = create_meter(code="calls", name="Calls", aggregation="count", actor=SYSTEM, now=clock.now())
        plan = make_plan(monthly("10.00"), family=None)
        return {
            "secret": make_key(), "customer": customer.public_id, "plan": plan.public_id,
            "meter": ids.encode("mtr", meter.pk),
        }  # fmt: skip
