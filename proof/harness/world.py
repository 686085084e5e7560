"""Where the proofs' business happens: the sandbox of the default tenant, made by the house's own verbs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from core import tenancy
from core.models import Environment
from core.tenancy import Scope


def sandbox() -> Scope:
    """This function will return the sandbox's scope, its clock as of now."""
    with transaction.atomic():
        return Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()


@contextmanager
def inside() -> Iterator[Scope]:
    """Everything in the block happens in the sandbox."""
    with tenancy.scope(sandbox()) as entered:
        yield entered
