"""A subscription whose card fails from its second month on, to be told day by day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Customer
from billing.dunning import Policy
from billing.models import DunningCase, Invoice
from billing.services import change_dunning_policy
from catalog.models import Plan
from catalog.services import NewFeature
from core import clock
from core.actor import SYSTEM
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, make_customer, make_plan, monthly, subscribe
from tests.fixtures import NOW, do_all_jobs
from tests.shared import Freeze
from usage.models import Entitlement

Run = Callable[[], int]
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Story:
    """A subscription of a plan that grants something; its second month cannot be charged from `began` on."""

    customer: Customer
    plan: Plan
    subscription: Subscription
    began: datetime
    freeze: Freeze
    run: Run

    def fail(self, behavior: str = "fails_later") -> "Story":
        """This function will let the card of the second month be declined."""
        attach_card(self.customer, behavior)
        self.freeze(self.began)
        self.run()
        return self

    def on_day(self, days: float) -> "Story":
        """This function will go to a day after the first failure."""
        self.freeze(self.began + days * DAY)
        self.run()
        return self

    @property
    def case(self) -> DunningCase:
        """The only case."""
        return DunningCase.objects.get()

    @property
    def invoice(self) -> Invoice:
        """The invoice that failed."""
        return Invoice.objects.get(pk=self.case.invoice_id)

    def status(self) -> str:
        """The subscription's state."""
        return Subscription.objects.get().status

    @property
    def tried(self) -> list[tuple[str, str, float]]:
        """What was tried: kind, outcome, and on which day."""
        steps = self.case.steps.filter(payment__isnull=False)
        return [(step.kind, step.outcome, (step.at - self.began) / DAY) for step in steps]

    def has_access(self) -> bool:
        """Whether what the plan grants may be used."""
        return Entitlement.objects.filter(revoked_at=None).exists()


def begin(freeze: Freeze) -> dict[str, Any]:
    freeze(NOW)
    customer = make_customer()
    attach_card(customer)
    plan = make_plan(monthly("20"), features=[NewFeature(code="seats", name="Seats", kind="static", value="3")])
    subscription = subscribe(customer, plan)
    do_all_jobs()
    return {"customer": customer, "plan": plan, "subscription": subscription, "began": NOW.replace(month=2)}


def decide(**terms: Any) -> None:
    """Follow declines up in another way than by default."""
    plan = terms.pop("plan", "")
    change_dunning_policy(policy=Policy(**terms), plan=plan, actor=SYSTEM, now=clock.now())
