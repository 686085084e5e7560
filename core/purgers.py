"""What of the core's own rows may be forgotten."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from core import purging, tenancy
from core.idempotency.purging import purge_expired
from core.models import IdempotencyRecord
from core.tenancy.scopes import SystemScope


def _expired(before: datetime) -> "QuerySet[Any]":
    return IdempotencyRecord.objects.filter(state=IdempotencyRecord.State.COMPLETED, expires_at__lte=before)


def _purge_expired(before: datetime, limit: int) -> int:
    everywhere = isinstance(tenancy.current(), SystemScope)
    return purge_expired(now=before, limit=limit) if everywhere else purging.delete(_expired(before), limit)


purging.purger(
    purging.Purger(
        name="idempotency_records", title="Answers of idempotency keys that have expired", days=0,
        delete=_purge_expired, count=lambda before: _expired(before).count(),
    )
)  # fmt: skip
purging.rows(
    "console_sessions", title="Sessions of the console that have run out", days=1,
    of=lambda before: Session.objects.filter(expire_date__lt=before),
)  # fmt: skip
