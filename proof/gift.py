"""One gift, a crowd that redeems it at the same instant: one wins, and everybody else is refused."""

import random
from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.tests.factories import make_customer
from catalog.tests.factories import make_plan
from core import errors
from core.actor import SYSTEM
from gifts import internal, services
from gifts.tests.factories import NOW, buy
from proof.harness import verdict, world
from proof.harness.births import Nursery
from proof.harness.crew import Crew
from proof.harness.crowd import gather
from proof.harness.outside import Outside
from proof.harness.results import Result
from proof.harness.settling import settle

_TAKEN = """
SELECT (SELECT count(*) FROM gifts_gift WHERE status = 'redeemed'), (SELECT count(*) FROM subscriptions_subscription)
"""

ANSWERS = {"redeemed", "gift_not_redeemable", "gift_already_redeemed"}


def buy_gift(people: int, number: int) -> dict[str, Any]:
    """This function will buy a gift and make the people who are going to want it."""
    with world.inside(), transaction.atomic():
        gift = buy(plan=make_plan(code=f"gift-{number}", now=NOW))
        wanting = [make_customer(email=f"wanting-{number}-{one}@example.com") for one in range(people)]
        return {"gift": str(gift.pk), "people": [str(one.pk) for one in wanting]}


def deliver(gift: str) -> str:
    """This function will deliver the gift and return its code, as the mail would tell it."""
    with world.inside():
        letter = internal.write_letter(UUID(gift), now=NOW)
        internal.mark_delivered(UUID(gift), actor=SYSTEM, now=NOW)
    return letter.code if letter else ""


def redeem(code: str, people: list[str], number: int) -> str:
    """This function will redeem the gift for one of the people, and return what came of it."""
    try:
        with world.inside():
            services.redeem_code(code=code, customer_id=UUID(people[number]), actor=SYSTEM, now=NOW)
    except errors.Refusal as refusal:
        return refusal.code
    return "redeemed"


def run(nursery: Nursery, outside: Outside, result: Result, *, rounds: int, people: int, victims: int) -> None:
    """This function will have one gift after the other redeemed by a crowd, some of whom are killed at it."""
    dice = random.Random(result.seed)
    staff = Crew(nursery=nursery, outside=outside, dice=dice)
    outside.set_clock(NOW)
    for number in range(rounds):
        told = nursery.ask(partial(buy_gift, people, number))
        settle(nursery, outside, staff)
        code = nursery.ask(partial(deliver, told["gift"]))
        deaths = victims if number % 2 else 0
        call = partial(redeem, code, told["people"])
        crowd = gather(nursery, call, people=people, victims=deaths, dice=dice)
        # Whoever was killed asks again; if the winner was among them, somebody else wins now.
        answers = Counter([*crowd.answers, *(nursery.ask(partial(call, one)) for one in range(2 if deaths else 0))])
        result.kills += crowd.kills
        result.expect(f"gift {number}: winners", answers["redeemed"] <= 1, True)
        result.expect(f"gift {number}: answers", set(answers) <= ANSWERS, True)
        print(f"  gift {number}: {dict(answers)}, {crowd.kills} killed", flush=True)
    settle(nursery, outside, staff)
    taken = outside.rows(_TAKEN)[0]
    result.counted = {"gifts": rounds, "redemptions": taken[0], "people at once": people, "kills": result.kills}
    result.expect("gifts redeemed, subscriptions", taken, (rounds, rounds))
    result.broken += verdict.broken(nursery)
