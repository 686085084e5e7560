"""`manage.py write_reference`: write the pages of `docs/` that the code itself can tell."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import get_resolver

from core import reference


class Command(BaseCommand):
    help = "Write the reference pages; with --check, only say whether they are as the code is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add `--check` for the lint."""
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a page is old")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will write the pages, or compare them."""
        get_resolver().reverse_dict  # noqa: B018 - imports every view, and with them every refusal
        pages = {
            "events.md": reference.events_page(),
            "problems.md": reference.problems_page(),
            "configuration.md": reference.configuration_page(settings.BASE_DIR / "config" / "settings.py"),
        } | {name: reference.HEAD + write() for name, write in reference.PAGES.items()}
        old = [name for name, text in pages.items() if self._differs(name, text, write=not options["check"])]
        if options["check"] and old:
            self.stderr.write(f"{', '.join(old)}: older than the code. Renew: manage.py write_reference")
            sys.exit(1)

    def _differs(self, name: str, text: str, *, write: bool) -> bool:
        path = settings.BASE_DIR / "docs" / name
        differs = not path.exists() or path.read_text() != text
        if write and differs:
            path.write_text(text)
            self.stdout.write(f"wrote docs/{name}")
        return differs
