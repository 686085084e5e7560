"""`manage.py conformance`: run files of conformance cases against the functions that bill."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.conformance import KINDS, Outcome, Report, run, shown

FAILED, NOT_RUN = 1, 2


class Command(BaseCommand):
    help = "Run conformance cases. Exits 1 if a case failed, 2 if a file or a kind could not be run."
    # An engine is verified without its database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add what is run, and how it is told."""
        parser.add_argument("paths", nargs="*", type=Path, metavar="FILE or FOLDER", help="default: conformance/")
        parser.add_argument("--kind", nargs="+", choices=KINDS, default=[], metavar="KIND", help="only these kinds")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--strict", action="store_true", help="a kind that is not answered yet is a failure")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will run the cases, print what came of them, and exit with what a script needs to know."""
        report = run(options["paths"] or [settings.BASE_DIR / "conformance"], options["kind"])
        is_failed = bool(report.failures or (options["strict"] and report.not_yet))
        status = NOT_RUN if report.problems else FAILED if is_failed else 0
        if options["json"]:
            self.stdout.write(json.dumps(_document(report, status), indent=1))
        else:
            self._print(report)
        if status:
            sys.exit(status)

    def _print(self, report: Report) -> None:
        for document, outcome in report.failures:
            self._print_failure(document.path, outcome)
        self._print_table(report)
        for problem in report.problems:
            self.stdout.write(f"NOT RUN  {problem}")

    def _print_failure(self, path: Path, outcome: Outcome) -> None:
        case = outcome.case
        self.stdout.write(f"FAILED  {case.id}: {case.why}\n        in       {path}")
        self.stdout.write(f"        expected {_text(case.expected)}")
        self.stdout.write(f"        got      {outcome.error or _text(shown(outcome.got))}\n")

    def _print_table(self, report: Report) -> None:
        rows: list[tuple[str, ...]] = [("kind", "cases", "passed", "failed", "not yet")]
        for kind, tally in sorted(report.kinds.items()):
            rows.append((kind, *map(str, (tally.cases, tally.passed, tally.failed, tally.not_yet))))
        tallies = report.kinds.values()
        sums = (sum(getattr(one, name) for one in tallies) for name in ("cases", "passed", "failed", "not_yet"))
        rows.append(("all", *map(str, sums)))
        for kind, *numbers in rows:
            self.stdout.write(f"{kind:<12}" + "".join(f"{number:>9}" for number in numbers))


def _text(value: Any) -> str:
    return json.dumps(value)


def _document(report: Report, status: int) -> dict[str, Any]:
    """What a machine reads. `status` is the command's exit status."""
    return {
        "status": status,
        "kinds": {
            kind: {"cases": one.cases, "passed": one.passed, "failed": one.failed, "not_yet": one.not_yet}
            for kind, one in sorted(report.kinds.items())
        },
        "failures": [_failure(document.path, document.kind, outcome) for document, outcome in report.failures],
        "problems": report.problems,
    }


def _failure(path: Path, kind: str, outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "file": str(path),
        "kind": kind,
        "id": case.id,
        "why": case.why,
        "expected": case.expected,
        "got": shown(outcome.got),
        "error": outcome.error or None,
    }
