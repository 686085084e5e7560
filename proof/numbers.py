"""A crowd finalizes invoices at the same instant; some roll back, some are killed: no gap, no repeat."""

import random
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts.tests.factories import make_customer
from billing.tests.factories import issue
from proof.harness import verdict, world
from proof.harness.births import Nursery
from proof.harness.crew import Crew
from proof.harness.crowd import gather
from proof.harness.outside import Outside
from proof.harness.results import Result
from proof.harness.settling import settle

# Of those who live, every tenth changes his mind after he has taken a number.
UNDONE_EVERY = 10
_GAPS = """
SELECT count(*) FROM (SELECT sequence, row_number() OVER (ORDER BY sequence) place FROM billing_invoice
                      WHERE sequence IS NOT NULL) numbered WHERE sequence <> place
"""


class ChangedItsMind(Exception):
    """The transaction that took a number does not commit."""


def make_payers(people: int) -> list[str]:
    """This function will make the customers: two invoices of one customer wait for each other anyway."""
    with world.inside():
        return [str(make_customer(email=f"payer{number}@example.com").pk) for number in range(people)]


def finalize(payers: list[str], part: int, number: int) -> bool:
    """This function will finalize an invoice and tell whether it was committed."""
    try:
        with world.inside(), transaction.atomic():
            issue(1000, key=f"{part}-{number}", customer_id=UUID(payers[number]))
            if number % UNDONE_EVERY == 0:
                raise ChangedItsMind
    except ChangedItsMind:
        return False
    return True


def run(nursery: Nursery, outside: Outside, result: Result, *, rounds: int, people: int, victims: int) -> None:
    """This function will let crowds finalize, round after round, and look at the numbers."""
    dice, payers = random.Random(result.seed), nursery.ask(partial(make_payers, people))
    kept = 0
    for part in range(rounds):
        crowd = gather(nursery, partial(finalize, payers, part), people=people, victims=victims, dice=dice)
        kept, result.kills = kept + sum(crowd.answers), result.kills + crowd.kills
        print(f"  round {part}: {sum(crowd.answers)} kept, {crowd.kills} killed", flush=True)
    settle(nursery, outside, Crew(nursery=nursery, outside=outside, dice=dice))
    numbered, gaps = outside.one("SELECT count(*) FROM billing_invoice"), outside.one(_GAPS)
    result.counted = {"invoices": numbered, "rolled back or killed": rounds * people - numbered, "kills": result.kills}
    result.expect("gaps", gaps, 0)
    # Whoever was killed after his commit has a number and nobody who tells of it.
    result.expect("invoices that were told of and are gone", numbered >= kept, True)
    result.broken += verdict.broken(nursery)
