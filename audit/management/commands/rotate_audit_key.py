"""`manage.py rotate_audit_key`: have every chain of the audit log go over to the key that is configured now."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit import internal
from core import errors


class Command(BaseCommand):
    help = "Announce AUDIT_HMAC_KEY_ID in every chain. Its predecessor must be in AUDIT_HMAC_OLD_SECRETS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the key, for those who want to say it."""
        parser.add_argument("--to", default=settings.AUDIT_HMAC_KEY_ID, help="the id of the new key")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will rotate and say which chains went over."""
        try:
            rotated = internal.rotate_key(options["to"])
        except errors.Refusal as refused:
            raise CommandError(f"{refused.title} {refused.members}") from refused
        for name in rotated:
            self.stdout.write(f"{name} is signed with {options['to']} from here on")
        if not rotated:
            self.stdout.write(f"every chain is signed with {options['to']} already")
