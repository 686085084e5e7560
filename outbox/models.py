"""Facts as rows: written in the transaction of the change they speak of, relayed after it."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from core import errors, ids
from core.events import Event, StoredFact, restore
from core.flushing import FlushingManager
from core.tenancy.rows import ScopedQuerySet, ScopedRow


class UnreadableFact(errors.Refusal):
    """Trying it again reads the same row with the same code, so whoever was to hear it has a dead letter at once."""

    code = "unreadable_fact"
    title = "This code cannot read the stored fact."


class OutboxEventQuerySet(ScopedQuerySet["OutboxEvent"]):
    def pending(self) -> "OutboxEventQuerySet":
        """Facts that have no place in their environment's order yet."""
        return self.filter(sequence=None)

    def after(self, sequence: int) -> "OutboxEventQuerySet":
        """The environment's facts behind a place in its order, in order."""
        return self.filter(sequence__gt=sequence).order_by("sequence")

    def of_types(self, types: Collection[str]) -> "OutboxEventQuerySet":
        """The facts of some types, all of them if none are named."""
        return self.filter(type__in=types) if types else self.all()


OutboxEventManager = FlushingManager.from_queryset(OutboxEventQuerySet)


class OutboxEvent(ScopedRow):
    """One fact. Its version and its number are drawn under the lock of its aggregate, so their order is one.

    `sequence` is given by the relay after commit: dense per environment, so that a reader with a cursor misses nothing.
    """

    prefix: ClassVar[str] = "evt"

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]
    event_id = models.UUIDField(unique=True)
    type = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=40)
    aggregate_version = models.BigIntegerField(help_text="Its place among the facts about its subject, from 1.")
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(help_text="When it took effect, on the environment's clock.")
    request_id = models.CharField(max_length=128, blank=True)
    data = models.JSONField(default=dict)
    sequence = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    relayed_at = models.DateTimeField(null=True)

    objects: ClassVar[OutboxEventManager["OutboxEvent"]] = OutboxEventManager()

    class Meta:
        permissions: ClassVar = [("replay_outboxevent", "Can replay facts")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "sequence"], name="outbox_event_sequence_once"),
            models.UniqueConstraint(
                fields=["environment", "subject", "aggregate_version"], name="outbox_event_version_once"
            ),
            models.CheckConstraint(condition=Q(aggregate_version__gt=0), name="outbox_event_versions_from_one"),
            models.CheckConstraint(
                condition=Q(sequence=None, relayed_at=None) | Q(sequence__gt=0, relayed_at__isnull=False),
                name="outbox_event_relayed_with_sequence",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "id"], name="outbox_event_pending", condition=Q(sequence=None)),
            models.Index(fields=["environment", "subject", "id"], name="outbox_event_subject"),
            models.Index(fields=["environment", "type", "id"], name="outbox_event_type"),
            models.Index(fields=["environment", "created_at"], name="outbox_event_created"),
        ]

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.event_id)

    def as_stored(self) -> StoredFact:
        """This function will return the fact as the feed and the webhook endpoints are told it."""
        return StoredFact(
            id=self.public_id, sequence=self.sequence or 0, type=self.type, version=self.version,
            subject=self.subject, aggregate_version=self.aggregate_version, actor=self.actor, at=self.at,
            request_id=self.request_id, data=self.data,
        )  # fmt: skip

    def as_event(self) -> Event:
        """This function will return the event as its handlers know it.

        :raises UnreadableFact: if no code declares the type any more, or the row has not what its type needs.
        """
        try:
            return restore(self.type, subject=self.subject, actor=self.actor, at=self.at, data=self.data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableFact(type=self.type, version=self.version) from error


class Aggregate(ScopedRow):
    """How many facts there are about one thing. Its lock, held for the end of a transaction, makes their order."""

    prefix: ClassVar[str] = "agg"

    subject = models.CharField(max_length=40)
    version = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "subject"], name="outbox_aggregate_one"),
            models.CheckConstraint(condition=Q(version__gt=0), name="outbox_aggregate_has_facts"),
        ]


class Sequence(ScopedRow):
    """The last place given away in an environment's order of facts. Its lock makes the order."""

    prefix: ClassVar[str] = "seq"

    last = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment"], name="outbox_sequence_one")]


class Receipt(ScopedRow):
    """A handler has dealt with a fact: written in the transaction of its effect, so the effect happens once.

    The version lets it ignore a fact that is older than what it has dealt with of the same aggregate.
    """

    prefix: ClassVar[str] = "rcp"

    consumer = models.CharField(max_length=120)
    event_id = models.UUIDField()
    subject = models.CharField(max_length=40)
    aggregate_version = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "consumer", "event_id"], name="outbox_receipt_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "consumer", "subject", "aggregate_version"], name="outbox_receipt_last")
        ]


class Heartbeat(ScopedRow):
    """When a relay last looked for work. It belongs to the platform's environment."""

    prefix: ClassVar[str] = "hbt"

    name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment", "name"], name="outbox_heartbeat_one")]


def event_uuid(public_id: str) -> UUID:
    """This function will return the id behind `evt_…`."""
    return ids.decode(OutboxEvent.prefix, public_id)
