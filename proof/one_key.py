"""One Idempotency-Key, a crowd of requests at once, some of whose owners die: one effect, and one answer for all."""

import random
from functools import partial
from typing import Any

from django.test import Client
from django.test.utils import setup_test_environment

from accounts.tests.factories import make_customer, make_key
from catalog.tests.factories import make_plan, seats
from proof.harness import verdict, world
from proof.harness.births import Nursery
from proof.harness.crew import Crew
from proof.harness.crowd import gather
from proof.harness.outside import Outside
from proof.harness.results import Result
from proof.harness.settling import settle
from subscriptions.tests.factories import attach_card

_EFFECTS = """
SELECT (SELECT count(*) FROM subscriptions_subscription), (SELECT count(*) FROM billing_invoice),
       (SELECT count(*) FROM payments_sandboxcharge WHERE kind = 'charge' AND status = 'succeeded')
"""


def open_shop() -> dict[str, str]:
    """This function will make a customer with a card and a plan without a family: only the key is in the way."""
    with world.inside():
        customer = make_customer()
        attach_card(customer)
        return {"secret": make_key(), "customer": customer.public_id, "plan": make_plan(seats(), family=None).public_id}


def subscribe(shop: dict[str, str], key: str, _: int = 0) -> dict[str, Any]:
    """This function will send one request and return what matters of the answer."""
    setup_test_environment()
    headers = {"X-API-Key": shop["secret"], "Idempotency-Key": key}
    body = {"customer": shop["customer"], "plan": shop["plan"]}
    client = Client(raise_request_exception=False)
    answer: Any = client.post("/api/v1/subscriptions", body, content_type="application/json", headers=headers)
    is_replay = answer.headers.get("Idempotent-Replayed") == "true"
    return {"status": answer.status_code, "body": answer.content.decode(), "is_replay": is_replay}


def run(nursery: Nursery, outside: Outside, result: Result, *, rounds: int, people: int, victims: int) -> None:
    """This function will send crowds with a key each; in two of three rounds some of them are killed."""
    dice, shop = random.Random(result.seed), nursery.ask(open_shop)
    requests = replays = 0
    for number in range(rounds):
        key = f"key-{number}"
        deaths = victims if number % 3 else 0
        crowd = gather(nursery, partial(subscribe, shop, key), people=people, victims=deaths, dice=dice)
        last = nursery.ask(partial(subscribe, shop, key))
        answers = [*crowd.answers, last]
        _judge_answers(result, key, answers)
        requests, result.kills = requests + people + 1, result.kills + crowd.kills
        replays += sum(one["is_replay"] for one in answers)
        print(f"  {key}: {len(crowd.answers)} answers, {crowd.kills} killed", flush=True)
    settle(nursery, outside, Crew(nursery=nursery, outside=outside, dice=dice))
    effects = outside.rows(_EFFECTS)[0]
    result.counted = {"requests": requests, "keys": rounds, "effects": effects[0], "kills": result.kills}
    result.counted["replays"] = replays
    result.expect("subscriptions, invoices and charges", effects, (rounds, rounds, rounds))
    result.broken += verdict.broken(nursery)


def _judge_answers(result: Result, key: str, answers: list[dict[str, Any]]) -> None:
    """The first got 201, everybody else its very bytes or was told to wait; nobody hears a killed owner."""
    bodies = {one["body"] for one in answers if one["status"] == 201}
    result.expect(f"{key}: bodies", len(bodies), 1)
    result.expect(f"{key}: other answers", {one["status"] for one in answers} - {201, 409}, set())
    firsts = sum(one["status"] == 201 and not one["is_replay"] for one in answers)
    result.expect(f"{key}: more than one first", firsts > 1, False)
