"""`manage.py recompute`: work invoices out again and say where they come out differently."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from billing import services
from billing.models import Invoice
from core import clock, errors, ids, tenancy
from core.models import scope_of
from core.tenancy.system import system_scope

# One environment's transaction holds so many invoices; a reader keeps nobody waiting, but should not last for hours.
CHUNK = 200


class Command(BaseCommand):
    help = "Compute invoices again; exits 1 and names every figure that comes out differently. Nothing is changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the invoices, `--all`, and `--json` for machines."""
        parser.add_argument("invoices", nargs="*", metavar="INVOICE", help="public ids, inv_…")
        parser.add_argument("--all", action="store_true", help="every finalized invoice of every environment")
        parser.add_argument("--json", action="store_true", help="print one JSON document per invoice and line")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will compute each invoice again and print what became of it."""
        if bool(options["invoices"]) == options["all"]:
            raise CommandError("Name invoices, or say --all.")
        counted = broken = 0
        for found in _computed(_places(options["invoices"])):
            counted, broken = counted + 1, broken + (not found.identical)
            self._print(found, as_json=options["json"])
        if not options["json"]:
            self.stdout.write(f"{counted - broken} identical, {broken} different")
        if broken:
            sys.exit(1)

    def _print(self, found: services.Recomputation, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(found)))
            return
        if found.identical:
            return
        self.stdout.write(f"DIFFERENT {found.invoice} {found.number or 'draft'}")
        for one in found.differences:
            self.stdout.write(f"    {one.line or 'invoice'} {one.field}: {one.was}, now {one.now}")
        for late in found.late_usage:
            self.stdout.write(f"    {late.line} {late.description}: {late.events} more events since it was measured")


def _places(names: list[str]) -> dict[UUID, list[UUID]]:
    """The invoices by their environments; all of them where none is named."""
    with system_scope("recompute: find the invoices"), transaction.atomic():
        wanted = [_decoded(name) for name in names]
        rows = Invoice.objects.filter(pk__in=wanted) if names else Invoice.objects.finalized()
        found = list(rows.order_by("environment_id", "id").values_list("environment_id", "id"))
    missing = set(wanted) - {invoice_id for _, invoice_id in found}
    if missing:
        raise CommandError(f"There is no invoice {', '.join(ids.encode('inv', one) for one in sorted(missing))}.")
    places: dict[UUID, list[UUID]] = {}
    for environment_id, invoice_id in found:
        places.setdefault(environment_id, []).append(invoice_id)
    return places


def _computed(places: dict[UUID, list[UUID]]) -> Iterator[services.Recomputation]:
    for environment_id, invoice_ids in places.items():
        for first in range(0, len(invoice_ids), CHUNK):
            with tenancy.scope(scope_of(environment_id)), transaction.atomic():
                chunk = invoice_ids[first : first + CHUNK]
                computed = [services.recompute_invoice(invoice_id=one, now=clock.now()) for one in chunk]
            yield from computed


def _decoded(name: str) -> UUID:
    try:
        return ids.decode("inv", name)
    except errors.Refusal as refused:
        raise CommandError(f"{name}: {refused.detail}") from None
