"""A short story that passes every failpoint: sold, charged, reconciled, refunded, given, renewed, told to the outside.

Every step can be told again from the beginning: requests carry the same keys, so what has happened is replayed. That is
what a client and the house's own jobs do after a crash, and the story ends the same way whoever died in it.
"""

import json
from collections.abc import Sequence
from contextvars import Context
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.test.utils import setup_test_environment

from accounts.tests.factories import make_customer, make_key
from audit.internal import seal
from catalog.tests.factories import make_plan, monthly
from core import clock, errors, failpoints, ids, signatures
from core.actor import SYSTEM
from core.idempotency import completing
from core.periods import Cycle, Interval
from gifts import services as gifts
from gifts.models import Gift
from jobs import claims, internal
from jobs.models import Job
from jobs.registry import QUEUES
from jobs.services import discard_job, enqueue, job
from outbox.internal import relay
from payments.models import Payment, PaymentAttempt, SandboxCharge
from proof.harness import world
from proof.harness.outside import Outside
from subscriptions.tests.factories import attach_card
from tests.fixtures import NOW

# One customer for each way a charge can go.
CARDS = ("success", "process_then_drop", "drop_before", "pending", "fails_later")
FRIEND = "friend@example.com"
# Looks at what a gateway did not answer are due after 15 seconds and a minute more. One that is taken by a process that
# dies is made up for by the next.
LOOKS = (timedelta(seconds=20), timedelta(minutes=2))
MOST_ROUNDS = 300

_OUTCOME = {
    "subscriptions": "SELECT status, count(*) FROM subscriptions_subscription GROUP BY 1 ORDER BY 1",
    "invoices": "SELECT state, kind, count(*), sum(paid_minor) FROM billing_invoice GROUP BY 1, 2 ORDER BY 1, 2",
    "payments": "SELECT status, count(*), sum(refunded_minor) FROM payments_payment GROUP BY 1 ORDER BY 1",
    "gateway": "SELECT kind, status, count(*), sum(amount_minor) FROM payments_sandboxcharge GROUP BY 1, 2 ORDER BY 1",
    "journals": "SELECT kind, count(*) FROM billing_journal GROUP BY 1 ORDER BY 1",
    "gifts": "SELECT status, deliveries FROM gifts_gift",
    "facts": "SELECT type, count(*) FROM outbox_outboxevent GROUP BY 1 ORDER BY 1",
    "receipts": "SELECT consumer, count(*) FROM outbox_receipt GROUP BY 1 ORDER BY 1",
    "deliveries": "SELECT event_type, state, count(*) FROM webhooks_delivery GROUP BY 1, 2 ORDER BY 1, 2",
    "jobs": "SELECT kind, state, count(*) FROM jobs_job WHERE state <> 'succeeded' GROUP BY 1, 2 ORDER BY 1, 2",
}


@job("proof.fails_once", queue="q:mail", policy="billing")
def fail_once(**_: object) -> None:
    """This job will fail at its first attempt."""
    with transaction.atomic():
        attempts = Job.objects.get(kind="proof.fails_once").attempts
    if attempts == 1:
        raise RuntimeError("the first attempt fails")


@job("proof.refuses", queue="q:mail", policy="billing")
def refuse(**_: object) -> None:
    """This job can never succeed."""
    raise errors.Conflict


def prepare(receiver: int, cards: Sequence[str], months: int) -> dict[str, Any]:
    """This function will make the company of the story: its key, customers, plan, and an endpoint that hears all."""
    setup_test_environment()
    with world.inside():
        with transaction.atomic():
            people = {card: _customer(card) for card in cards}
            told: dict[str, Any] = {
                "people": people,
                "friend": str(make_customer(email=FRIEND).pk),
                "secret": make_key(),
            }
            told["months"] = months
            told["plan"] = make_plan(monthly("10.00")).public_id
        shop = Storyteller(told, None)
        endpoint = {"url": f"http://127.0.0.1:{receiver}/", "events": ["*"]}
        shop.post("/api/v1/webhook-endpoints", endpoint, "endpoint")
        shop.settle()
    return told | {"months": months}


def _customer(card: str) -> str:
    customer = make_customer(email=f"{card}@example.com")
    attach_card(customer, card)
    return customer.public_id


class Storyteller:
    """Tells the story in one database, as the company's backend and as the house's workers."""

    def __init__(self, company: dict[str, Any], outside: Outside | None) -> None:
        self.company, self.outside = company, outside
        self.client = Client()
        self.done: set[str] = set()

    def post(self, path: str, body: dict[str, Any], key: str) -> Any:
        """This function will send a request under its key and return the answer's body."""
        headers = {"X-API-Key": self.company["secret"], "Idempotency-Key": f"story-{key}"}
        send = partial(self.client.post, path, body, content_type="application/json", headers=headers)
        # As in the web process: no environment is entered before the credentials are known.
        answer: Any = Context().run(send)
        if answer.status_code >= 300:
            raise AssertionError(f"{path}: {answer.status_code} {answer.content.decode()}")
        return answer.json()

    def reach(self, at: datetime) -> None:
        """This function will move the sandbox's clock on, never back, and let happen what is due then."""
        if self.outside:
            self.outside.run(
                "UPDATE core_environment SET clock_at = GREATEST(clock_at, %s) WHERE slug = 'sandbox'", [at]
            )
        self.settle()

    def settle(self) -> None:
        """This function will do what relay, beat and workers do until all is quiet."""
        for _ in range(MOST_ROUNDS):
            if self.outside:
                self.outside.skip_waits()
            internal.sweep()
            moved = relay() + internal.look_for_due() + seal() + completing.complete_abandoned()
            while claim := claims.of_queues(*QUEUES):
                moved += self._do(claim)
            if not moved:
                return
        raise AssertionError("the story does not come to an end")

    def _do(self, claim: claims.Claim) -> int:
        """The first of each kind alone and the others together, so that both ways are gone; returns how many."""
        if claim.kind in self.done:
            return len(internal.do_with_others(claim))
        self.done.add(claim.kind)
        internal.do(claim)
        return 1

    def tell(self) -> None:
        """This function will tell the story from its beginning."""
        setup_test_environment()
        self.reach(NOW)
        self.attach()
        for card, customer in self.company["people"].items():
            order = {"customer": customer, "plan": self.company["plan"]}
            self.post("/api/v1/subscriptions", order, f"subscribe-{card}")
        self.reach(NOW)
        self.let_look_again(NOW)
        self.hear_from_gateway()
        self.bill()
        self.give_back()
        self.give()
        self.stumble()
        for number in range(self.company["months"]):
            month = Cycle(anchor=NOW, interval=Interval.MONTH).boundary(number + 1) + timedelta(minutes=5)
            self.reach(month)
            self.let_look_again(month)
            self.hear_from_gateway()

    def let_look_again(self, at: datetime) -> None:
        """This function will let so much time pass that attempts of unknown outcome are looked at again."""
        for after in LOOKS:
            self.reach(at + after)

    def attach(self) -> None:
        """This function will attach another card of the first customer, asking the gateway in steps."""
        customer = next(iter(self.company["people"].values()))
        body = {"customer": customer, "token": "tok_success", "is_default": False}
        self.post("/api/v1/payment-methods", body, "attach")

    def hear_from_gateway(self) -> None:
        """This function will have the gateway tell what became of the charges it had left pending.

        By its own book: the house may not know of them yet, if it died when it was told.
        """
        for attempt in self._within(self._pending):
            raw = json.dumps(
                {"event_id": f"bank-{attempt.public_id}", "status": "success", "attempt": attempt.public_id}
            )
            self._bank_settles(attempt.gateway_key)
            self._tell_us(raw)
        self.settle()

    def _pending(self) -> list[PaymentAttempt]:
        keys = set(SandboxCharge.objects.filter(status="pending").values_list("key", flat=True))
        return [one for one in PaymentAttempt.objects.order_by("id") if one.gateway_key in keys]

    def _bank_settles(self, key: str) -> None:
        if self.outside:
            done = "UPDATE payments_sandboxcharge SET status = 'succeeded' WHERE key = %s AND status = 'pending'"
            self.outside.run(done, [key])

    def _tell_us(self, raw: str) -> None:
        stamp = clock.unix()
        signed = signatures.sign_payment(settings.PAYMENT_WEBHOOK_SECRET, stamp, raw.encode())
        headers = {"X-Webhook-Signature": signed, "X-Webhook-Timestamp": str(stamp)}
        answer: Any = self.client.post(
            "/api/v1/webhooks/payment", raw, content_type="application/json", headers=headers
        )
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status_code} {answer.content.decode()}")

    def bill(self) -> None:
        """This function will bill whoever has a card that fails; the next month finds that retries are due."""
        if customer := self.company["people"].get("fails_later"):
            items = [{"description": "Help", "unit_amount": "30.00"}]
            wanted = {"customer": customer, "currency": "USD", "items": items, "finalize": True, "collect": True}
            self.post("/api/v1/invoices", wanted, "bill")
            self.settle()

    def give_back(self) -> None:
        """This function will refund a part of the first customer's payment."""
        customer = ids.decode("cus", self.company["people"]["success"])
        paid = self._within(lambda: Payment.objects.filter(customer_id=customer).earliest("id").public_id)
        self.post(f"/api/v1/payments/{paid}/refund", {"amount_minor": 300, "reason": "goodwill"}, "refund")
        self.settle()

    def give(self) -> None:
        """This function will buy a gift, and redeem it once it has been mailed."""
        wanted = {
            "buyer": self.company["people"]["success"], "plan": self.company["plan"], "intervals": 3,
            "recipient": {"email": FRIEND},
        }  # fmt: skip
        self.post("/api/v1/gifts", wanted, "gift")
        self.settle()
        gift, friend = self._within(Gift.objects.get), UUID(self.company["friend"])
        if gift.redeemed_by_id is None:
            gifts.redeem_gift(gift_id=gift.pk, customer_id=friend, actor=SYSTEM, now=clock.now())
        self.settle()

    def stumble(self) -> None:
        """This function will have one job fail once, and another be refused, buried and discarded."""
        with transaction.atomic():
            for kind in ("proof.fails_once", "proof.refuses"):
                enqueue(kind, payload={}, key="story")
        self.settle()
        for dead in self._within(lambda: list(Job.objects.dead())):
            discard_job(job_id=dead.pk, reason="it was to fail", actor=SYSTEM, now=clock.now())
        self.settle()

    def _within(self, look: Any) -> Any:
        with transaction.atomic():
            return look()


def tell(company: dict[str, Any], url: str) -> dict[str, Any]:
    """This function will tell the story and return how it ended, and how often each point was passed."""
    outside = Outside(url)
    try:
        with world.inside():
            teller = Storyteller(company, outside)
        with world.inside():
            teller.tell()
        ended = {what: json.loads(json.dumps(outside.rows(query), default=str)) for what, query in _OUTCOME.items()}
        return {"ended": ended, "unfinished": outside.unfinished(), "passed": failpoints.passed()}
    finally:
        outside.close()


def listen(server: HTTPServer) -> None:
    """This function will accept whatever webhooks come, until the process is killed."""
    server.serve_forever(poll_interval=0.5)


def receiver() -> HTTPServer:
    """This function will return a server for `listen`, which holds its port already."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    return HTTPServer(("127.0.0.1", 0), Handler)
