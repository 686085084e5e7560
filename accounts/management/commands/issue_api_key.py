"""`manage.py issue_api_key`: the first key of an environment, with which the others are made over the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import services
from accounts.models import ApiKey
from core import clock, errors, tenancy
from core.actor import Actor
from core.models import Environment

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))


class Command(BaseCommand):
    help = "Issue an API key of an environment and print its secret, which is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the environment, and what the key is for."""
        parser.add_argument("environment", help="slug of the environment, such as live or sandbox")
        parser.add_argument("--tenant", default="default", help="slug of the tenant (default: default)")
        parser.add_argument("--name", default="", help="what the key is for")
        parser.add_argument("--type", default=ApiKey.Type.SECRET, choices=["secret", "publishable"])
        parser.add_argument("--scope", action="append", dest="scopes", help="read, write, usage:write, …; repeatable")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will issue the key; a refusal changes nothing and is the command's error."""
        environment = self._environment(options["tenant"], options["environment"])
        scopes = options["scopes"] or (() if options["type"] == "publishable" else ("read", "write"))
        try:
            with tenancy.scope(environment), transaction.atomic():
                issued = services.issue_api_key(
                    type=options["type"], name=options["name"], scopes=scopes, actor=ENGINEER, now=clock.wall()
                )
        except errors.Refusal as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(issued.secret)

    def _environment(self, tenant: str, slug: str) -> tenancy.Scope:
        found = Environment.objects.of_tenants().filter(tenant__slug=tenant, slug=slug).first()
        if found is None:
            raise CommandError(f"The tenant {tenant} has no environment {slug}.")
        return found.as_scope()
