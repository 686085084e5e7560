"""Subscriptions for tests, made by the same verbs as everywhere."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing.models import Coupon, Invoice
from billing.services import create_coupon, pay_invoice
from catalog.models import Plan, PlanVersion, Price
from catalog.services import NewPrice, publish_version, revise_plan
from catalog.tests.factories import make_addon, make_plan, monthly, seats
from core import clock, ids
from core.actor import SYSTEM
from payments.services import attach_payment_method
from subscriptions import services
from subscriptions.models import Subscription
from usage.acceptance import NewEvent
from usage.services import create_meter, record_event

__all__ = [
    "attach_card", "free_plan", "latest", "lines_of", "make_addon", "make_coupon", "make_customer", "make_plan",
    "metered", "monthly", "once", "pay_open_invoices", "publish_prices", "seats", "states_of", "subscribe", "use",
]  # fmt: skip


def attach_card(customer: Customer, behavior: str = "success") -> None:
    """Give a customer a card of the sandbox that behaves as named."""
    attach_payment_method(customer_id=customer.pk, source=f"tok_{behavior}", actor=SYSTEM, now=clock.now())


def subscribe(customer: Customer | None = None, plan: Plan | None = None, **wanted: Any) -> Subscription:
    """Subscribe a customer, who has a card that works unless he is given."""
    if customer is None:
        customer = make_customer()
        attach_card(customer)
    plan = plan or make_plan()
    wanted = {"actor": SYSTEM, "now": clock.now(), **wanted}
    return services.create_subscription(customer_id=customer.pk, plan_id=plan.pk, **wanted)


def free_plan(**particulars: Any) -> Plan:
    """A plan that costs nothing."""
    return make_plan(monthly("0"), **particulars)


def pay_open_invoices(now: datetime) -> None:
    """Have every open invoice collected."""
    for invoice in Invoice.objects.open():
        pay_invoice(invoice_id=invoice.pk, actor=SYSTEM, now=now)


def metered(amount: str) -> NewPrice:
    """A price in USD per unit of a new meter that sums."""
    code = f"units-{ids.new().hex[-8:]}"
    meter = create_meter(code=code, name="Units", aggregation="sum", actor=SYSTEM, now=clock.now())
    return monthly(amount, name="Units", kind="usage", model="per_unit", meter_id=meter.pk)


def use(subscription: Subscription, value: str, *, at: datetime) -> None:
    """Report usage of the subscription's only meter."""
    price = Price.objects.select_related("meter").get(version_id=subscription.plan_version_id, kind="usage")
    assert price.meter is not None
    customer = ids.encode("cus", subscription.customer_id)
    event = NewEvent(
        id=str(ids.new()), meter=price.meter.public_id, customer=customer, timestamp=at, value=Decimal(value)
    )
    record_event(event=event, actor=SYSTEM, now=at)


def states_of(subscription: Subscription) -> list[str]:
    """The states a subscription has been in, in order."""
    seen: list[str] = []
    for state in subscription.events.order_by("number").values_list("new_status", flat=True):
        if not seen or seen[-1] != state:
            seen.append(state)
    return seen


def make_coupon(code: str = "HALF", **terms: Any) -> Coupon:
    """A coupon of 50 % for the first invoice, unless told otherwise."""
    known: dict[str, Any] = {"name": "Half price", "percent": Decimal(50), "actor": SYSTEM, "now": clock.now()}
    if "amount_minor" in terms:
        known["percent"] = None
    return create_coupon(code=code, **known | terms)


def once(amount: str = "99", **terms: Any) -> NewPrice:
    """A price in USD that is charged once."""
    return monthly(amount, name="Set-up", interval=None, **terms)


def publish_prices(plan: Plan, *prices: NewPrice) -> PlanVersion:
    """A new published version of a plan at these prices."""
    version = revise_plan(plan_id=plan.pk, prices=prices, actor=SYSTEM, now=clock.now())
    return publish_version(version_id=version.pk, actor=SYSTEM, now=clock.now())


def lines_of(invoice: Invoice) -> list[tuple[str, int]]:
    """The kinds and amounts of an invoice's lines."""
    return list(invoice.lines.order_by("position").values_list("kind", "amount_minor"))


def latest(subscription: Subscription) -> Invoice:
    """The newest invoice of a subscription."""
    return Invoice.objects.filter(reference=subscription.public_id).latest("id")
