"""`manage.py migrate`, as Django has it, and sooner done."""

from typing import Any

from django.core.management.commands import migrate

from core.migrating import keep_triggers_on, options_are_told


class Command(migrate.Command):
    """Updates the database's schema."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        """This function will migrate, and keep the triggers on; see Django's documentation for its options."""
        with options_are_told():
            super().handle(*arguments, **options)
        if not (options["plan"] or options["check_unapplied"]):
            keep_triggers_on(options["database"])
