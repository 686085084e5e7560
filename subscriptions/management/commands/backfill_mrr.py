"""`manage.py backfill_mrr`: work out from history what moved the monthly recurring revenue, and put it right."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core import clock, tenancy
from core.actor import Actor
from core.models import Environment, scope_of
from subscriptions import internal
from subscriptions.internal import Rebuilt
from subscriptions.models import Subscription

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))
# So many customers are locked at a time, and committed together.
STEP = 50


class Command(BaseCommand):
    help = (
        "Rebuild the movements of monthly recurring revenue from the history of subscriptions, customer by customer, "
        "while the system goes on. What is right stays; it may be stopped and repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add where, and whether anything is changed."""
        parser.add_argument("--environment", help="slug of one environment (default: every one)")
        parser.add_argument("--tenant", help="slug of one tenant (default: every one)")
        parser.add_argument("--check", action="store_true", help="change nothing; exits 1 if anything differs")
        parser.add_argument("--json", action="store_true", help="print one JSON document per customer who differed")
        parser.add_argument("--step", type=int, default=STEP, help=f"customers per transaction (default: {STEP})")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will go through the customers of each environment and say who was not as history tells."""
        differed = looked_at = 0
        console = Console(file=self.stdout, highlight=False)  # type: ignore[arg-type]
        for environment_id in self._environments(options["tenant"], options["environment"]):
            with tenancy.scope(scope_of(environment_id)):
                for customers, found in self._steps(console, options):
                    looked_at, differed = looked_at + customers, differed + len(found)
                    for one in found:
                        self._print(one, as_json=options["json"])
        if not options["json"]:
            done = "differ" if options["check"] else "put right"
            self.stdout.write(f"{looked_at} customers, {differed} {done}")
        if differed and options["check"]:
            sys.exit(1)

    @transaction.atomic
    def _environments(self, tenant: str | None, slug: str | None) -> list[UUID]:
        rows = Environment.objects.of_tenants().order_by("id")
        rows = rows.filter(tenant__slug=tenant) if tenant else rows
        found = list((rows.filter(slug=slug) if slug else rows).values_list("id", flat=True))
        if not found:
            raise CommandError("There is no such environment.")
        return found

    def _steps(self, console: Console, options: dict[str, Any]) -> Iterator[tuple[int, list[Rebuilt]]]:
        """Each step's number of customers, and those who were not as history tells."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        after, step = internal.NOBODY, max(1, options["step"])
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            bar = progress.add_task("customers", total=_count())
            while customers := _next(after, step):
                with transaction.atomic():
                    found = internal.rebuild_mrr(
                        customers, is_check=options["check"], actor=ENGINEER, now=clock.now()
                    )  # fmt: skip
                progress.advance(bar, len(customers))
                after = customers[-1]
                yield len(customers), found

    def _print(self, one: Rebuilt, *, as_json: bool) -> None:
        if as_json:
            told = asdict(one) | {"customer_id": one.customer}
            self.stdout.write(json.dumps({"customer": told.pop("customer_id"), **told}))
            return
        self.stdout.write(f"{one.customer}: history tells {len(one.told)} movements, {len(one.stored)} were stored")
        for line in sorted({*one.told} ^ {*one.stored}):
            self.stdout.write(f"    {'told  ' if line in one.told else 'stored'} {line}")


@transaction.atomic
def _count() -> int:
    return Subscription.objects.values("customer_id").distinct().count()


@transaction.atomic
def _next(after: UUID, most: int) -> list[UUID]:
    return internal.list_customers(after=after, most=most)
