"""`manage.py migrate`, as Django has it, and sooner done."""

from typing import Any

from django.core.management.commands import migrate

from core.migrating import options_are_told


class Command(migrate.Command):
    """Updates the database's schema."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        """This function will migrate; see Django's documentation for its options."""
        with options_are_told():
            super().handle(*arguments, **options)
