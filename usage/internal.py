"""What other apps' verbs and workers bring about: entitlements come and go with what a customer bought."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from django.db import transaction

from core import events, ids
from core.actor import SYSTEM
from core.tenancy.writes import write
from core.verbs import verb
from usage.models import Entitlement
from usage.signals import EntitlementsGranted, EntitlementsRevoked

# By source and code.
Granted = Mapping[str, Mapping[str, Entitlement]]
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


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a source (a subscription's public id) grants a customer for a period: exactly these features."""

    customer_id: UUID
    source: str
    features: Sequence[FeatureGrant]
    starts_at: datetime
    ends_at: datetime


def grant_entitlements(
    *, customer_id: UUID, source: str, features: Sequence[FeatureGrant], starts_at: datetime, ends_at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """This function will let a source grant exactly these features for a period; see `grant_many`."""
    grant = Grant(customer_id=customer_id, source=source, features=features, starts_at=starts_at, ends_at=ends_at)
    grant_many([grant], now=now)


def lock_held(sources: Collection[str]) -> Granted:
    """This function will lock what sources, each of whose customers is locked, have granted, and return it."""
    held: dict[str, dict[str, Entitlement]] = {source: {} for source in sources}
    for row in Entitlement.objects.select_for_update().filter(source__in=sources).order_by("id"):
        held[row.source][row.code] = row
    return held


@verb
def grant_many(grants: Sequence[Grant], *, now: datetime, held: Granted | None = None) -> None:
    """This function will let sources, each of whose customers is locked, grant exactly what is said, in few statements.

    Features that a source granted before and no longer names are revoked. Asked the same again, nothing happens;
    otherwise `EntitlementsGranted` is published for each. `held` is what `lock_held` has found in this transaction.
    """
    held = lock_held([grant.source for grant in grants]) if held is None else held
    changed = [(grant, *_worked_out(grant, held[grant.source], now)) for grant in grants]
    dropped = [row.pk for _, _, rows in changed for row in rows]
    if dropped:
        Entitlement.objects.filter(pk__in=dropped).update(revoked_at=now)
    told = [(grant, rows) for grant, rows, gone in changed
            if gone or any(_terms(row) != _terms(held[row.source].get(row.code)) for row in rows)]  # fmt: skip
    _write([(row, held[row.source].get(row.code)) for _, rows in told for row in rows])
    for grant, rows in told:
        _publish_granted(grant, rows, now)


def _worked_out(
    grant: Grant, held: Mapping[str, Entitlement], now: datetime
) -> tuple[list[Entitlement], list[Entitlement]]:
    """What is to be granted, and what was granted and no longer is."""
    wanted = [_row(grant, one, now) for one in grant.features]
    dropped = [held[code] for code in held.keys() - {row.code for row in wanted}]
    return wanted, [row for row in dropped if row.revoked_at is None or row.revoked_at > now]


def _write(rows: Sequence[tuple[Entitlement, Entitlement | None]]) -> None:
    """Each row with the one that is there already, whose place it takes."""
    for row, before in rows:
        row.pk = before.pk if before else row.pk
    write([row for row, before in rows if before is None], [(row, _TERMS) for row, before in rows if before])


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


def _row(grant: Grant, feature: FeatureGrant, now: datetime) -> Entitlement:
    # Uses come in whole units, so a limit of 2.5 lets two pass.
    limit = None if feature.limit is None else int(feature.limit.to_integral_value(rounding=ROUND_FLOOR))
    return Entitlement.fresh(
        customer_id=grant.customer_id, source=grant.source, code=feature.code, name=feature.name, kind=feature.kind,
        value=feature.value, limit=limit, limit_kind=feature.limit_kind, reset=feature.reset,
        period_starts_at=grant.starts_at, period_ends_at=grant.ends_at, granted_at=now,
    )  # fmt: skip


def _terms(row: Entitlement | None) -> tuple[object, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in _TERMS)


def _publish_granted(grant: Grant, rows: Sequence[Entitlement], now: datetime) -> None:
    customer = ids.encode("cus", grant.customer_id)
    events.publish(
        EntitlementsGranted(
            subject=customer,
            actor=SYSTEM.label,
            at=now,
            customer=customer,
            source=grant.source,
            features=tuple(sorted(row.code for row in rows)),
            starts_at=grant.starts_at,
            ends_at=grant.ends_at,
        )
    )
