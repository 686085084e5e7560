"""Random changes, asked about first and then made, now or later: both must come to the same."""

import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import CouponRedemption, Invoice
from billing.selectors import Explanation, explain_invoice, list_waiting, waiting_ids
from billing.services import create_tax_rate, create_wallet, grant_promotion
from core import ids
from core.actor import SYSTEM
from core.errors import Refusal
from payments.services import attach_payment_method, make_default_payment_method
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import ChangePreview, Wanted
from subscriptions.tests.factories import make_addon, make_coupon, make_plan, metered, monthly, seats, subscribe, use
from tests.edge.state import digest
from tests.fixtures import do_all_jobs

NOW = "now"
PERIOD_END = "period_end"
# What became of a change that was made.
MADE = ("changed", "same", PERIOD_END, "instant")
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
    """A customer, what there is to choose from, and one subscription. `seen` tells what there was to compare."""

    def __init__(self, seed: int, now: datetime, freeze: Callable[[datetime], None]) -> None:
        self.dice, self.now, self.freeze, self.seen = random.Random(seed), now, freeze, set[str]()
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
        # One that works, one that is declined whenever it is charged, and one more that works.
        self.cards = [self.card(name) for name in ("success", "fails_later", "success")]

    def card(self, behavior: str) -> UUID:
        """Another card of the customer's, which is not charged before it is chosen."""
        return attach_payment_method(
            customer_id=self.subscription.customer_id, source=f"tok_{behavior}", is_default=False, actor=SYSTEM,
            now=self.now,
        ).pk  # fmt: skip

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
        if dice.random() < 0.2:
            known["payment_method_id"] = dice.choice(self.cards)
        return Wanted(**known)

    def redeemed(self) -> tuple[str, ...]:
        """One of the coupons that the subscription has, or has had, if there is any."""
        rows = CouponRedemption.objects.about(self.subscription.public_id).order_by("id")
        codes = list(rows.values_list("coupon__code", flat=True))
        return (self.dice.choice(codes),) if codes else ()

    def step(self, at: datetime) -> str:
        """Ask what a change would cost, see that asking left nothing behind, make it, and compare."""
        self.now = at
        self.happen()
        self.seen.add(Subscription.objects.get(pk=self.subscription.pk).status)
        when = self.dice.choice((NOW, NOW, NOW, PERIOD_END, at + timedelta(hours=self.dice.randint(1, 1200))))
        wanted, behavior = self.wanted(at), self.dice.choice((None, None, *Behavior))
        how: dict[str, Any] = {
            "subscription_id": self.subscription.pk, "wanted": wanted, "behavior": behavior, "actor": SYSTEM, "now": at,
        }  # fmt: skip
        before, self.waited = digest(), waiting_ids(self.subscription.public_id)
        asked = _or_refusal(services.preview_change, how | {"when": when})
        assert digest() == before, "asking left something behind"
        told = self.make_now(asked, how) if when == NOW else self.make_later(asked, how, when)
        if wanted.payment_method_id and told in MADE:
            self.seen.add("payment_method")
        return told

    def happen(self) -> None:
        """Things that decide what a change costs: something is used, a card fails, it rests or goes on."""
        how: dict[str, Any] = {"subscription_id": self.subscription.pk, "actor": SYSTEM, "now": self.now}
        if self.dice.random() < 0.3:
            self.measure(self.now)
        if self.dice.random() < 0.2:
            make_default_payment_method(payment_method_id=self.cards[1], actor=SYSTEM, now=self.now)
        if self.dice.random() < 0.15:
            until = self.dice.choice((None, self.now + timedelta(days=self.dice.randint(3, 40))))
            _or_refusal(services.pause_subscription, how | {"until": until})
        elif self.dice.random() < 0.2:
            _or_refusal(services.resume_subscription, how)

    def make_now(self, asked: ChangePreview | str, how: dict[str, Any]) -> str:
        """Make the change, and now and then wait for the next invoice, which was told as well."""
        made = _or_refusal(services.change_subscription, how)
        if isinstance(asked, str) or isinstance(made, str):
            assert asked == made, (how, asked, made)
            return str(made)
        self.subscription = made.subscription
        self.compare(asked, made.invoice)
        if self.dice.random() < 0.3 and asked.renews_at is not None:
            self.pass_until(asked.renews_at)
            self.compare_renewal(asked)
        return "changed" if asked.is_changed else "same"

    def make_later(self, asked: ChangePreview | str, how: dict[str, Any], when: Any) -> str:
        """Have the change wait, and let time pass until it is made; nothing else happens meanwhile."""
        made = _or_refusal(services.schedule_change, how | {"at": None if when == PERIOD_END else when})
        if isinstance(made, str):
            assert asked == made, (how, asked, made)
            return made
        if isinstance(asked, str):
            self.pass_until(made.takes_effect_at)
            made.refresh_from_db()
            assert (asked, made.state) == ("change_would_fail", "failed"), (how, asked, made.error)
            return asked
        self.pass_until(asked.takes_effect_at)
        made.refresh_from_db()
        return self.compare_later(asked, made)

    def pass_until(self, at: datetime) -> None:
        """Let the workers do what is due until an instant."""
        self.now = max(self.now, at)
        self.freeze(self.now)
        do_all_jobs()
        self.subscription.refresh_from_db()

    def compare_later(self, asked: ChangePreview, made: ScheduledChange) -> str:
        """Compare what was told of a later change with what became of it."""
        if made.state == "pending":
            # It waits for a period that begins when somebody resumes.
            assert self.subscription.status == "paused"
            services.withdraw_change(change_id=made.pk, actor=SYSTEM, now=self.now)
            return "withdrawn"
        if made.state == "withdrawn":
            assert self.subscription.is_terminal
            return "withdrawn"
        assert made.state == "applied", made.error
        if made.effective_at is None:
            self.compare_renewal(asked)
            return PERIOD_END
        self.compare(asked, ids.encode("inv", made.invoice_id) if made.invoice_id else None, is_settled=True)
        return "instant"

    def compare_renewal(self, asked: ChangePreview) -> None:
        """Compare what was told of the next invoice with it, unless the debts of earlier ones have ended all."""
        if self.subscription.is_terminal or self.subscription.status == "paused" or asked.renewal is None:
            return
        invoice = Invoice.objects.about(self.subscription.public_id).latest("id")
        assert figures(asked.renewal) == figures(explain_invoice(invoice.pk))
        self.seen.add("renewal")

    def measure(self, at: datetime) -> None:
        """Report usage, where the plan is charged for it."""
        if Subscription.objects.get(pk=self.subscription.pk).plan_id == self.plans[2].pk:
            use(Subscription.objects.get(pk=self.subscription.pk), str(self.dice.randint(1, 500)), at=at)

    def compare(self, asked: ChangePreview, invoice: str | None, *, is_settled: bool = False) -> None:
        """This function will compare what was told with what was invoiced, line by line, and what was due of it."""
        billed = explain_invoice(ids.decode("inv", invoice)) if invoice else None
        assert figures(asked.invoice) == figures(billed)
        if asked.invoice is not None and billed is not None and not is_settled:
            assert asked.due_minor == asked.invoice.due_minor == billed.due_minor
        assert asked.waiting == list_waiting(
            self.subscription.public_id, self.subscription.currency, besides=self.waited
        )


def _or_refusal(verb: Any, how: dict[str, Any]) -> Any:
    """What a verb returns, or the word with which it refuses."""
    try:
        with transaction.atomic():
            return verb(**how)
    except Refusal as refused:
        return refused.code
