"""The manager of rows that are written as their transaction ends: facts, and what the audit log says of them."""

from django.db import models

from core import events
from core.tenancy.rows import Row, ScopedManager


class FlushingManager(ScopedManager[Row]):
    """Whoever reads such rows inside a transaction has it write its facts first, so that nobody can forget."""

    def get_queryset(self) -> models.QuerySet[Row]:
        events.flush()
        return super().get_queryset()
