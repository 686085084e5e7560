"""What other apps' verbs and workers bring about: entitlements come and go with what a customer bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from django.db import transaction

from core import events, ids
from core.actor import SYSTEM
from usage.models import Entitlement
from usage.signals import EntitlementsGranted, EntitlementsRevoked

_TERMS = ("name", "kind", "value", "limit", "limit_kind", "reset", "period_starts_at", "period_ends_at", "revoked_at")


@dataclass(frozen=True, kw_only=True)
class FeatureGrant:
    """A feature to grant: `kind` boolean, static or metered; `limit` in units (None: no limit), `limit_kind` hard or
    soft; `reset` is `subscription` or the name of a calendar interval."""

    code: str
    name: str
    kind: str
    value: str = ""
    limit: Decimal | None = None
    limit_kind: str = "hard"
    reset: str = "subscription"


@transaction.atomic
def grant_entitlements(
    *, customer_id: UUID, source: str, features: Sequence[FeatureGrant], starts_at: datetime, ends_at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """This function will let a source (a subscription's public id) grant exactly these features for a period.

    Features that the source granted before and no longer names are revoked. Asked the same again, nothing happens;
    otherwise `EntitlementsGranted` is published.
    """
    held = {row.code: row for row in Entitlement.objects.select_for_update().from_source(source)}
    wanted = [_row(customer_id, source, one, starts_at, ends_at, now) for one in features]
    dropped = Entitlement.objects.from_source(source).granted(at=now).exclude(code__in=[one.code for one in features])
    revoked = dropped.update(revoked_at=now)
    if not revoked and all(_terms(row) == _terms(held.get(row.code)) for row in wanted):
        return
    Entitlement.objects.bulk_create(
        wanted, update_conflicts=True, unique_fields=["environment", "source", "code"], update_fields=_TERMS
    )
    _publish_granted(customer_id, source, wanted, starts_at, ends_at, now)


@transaction.atomic
def revoke_entitlements(*, source: str, now: datetime) -> None:
    """This function will end all that a source granted and publish `EntitlementsRevoked`. It may be repeated."""
    rows = list(Entitlement.objects.select_for_update().from_source(source).granted(at=now).order_by("code"))
    if not rows:
        return
    Entitlement.objects.filter(pk__in=[row.pk for row in rows]).update(revoked_at=now)
    customer = ids.encode("cus", rows[0].customer_id)
    events.publish(
        EntitlementsRevoked(
            subject=customer,
            actor=SYSTEM.label,
            at=now,
            customer=customer,
            source=source,
            features=tuple(row.code for row in rows),
        )
    )


def _row(
    customer_id: UUID, source: str, grant: FeatureGrant, starts_at: datetime, ends_at: datetime, now: datetime
) -> Entitlement:
    # Uses come in whole units, so a limit of 2.5 lets two pass.
    limit = None if grant.limit is None else int(grant.limit.to_integral_value(rounding=ROUND_FLOOR))
    return Entitlement(
        customer_id=customer_id, source=source, code=grant.code, name=grant.name, kind=grant.kind, value=grant.value,
        limit=limit, limit_kind=grant.limit_kind, reset=grant.reset, period_starts_at=starts_at,
        period_ends_at=ends_at, granted_at=now,
    )  # fmt: skip


def _terms(row: Entitlement | None) -> tuple[object, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in _TERMS)


def _publish_granted(
    customer_id: UUID, source: str, rows: Sequence[Entitlement], starts_at: datetime, ends_at: datetime, now: datetime
) -> None:
    customer = ids.encode("cus", customer_id)
    events.publish(
        EntitlementsGranted(
            subject=customer,
            actor=SYSTEM.label,
            at=now,
            customer=customer,
            source=source,
            features=tuple(sorted(row.code for row in rows)),
            starts_at=starts_at,
            ends_at=ends_at,
        )
    )
