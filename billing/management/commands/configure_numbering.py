"""`manage.py configure_numbering`: decide how an environment numbers its invoices or credit notes, before the first."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from billing import numbering, services
from billing.models import NumberSeries
from core import clock, errors, ids, tenancy
from core.actor import SYSTEM
from core.models import Environment, scope_of


class Command(BaseCommand):
    help = "Decide how an environment numbers its documents, for example: env_01… 'R-{yyyy}-{seq:06}' --reset yearly"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the environment, the pattern, when counting starts again, and for which documents."""
        parser.add_argument("environment", help="public id of the environment, env_…")
        parser.add_argument("pattern", help="with {seq}, and {yyyy} and {mm} where counting starts again")
        parser.add_argument("--reset", choices=NumberSeries.Reset.values, default="never")
        parser.add_argument("--series", choices=sorted(numbering.SERIES), default="invoice")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will configure the series, or say why it cannot be."""
        try:
            environment = scope_of(ids.decode(Environment.prefix, options["environment"]))
            with tenancy.scope(environment), transaction.atomic():
                series = services.configure_numbering(
                    pattern=options["pattern"], reset=options["reset"], code=options["series"], actor=SYSTEM,
                    now=clock.now(),
                )  # fmt: skip
        except errors.Refusal as refused:
            raise CommandError(refused.detail) from None
        self.stdout.write(f"{series.code}: {series.format}, reset {series.reset}")
