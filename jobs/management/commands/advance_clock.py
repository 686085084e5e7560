"""`manage.py advance_clock`: let time pass in a sandbox, and show how far it is."""

import re
from argparse import ArgumentParser
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core import clock, errors, tenancy
from core.actor import Actor
from core.models import Environment
from core.periods import Cycle, Interval
from jobs import internal, services

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))
QUEUE: Final = "q:sub:usage_sync"
INTERVALS: Final = {"d": Interval.DAY, "w": Interval.WEEK, "m": Interval.MONTH, "y": Interval.YEAR}
# Somebody else may have the move in hand; then it is watched.
PAUSE_S = 0.2


class Command(BaseCommand):
    help = (
        "Move the clock of a sandbox. Everything that falls due on the way happens in its order, each at its own "
        "instant. Stopped in the middle, a worker goes on by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add whose clock is moved, and how far."""
        parser.add_argument("environment", help="slug or id (env_…) of the environment")
        parser.add_argument("--tenant", default="default", help="slug of the tenant (default: default)")
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--to", help="an instant with its offset, such as 2027-02-28T12:00:00Z")
        way.add_argument("--by", help="a number of days, weeks, months or years: 30d, 2w, 13m, 1y")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will move the clock and tell how far it is; a refusal moves nothing."""
        row = self._environment(options["tenant"], options["environment"])
        with tenancy.scope(row.as_scope()):
            now = clock.now()
            to = _instant(options["to"]) if options["to"] else _later(now, options["by"])
            try:
                services.advance_clock(to=to, actor=ENGINEER, now=now)
            except errors.Refusal as refused:
                raise CommandError(refused.detail or refused.title) from refused
        self._move(row, begun=now, to=to)

    def _environment(self, tenant: str, name: str) -> Environment:
        with transaction.atomic():
            rows = list(Environment.objects.of_tenants().filter(tenant__slug=tenant))
        for row in rows:
            if name in (row.slug, row.public_id):
                return row
        raise CommandError(f"The tenant {tenant} has no environment {name}.")

    def _move(self, row: Environment, *, begun: datetime, to: datetime) -> None:
        shown = None
        while True:
            done = internal.work(QUEUE, seconds=1)
            with transaction.atomic():
                row.refresh_from_db()
            if row.clock_at != shown and row.clock_at is not None:
                shown = row.clock_at
                self.stdout.write(f"{shown:%Y-%m-%d %H:%M} {_percent(begun, shown, to):3d} %")
            if row.advancing_to is None:
                return
            if not done:
                Event().wait(PAUSE_S)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no instant, such as 2027-02-28T12:00:00Z.") from None
    if at.tzinfo is None:
        raise CommandError("The instant needs its offset, such as Z.")
    return at.astimezone(UTC)


def _later(now: datetime, text: str) -> datetime:
    match = re.fullmatch(r"([1-9][0-9]{0,3})([dwmy])", text)
    if match is None:
        raise CommandError(f"{text} is no span, such as 30d, 2w, 13m or 1y.")
    return Cycle(anchor=now, interval=INTERVALS[match[2]]).boundary(int(match[1]))


def _percent(begun: datetime, at: datetime, to: datetime) -> int:
    return 100 if to <= begun else int(100 * ((at - begun) / (to - begun)))
