"""Moving subscribers to another version of their plan."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import PlanNotPublished, VersionView, get_terms, list_versions
from core import errors, events, ids
from core.actor import Actor
from subscriptions.internal._moving import SEEN_TOGETHER, Outlook, Target, finish, look_ahead, order, target_of
from subscriptions.models import VersionMigration, VersionMigrationItem
from subscriptions.proration import Behavior
from subscriptions.signals import MigrationCanceled, MigrationResumed, MigrationStarted


class UnknownVersion(errors.NotFound):
    """`version` is the number asked for."""

    code = "plan_version_not_found"
    title = "The plan has no published version of this number."


class SameVersion(errors.Invalid):
    code = "same_version"
    title = "Nobody can be moved to the version he has."


@dataclass(frozen=True, kw_only=True)
class MigrationLine:
    """What a migration means for one subscription, in minor units of its currency.

    `before_minor` and `after_minor` are what a whole period costs, usage left out; `now_minor` is what is charged (or,
    negative, credited) at once or with the next invoice, before discounts and taxes. They are None where the migration
    would fail, for the reason `refusal`.
    """

    subscription: str
    customer: str
    name: str
    status: str
    quantity: int
    currency: str
    when: str
    before_minor: int | None
    after_minor: int | None
    now_minor: int | None
    refusal: str = ""


@dataclass(frozen=True, kw_only=True)
class MigrationTotals:
    """The sums of one currency; `subscriptions` counts those that can be moved."""

    currency: str
    subscriptions: int = 0
    before_minor: int = 0
    after_minor: int = 0
    now_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class MigrationPreview:
    """Everybody whom a migration concerns, and the sums by currency."""

    plan: str
    to_number: int
    when: str
    behavior: str
    lines: tuple[MigrationLine, ...]
    totals: tuple[MigrationTotals, ...] = field(default=())


def preview_migration(
    *,
    plan_id: UUID,
    to_number: int | None = None,
    from_number: int | None = None,
    when: str = VersionMigration.When.RENEWAL,
    behavior: Behavior = Behavior.NEXT_INVOICE,
    now: datetime,
) -> MigrationPreview:
    """This function will say who would be moved and who would pay what, before and after; nothing is stored.

    `to_number` None is the newest published version, `from_number` None is every other one.

    :raises UnknownVersion, SameVersion, catalog.selectors.PlanNotPublished: if there is no such way.
    """
    to, start = _ends(plan_id, to_number, from_number)
    target = Target(
        terms=get_terms(to.id), from_version_id=start.id if start else None, when=when, behavior=Behavior(behavior)
    )
    return _preview(target, now=now)


def preview_of(*, migration_id: UUID, now: datetime) -> MigrationPreview:
    """This function will preview a migration that is prepared, or what is left of one that runs; nothing is stored.

    :raises core.errors.NotFound: if there is no such migration.
    """
    row = VersionMigration.objects.filter(pk=migration_id).first()
    if row is None:
        raise errors.NotFound
    return _preview(target_of(row), now=now)


@transaction.atomic
def prepare_migration(
    *,
    plan_id: UUID,
    to_number: int | None = None,
    from_number: int | None = None,
    when: str = VersionMigration.When.RENEWAL,
    behavior: Behavior = Behavior.NEXT_INVOICE,
    actor: Actor,
    now: datetime,
) -> VersionMigration:
    """This function will write down a migration that waits to be started; nobody is moved yet.

    :raises UnknownVersion, SameVersion, catalog.selectors.PlanNotPublished: see `preview_migration`.
    """
    to, start = _ends(plan_id, to_number, from_number)
    return VersionMigration.objects.create(
        plan_id=plan_id, to_version_id=to.id, from_version_id=start.id if start else None, when=when,
        behavior=Behavior(behavior), created_by=actor.label, created_at=now,
    )  # fmt: skip


@transaction.atomic
def start_migration(*, migration_id: UUID, actor: Actor, now: datetime) -> VersionMigration:
    """This function will have everybody moved whom a prepared migration concerns now, chunk by chunk.

    :raises core.errors.NotFound: if there is no such migration.
    :raises subscriptions.models.MigrationUnderWay, subscriptions.models.MigrationOver: if it was started before.
    """
    row = _locked(migration_id)
    row.refuse_if_over()
    concerned = target_of(row).candidates.order_by("pk").values_list("pk", "currency")
    row.start(total=concerned.count(), at=now)
    VersionMigrationItem.objects.bulk_create(
        (
            VersionMigrationItem(migration=row, subscription_id=key, currency=currency, created_at=now)
            for key, currency in concerned.iterator(chunk_size=SEEN_TOGETHER)
        ),
        batch_size=SEEN_TOGETHER,
    )
    row.total = VersionMigrationItem.objects.of(row).count()
    row.save(update_fields=["state", "total", "started_at"])
    _say_started(row, actor=actor, now=now)
    if row.total:
        order(row.pk, from_item="first")
    else:
        finish(row, actor=actor, now=now)
    return row


@transaction.atomic
def resume_migration(*, migration_id: UUID, actor: Actor, now: datetime) -> VersionMigration:
    """This function will go on with a migration that was stopped or failed for some; these are tried again.

    :raises core.errors.NotFound: if there is no such migration.
    :raises subscriptions.models.MigrationOver: if it was never started, or nobody is left.
    """
    row = _locked(migration_id)
    failed = VersionMigrationItem.objects.of(row).failed()
    row.failed -= failed.update(state=VersionMigrationItem.State.PENDING, settled_at=None, error="")
    row.resume()
    row.save(update_fields=["state", "failed", "finished_at"])
    order(row.pk, from_item=f"resumed:{ids.new()}")
    events.publish(
        MigrationResumed(
            subject=row.public_id, actor=actor.label, at=now, plan=ids.encode("pln", row.plan_id),
            to_version=ids.encode("plv", row.to_version_id), left=row.total - row.settled,
        )
    )  # fmt: skip
    return row


@transaction.atomic
def cancel_migration(*, migration_id: UUID, actor: Actor, now: datetime) -> VersionMigration:
    """This function will stop a migration: who has been moved stays where he is, the others stay where they were.

    :raises core.errors.NotFound: if there is no such migration.
    :raises subscriptions.models.MigrationOver: if it is over.
    """
    row = _locked(migration_id)
    row.cancel(at=now)
    row.save(update_fields=["state", "finished_at"])
    events.publish(
        MigrationCanceled(
            subject=row.public_id, actor=actor.label, at=now, plan=ids.encode("pln", row.plan_id),
            to_version=ids.encode("plv", row.to_version_id), done=row.done,
        )
    )  # fmt: skip
    return row


def _locked(migration_id: UUID) -> VersionMigration:
    row = VersionMigration.objects.select_for_update().filter(pk=migration_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _ends(plan_id: UUID, to_number: int | None, from_number: int | None) -> tuple[VersionView, VersionView | None]:
    """Where to, and where from if that is one version."""
    published = {one.number: one for one in list_versions(plan_id) if one.published_at is not None}
    if not published:
        raise PlanNotPublished
    to = _version(published, max(published) if to_number is None else to_number)
    start = None if from_number is None else _version(published, from_number)
    if start == to:
        raise SameVersion(version=to.number)
    return to, start


def _version(published: dict[int, VersionView], number: int) -> VersionView:
    if number not in published:
        raise UnknownVersion(version=number)
    return published[number]


def _say_started(row: VersionMigration, *, actor: Actor, now: datetime) -> None:
    events.publish(
        MigrationStarted(
            subject=row.public_id, actor=actor.label, at=now, plan=ids.encode("pln", row.plan_id),
            to_version=ids.encode("plv", row.to_version_id), when=row.when, behavior=row.behavior, total=row.total,
        )
    )  # fmt: skip


def _preview(target: Target, *, now: datetime) -> MigrationPreview:
    lines = tuple(_line(one, target) for one in look_ahead(target, at=now))
    return MigrationPreview(
        plan=target.terms.code, to_number=target.terms.version_number, when=target.when,
        behavior=target.behavior.value, lines=lines, totals=_totals(lines),
    )  # fmt: skip


def _line(outlook: Outlook, target: Target) -> MigrationLine:
    row, move = outlook.subscription, outlook.move
    return MigrationLine(
        subscription=row.public_id, customer=row.customer.public_id, name=row.customer.name or row.customer.email,
        status=row.status, quantity=row.quantity, currency=row.currency, when=move.when if move else target.when,
        before_minor=move.before_minor if move else None, after_minor=move.after_minor if move else None,
        now_minor=move.now_minor if move else None, refusal=outlook.refusal,
    )  # fmt: skip


def _totals(lines: Iterable[MigrationLine]) -> tuple[MigrationTotals, ...]:
    found: dict[str, MigrationTotals] = {}
    for line in lines:
        if line.refusal:
            continue
        sums = found.get(line.currency, MigrationTotals(currency=line.currency))
        found[line.currency] = MigrationTotals(
            currency=line.currency,
            subscriptions=sums.subscriptions + 1,
            before_minor=sums.before_minor + (line.before_minor or 0),
            after_minor=sums.after_minor + (line.after_minor or 0),
            now_minor=sums.now_minor + (line.now_minor or 0),
        )
    return tuple(found[currency] for currency in sorted(found))
