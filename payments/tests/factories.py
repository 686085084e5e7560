"""Customers, ways to pay and payments in a state, made by the verbs that make them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from accounts.tests import factories as accounts
from core.actor import SYSTEM
from core.ids import encode, new
from payments import internal, services
from payments.models import Payment, PaymentAttempt, PaymentMethod, SandboxCharge

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

_numbers = count(1)


def make_customer(**given: Any) -> UUID:
    """This function will make a customer and return his id."""
    return accounts.make_customer(**{"now": NOW} | given).id


def make_method(customer_id: UUID, behavior: str = "success", **given: Any) -> PaymentMethod:
    """This function will attach a card that behaves as named, see `gateways.sandbox_cards.BEHAVIORS`."""
    values: dict[str, Any] = {
        "customer_id": customer_id,
        "source": f"tok_{behavior}",
        "actor": SYSTEM,
        "now": NOW,
    } | given
    return services.attach_payment_method(**values)


def make_payment(behavior: str | None = "success", **given: Any) -> Payment:
    """This function will request a payment of 10.50 USD from a new customer with such a card, or with none."""
    customer_id = given.pop("customer_id", None) or make_customer()
    if behavior is not None:
        make_method(customer_id, behavior)
    reference = encode("inv", new())
    values: dict[str, Any] = {
        "customer_id": customer_id, "amount_minor": 1050, "currency": "USD", "reference": reference,
        "key": f"{reference}:{next(_numbers)}", "description": "one month", "actor": SYSTEM, "now": NOW,
    } | given  # fmt: skip
    return Payment.objects.get(pk=internal.request_payment(**values))


def make_paid(**given: Any) -> Payment:
    """This function will make a payment that has been collected."""
    payment = make_payment(**given)
    internal.collect_payment(payment_id=payment.id, now=given.get("now", NOW))
    return reread(payment)


def reread(payment: Payment) -> Payment:
    """This function will return the payment as it is stored."""
    return Payment.objects.get(pk=payment.pk)


def attempt_of(payment: Payment) -> PaymentAttempt:
    """This function will return the payment's only attempt."""
    return PaymentAttempt.objects.get(payment=payment)


def booked() -> list[tuple[str, int]]:
    """This function will return what the sandbox gateway has done: status and amount of each charge, in order."""
    charges = SandboxCharge.objects.filter(kind="charge").exclude(status="received").order_by("id")
    return list(charges.values_list("status", "amount_minor"))
