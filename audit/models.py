"""The audit log: entries that only grow, and the seals that chain them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core import ids
from core.flushing import FlushingManager
from core.tenancy.rows import ScopedQuerySet, ScopedRow


class EntryQuerySet(ScopedQuerySet["Entry"]):
    def about(self, target: str) -> "EntryQuerySet":
        """Everything that happened to one thing."""
        return self.filter(target=target)


EntryManager = FlushingManager.from_queryset(EntryQuerySet)


class Entry(ScopedRow):
    """One thing somebody did or tried. `text` is what was signed; the columns beside it are for searching only."""

    class Outcome(models.TextChoices):
        SUCCESS = "success"
        PARTIAL = "partial"
        DENIED = "denied"
        ERROR = "error"
        RETRY = "retry"

    prefix: ClassVar[str] = "aud"

    at = models.DateTimeField(help_text="Real time, whatever the environment's clock says.")
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=80)
    target = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    request_id = models.CharField(max_length=128, blank=True)
    client_ip = models.CharField(max_length=45, blank=True)
    event_id = models.UUIDField(null=True, help_text="The fact this entry was written for.")
    key_id = models.CharField(max_length=20)
    text = models.TextField()
    mac = models.BinaryField(max_length=32)

    objects: ClassVar[EntryManager["Entry"]] = EntryManager()

    class Meta:
        verbose_name_plural = "entries"
        permissions: ClassVar = [
            ("verify_entry", "Can have the chains verified"),
            ("export_entry", "Can export the audit log"),
            ("purge_entry", "Can purge what nobody needs any more"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "event_id"], name="audit_entry_one_per_fact")
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "target", "id"], name="audit_entry_target"),
            models.Index(fields=["environment", "actor", "id"], name="audit_entry_actor"),
            models.Index(fields=["environment", "action", "id"], name="audit_entry_action"),
        ]

    @property
    def fact_id(self) -> str:
        """The public id of the fact it was written for, empty if it was written for none."""
        return ids.encode("evt", self.event_id) if self.event_id else ""


class Unsealed(ScopedRow):
    """An entry that waits for its place in the chain; its id is the entry's. Deleted by the sealer, never by others."""

    prefix: ClassVar[str] = "uns"

    objects: ClassVar[FlushingManager["Unsealed"]] = FlushingManager()


class Seal(ScopedRow):
    """An entry's place in its environment's chain, and the MAC that ties it to all before it."""

    prefix: ClassVar[str] = "sea"

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="seal")
    sequence = models.BigIntegerField()
    mac = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "sequence"], name="audit_seal_sequence_once"),
            models.CheckConstraint(condition=models.Q(sequence__gt=0), name="audit_seal_from_one"),
        ]


class Head(ScopedRow):
    """The end of an environment's chain. Its lock lets one sealer work at a time."""

    prefix: ClassVar[str] = "hed"

    sequence = models.BigIntegerField(default=0)
    mac = models.BinaryField(max_length=32)
    key_ids = ArrayField(
        models.CharField(max_length=20), default=list, help_text="The keys that were in force, the last one still is."
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment"], name="audit_head_one")]


class Checkpoint(ScopedRow):
    """The end of a chain at some time, signed: whoever cuts the chain off before it, or writes it anew, is found."""

    prefix: ClassVar[str] = "chk"

    sequence = models.BigIntegerField()
    mac = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=20)
    checkpoint_mac = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "sequence"], name="audit_checkpoint_sequence_once"),
            models.CheckConstraint(condition=models.Q(sequence__gt=0), name="audit_checkpoint_from_one"),
        ]


class Verdict(ScopedRow):
    """What the last verification of an environment's chain found. `sequence` is where the next look may begin."""

    prefix: ClassVar[str] = "ver"

    sequence = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField()
    full_at = models.DateTimeField(null=True)
    kind = models.CharField(max_length=20, blank=True, help_text="What is broken; empty while the chain is whole.")
    broken_at = models.BigIntegerField(null=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment"], name="audit_verdict_one"),
            models.CheckConstraint(
                condition=models.Q(kind="", broken_at=None) | (~models.Q(kind="") & models.Q(broken_at__isnull=False)),
                name="audit_verdict_says_where",
            ),
        ]


class SinkCursor(ScopedRow):
    """How far an environment's chain and its checkpoints have been written to the file beside the database."""

    prefix: ClassVar[str] = "snk"

    sequence = models.BigIntegerField(default=0)
    checkpoint = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment"], name="audit_sinkcursor_one")]


class Denial(ScopedRow):
    """How often somebody was refused from one address within one minute: what a flood of them is folded into."""

    prefix: ClassVar[str] = "dny"

    minute = models.DateTimeField()
    address = models.CharField(max_length=50, blank=True)
    actor = models.CharField(max_length=120)
    code = models.CharField(max_length=80)
    status = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "minute", "address", "actor", "code"], name="audit_denial_one_per_minute"
            ),
            models.CheckConstraint(condition=models.Q(number__gt=0), name="audit_denial_some"),
        ]
