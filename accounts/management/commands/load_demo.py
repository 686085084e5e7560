"""`manage.py load_demo`: an operator, and the keys by which a demo company is set up over the API."""

import json
import secrets
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts import services
from accounts.models import ApiKey, User
from core import clock, tenancy
from core.actor import SYSTEM
from core.models import Environment

OPERATOR = "operator@perennial.example"
KEY_NAME = "Demo company"
ANSWERS = {ApiKey.Type.SECRET: "api_key", ApiKey.Type.PUBLISHABLE: "publishable_key"}


class Command(BaseCommand):
    help = (
        "Make an operator and the sandbox's keys, where they are missing. The last line is JSON with api_key, "
        "publishable_key, operator_email and operator_password; what exists already is null, for it is shown once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will make what is missing and print it."""
        told: dict[str, str | None] = {"operator_email": OPERATOR, "operator_password": _make_operator()}
        self.stdout.write(json.dumps(told | _make_keys()))


@transaction.atomic
def _make_operator() -> str | None:
    """This function will return the password of a new operator, None where there was one."""
    if User.objects.filter(email=OPERATOR).exists():
        return None
    password = secrets.token_urlsafe(12)
    services.create_operator(OPERATOR, password, now=clock.wall())
    return password


def _make_keys() -> dict[str, str | None]:
    """This function will return the secrets of new keys of the default tenant's sandbox, None for those there were."""
    sandbox = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
    with tenancy.scope(sandbox), transaction.atomic():
        return {answer: _make_key(kind) for kind, answer in ANSWERS.items()}


def _make_key(kind: str) -> str | None:
    if ApiKey.objects.usable(at=clock.wall()).filter(type=kind, name=KEY_NAME).exists():
        return None
    return services.issue_api_key(type=kind, name=KEY_NAME, actor=SYSTEM, now=clock.wall()).secret
