"""Moving subscribers to another version: who they are, what it means for each, and doing it.

Each subscription is moved in a transaction of its own, in which its line of the migration is settled, too: whoever goes
on after a crash finds the rest, and touches nobody twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from catalog.selectors import PlanTerms, get_terms
from core import errors, events, ids, problems
from core.actor import Actor
from jobs.services import enqueue
from subscriptions.internal._changes import list_known
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked
from subscriptions.internal._versions import RENEWAL, Move, move, work_out_move
from subscriptions.models import Subscription, SubscriptionQuerySet, VersionMigration, VersionMigrationItem
from subscriptions.proration import Behavior
from subscriptions.signals import MigrationFinished

# How many subscriptions one job moves; also how many are looked at together.
CHUNK = 50
SEEN_TOGETHER = 500

OVER = "The subscription is over."
THERE = "It has the version already, or waits for it."
ELSEWHERE = "It has another version meanwhile."


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who moves where: those of `from_version_id`, or of any other version, to the terms of one."""

    terms: PlanTerms
    from_version_id: UUID | None
    when: str
    behavior: Behavior

    @property
    def candidates(self) -> SubscriptionQuerySet:
        """The live subscriptions that it is about."""
        rows = Subscription.objects.live().filter(plan_id=self.terms.plan_id)
        rows = rows.exclude(plan_version_id=self.terms.version_id)
        if self.from_version_id is not None:
            rows = rows.filter(plan_version_id=self.from_version_id)
        return rows


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a migration would mean for one subscription; `refusal` is the code of what stands against it."""

    subscription: Subscription
    move: Move | None
    refusal: str = ""


def target_of(migration: VersionMigration) -> Target:
    """This function will return who a migration is about."""
    return Target(
        terms=get_terms(migration.to_version_id), from_version_id=migration.from_version_id, when=migration.when,
        behavior=Behavior(migration.behavior),
    )  # fmt: skip


def look_ahead(target: Target, *, at: datetime) -> Iterator[Outlook]:
    """This function will say what a migration would mean for everybody at an instant, and write nothing.

    It asks for many together, so that the queries do not grow with every one.
    """
    after: UUID | None = None
    versions: dict[UUID, PlanTerms] = {}
    while True:
        rows = target.candidates.select_related("customer").order_by("pk")
        page = list((rows if after is None else rows.filter(pk__gt=after))[:SEEN_TOGETHER])
        if not page:
            return
        after = page[-1].pk
        yield from _outlooks(page, target, versions, at=at)


def migrate_chunk(*, migration_id: UUID, actor: Actor, now: datetime, limit: int = CHUNK) -> int:
    """This function will move up to `limit` of a running migration's subscriptions, and return how many it settled.

    A refusal concerns its subscription alone and is noted with it. When nobody is left the migration is done.
    """
    settled = 0
    for item_id in _pending(migration_id, limit):
        try:
            settled += _move_one(item_id, actor=actor, now=now)
        except (errors.Refusal, IntegrityError) as refused:
            settled += _note_failure(item_id, refused, now=now)
    _finish_if_through(migration_id, actor=actor, now=now)
    return settled


def migrate(*, migration_id: UUID, actor: Actor, now: datetime) -> None:
    """This function will move one chunk and have the next one moved by a job of its own."""
    first = _pending(migration_id, 1)
    migrate_chunk(migration_id=migration_id, actor=actor, now=now)
    following = _pending(migration_id, 1)
    # Those that somebody else has in hand stay where they are; he goes on with the rest.
    if following and following != first:
        order(migration_id, from_item=str(following[0]))


@transaction.atomic
def order(migration_id: UUID, *, from_item: str) -> None:
    """This function will have the next chunk of a migration moved, once per line that it begins with."""
    enqueue("subscriptions.migrate", payload={"id": str(migration_id)}, key=f"{migration_id}:{from_item}")


@transaction.atomic
def _pending(migration_id: UUID, limit: int) -> list[UUID]:
    if not VersionMigration.objects.running().filter(pk=migration_id).exists():
        return []
    rows = VersionMigrationItem.objects.filter(migration_id=migration_id).pending().order_by("id")
    return list(rows.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _move_one(item_id: UUID, *, actor: Actor, now: datetime) -> bool:
    item = _in_hand(item_id)
    if item is None:
        return False
    target = target_of(item.migration)
    subscription = locked(item.subscription_id)
    catch_up(subscription, actor=actor, now=now)
    why_not = _obstacle(subscription, target)
    if why_not:
        _settle(item, VersionMigrationItem.State.SKIPPED, now=now, why=why_not)
        return True
    moved = move(
        subscription, target.terms, when=target.when, behavior=target.behavior, reason=item.migration.public_id,
        actor=actor, now=now,
    )  # fmt: skip
    _settle(item, VersionMigrationItem.State.DONE, now=now, moved=moved)
    return True


@transaction.atomic
def _note_failure(item_id: UUID, failure: Exception, *, now: datetime) -> bool:
    item = _in_hand(item_id)
    if item is None:
        return False
    refusal = problems.as_refusal(failure) or errors.Refusal()
    _settle(item, VersionMigrationItem.State.FAILED, now=now, why=f"{refusal.code}: {refusal.detail}")
    return True


def _in_hand(item_id: UUID) -> VersionMigrationItem | None:
    """The line, locked, unless somebody else has it or the migration was stopped."""
    rows = VersionMigrationItem.objects.select_for_update(skip_locked=True, of=("self",)).pending()
    running = VersionMigration.State.RUNNING
    return rows.select_related("migration").filter(pk=item_id, migration__state=running).first()


def _settle(item: VersionMigrationItem, state: str, *, now: datetime, why: str = "", moved: Move | None = None) -> None:
    before, after = (moved.before_minor, moved.after_minor) if moved else (None, None)
    item.settle(state, at=now, before_minor=before, after_minor=after, why=why)
    item.save(update_fields=["state", "settled_at", "error", "before_minor", "after_minor"])
    VersionMigration.objects.filter(pk=item.migration_id).update(**{state: F(state) + 1})


@transaction.atomic
def _finish_if_through(migration_id: UUID, *, actor: Actor, now: datetime) -> None:
    row = VersionMigration.objects.select_for_update().running().filter(pk=migration_id).first()
    if row is not None and row.settled == row.total:
        finish(row, actor=actor, now=now)


def finish(row: VersionMigration, *, actor: Actor, now: datetime) -> None:
    """This function will close a locked migration that has been through with everybody, and say so."""
    row.finish(at=now)
    row.save(update_fields=["state", "finished_at"])
    events.publish(
        MigrationFinished(
            subject=row.public_id, actor=actor.label, at=now, plan=ids.encode("pln", row.plan_id),
            to_version=ids.encode("plv", row.to_version_id), done=row.done, failed=row.failed, skipped=row.skipped,
        )
    )  # fmt: skip


def _obstacle(subscription: Subscription, target: Target) -> str:
    """Why a subscription is left as it is, though it was to be moved when the migration began."""
    if subscription.is_terminal or subscription.plan_id != target.terms.plan_id:
        return OVER
    waits = target.when == RENEWAL and subscription.next_plan_version_id == target.terms.version_id
    if subscription.plan_version_id == target.terms.version_id or waits:
        return THERE
    if target.from_version_id not in (None, subscription.plan_version_id):
        return ELSEWHERE
    return ""


def _outlooks(
    page: Sequence[Subscription], target: Target, versions: dict[UUID, PlanTerms], *, at: datetime
) -> Iterator[Outlook]:
    for version_id in {row.plan_version_id for row in page} - versions.keys():
        versions[version_id] = get_terms(version_id)
    known = list_known(page, [price for terms in versions.values() for price in terms.prices])
    for row in page:
        if _obstacle(row, target):
            continue
        try:
            worked_out = work_out_move(
                row, versions[row.plan_version_id], target.terms, known=known[row.pk], when=target.when,
                behavior=target.behavior, at=at,
            )  # fmt: skip
        except errors.Refusal as refused:
            yield Outlook(subscription=row, move=None, refusal=refused.code)
        else:
            yield Outlook(subscription=row, move=worked_out)
