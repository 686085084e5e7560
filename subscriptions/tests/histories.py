"""Random changes, asked about first and then made: both must come to the same."""

import random
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import CouponRedemption
from billing.selectors import Explanation, explain_invoice, list_waiting
from billing.services import create_tax_rate, create_wallet, grant_promotion
from core import ids
from core.actor import SYSTEM
from core.errors import Refusal
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.services import ChangePreview, Wanted
from subscriptions.tests.factories import make_addon, make_coupon, make_plan, metered, monthly, seats, subscribe, use
from tests.edge.state import digest
from tests.fixtures import do_all_jobs

# What belongs to a row and not to what it says.
APART = ("id", "invoice", "number", "state", "moved", "sentence", "sentences", "paid_minor", "due_minor")


def figures(told: Explanation | None) -> Any:
    """What an invoice says, line by line, without the ids that its rows happen to have."""
    if told is None:
        return None
    known = {name: value for name, value in asdict(told).items() if name not in APART}
    return known | {
        "lines": [{k: v for k, v in line.items() if k not in ("id", "sentence")} for line in known["lines"]]
    }


class World:
    """A customer, what there is to choose from, and one subscription."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.dice, self.now = random.Random(seed), now
        family: dict[str, Any] = {"proration_basis": self.dice.choice(("second", "day"))}
        self.plans = [
            make_plan(seats("20.00"), **family), make_plan(seats("33.33"), monthly("9.99"), **family),
            make_plan(seats("7.77", billed="arrears"), metered("0.05"), **family),
            make_plan(seats("190.00", interval="year"), **family),
        ]  # fmt: skip
        self.addons = [make_addon(monthly("5.55", model="per_unit")), make_addon(monthly("12")),
                       make_addon(monthly("60", interval="year"))]  # fmt: skip
        self.coupons = [f"OFF{number}" for number in range(3)]
        for code in self.coupons:
            make_coupon(code, percent=Decimal(self.dice.randint(5, 60)), duration="forever")
        create_tax_rate(code="vat", name="VAT", percentage=Decimal(19), actor=SYSTEM, now=now)
        trial = self.dice.choice((0, 0, 0, 20))
        self.subscription = subscribe(plan=self.plans[self.dice.randrange(2)], trial_days=trial)
        self.give_value()
        do_all_jobs()

    def give_value(self) -> None:
        """Something in the wallet, now and then."""
        if self.dice.random() < 0.5:
            owner = self.subscription.customer_id
            wallet = create_wallet(customer_id=owner, currency="USD", actor=SYSTEM, now=self.now)
            grant_promotion(
                wallet_id=wallet.pk, amount_minor=self.dice.randint(1, 3000), key="hello", actor=SYSTEM, now=self.now
            )

    def wanted(self, at: datetime) -> Wanted:
        """Some of what can be wanted, in a random combination."""
        dice, known = self.dice, dict[str, Any]()
        if dice.random() < 0.4:
            known["plan_id"] = dice.choice(self.plans).pk
        if dice.random() < 0.5:
            known["quantity"] = dice.randint(1, 6)
        if dice.random() < 0.4:
            some = dice.sample(self.addons, dice.randint(1, 2))
            known["addons"] = tuple((addon.pk, dice.randint(0, 3)) for addon in some)
        if dice.random() < 0.15:
            known["coupon"] = dice.choice(self.coupons)
        if dice.random() < 0.15:
            known["remove_coupons"] = self.redeemed()
        if dice.random() < 0.15:
            known["anchor"] = dice.choice(("now", at + timedelta(hours=dice.randint(1, 700))))
        return Wanted(**known)

    def redeemed(self) -> tuple[str, ...]:
        """One of the coupons that the subscription has, or has had, if there is any."""
        rows = CouponRedemption.objects.about(self.subscription.public_id).order_by("id")
        codes = list(rows.values_list("coupon__code", flat=True))
        return (self.dice.choice(codes),) if codes else ()

    def step(self, at: datetime) -> str:
        """Ask what a change would cost, see that asking left nothing behind, make it, and compare."""
        if self.dice.random() < 0.3:
            self.measure(at)
        wanted, behavior = self.wanted(at), self.dice.choice((None, None, *Behavior))
        how: dict[str, Any] = {
            "subscription_id": self.subscription.pk, "wanted": wanted, "behavior": behavior, "actor": SYSTEM, "now": at,
        }  # fmt: skip
        before = digest()
        asked = _or_refusal(services.preview_change, how)
        assert digest() == before, "asking left something behind"
        made = _or_refusal(services.change_subscription, how)
        if isinstance(asked, str) or isinstance(made, str):
            assert asked == made, (wanted, behavior, asked, made)
            return str(made)
        self.subscription = made.subscription
        self.compare(asked, made.invoice)
        return "changed" if asked.is_changed else "same"

    def measure(self, at: datetime) -> None:
        """Report usage, where the plan is charged for it."""
        if Subscription.objects.get(pk=self.subscription.pk).plan_id == self.plans[2].pk:
            use(Subscription.objects.get(pk=self.subscription.pk), str(self.dice.randint(1, 500)), at=at)

    def compare(self, asked: ChangePreview, invoice: str | None) -> None:
        """This function will compare what was told with what was invoiced, line by line."""
        billed = explain_invoice(ids.decode("inv", invoice)) if invoice else None
        assert figures(asked.invoice) == figures(billed)
        if asked.invoice is not None and billed is not None:
            assert asked.due_minor == asked.invoice.due_minor == billed.due_minor
        assert asked.waiting == list_waiting(self.subscription.public_id, self.subscription.currency)


def _or_refusal(verb: Any, how: dict[str, Any]) -> Any:
    """What a verb returns, or the word with which it refuses."""
    try:
        with transaction.atomic():
            return verb(**how)
    except Refusal as refused:
        return refused.code
