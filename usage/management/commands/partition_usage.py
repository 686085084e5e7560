"""`manage.py partition_usage`: make the coming months of the events table. Run it as the owner."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core import clock
from usage import partitions

DEFAULT_MONTHS = 36


class Command(BaseCommand):
    help = "Make the months of the events table that are missing, from last month on. Needs DATABASE_OWNER_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add how many months ahead there shall be."""
        parser.add_argument("--months", type=int, default=DEFAULT_MONTHS, help="how many months ahead")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will make each missing month, in one transaction, with the events that waited for it."""
        if not 1 <= options["months"] <= partitions.MOST_MONTHS:
            raise CommandError(f"--months must be from 1 to {partitions.MOST_MONTHS}")
        first = (clock.wall().replace(day=1) - timedelta(days=1)).date()
        with psycopg.connect(_owner_url()) as owner:
            made = partitions.make(owner, partitions.months(first, options["months"] + 2), settings.DATABASE_APP_ROLE)
        self.stdout.write(f"{len(made)} months made" + "".join(f"\n  {name}" for name in made))


def _owner_url() -> str:
    if not settings.DATABASE_OWNER_URL:
        raise CommandError("DATABASE_OWNER_URL is not set: only the owner may make tables")
    # The owner's credentials, on the database that this process works on.
    return psycopg.conninfo.make_conninfo(settings.DATABASE_OWNER_URL, dbname=connection.settings_dict["NAME"])
