"""Where an environment's facts are sent, what was sent there, and every attempt to send it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from core import errors
from core.retry import POLICIES
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from webhooks.signals import WebhookTested

POLICY = "webhooks"
ATTEMPTS = POLICIES[POLICY].max_attempts
# How long receivers may go on checking with the secret before the last rotation.
ROTATION_OVERLAP = timedelta(hours=24)
# An endpoint that did nothing but fail for so long, and so often, is switched off.
LONGEST_FAILURE = timedelta(days=5)
FEWEST_FAILURES = 20

EVENT_FILTER = r"\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}\.(\*|[a-z][a-z0-9_]*)"


class EndpointDisabled(errors.Conflict):
    code = "endpoint_disabled"
    title = "The endpoint is disabled."


class EndpointEnabled(errors.Conflict):
    code = "endpoint_enabled"
    title = "The endpoint is enabled already."


class EndpointDeleted(errors.Conflict):
    code = "endpoint_deleted"
    title = "The endpoint has been deleted."


class EndpointQuerySet(ScopedQuerySet["Endpoint"]):
    def enabled(self) -> "EndpointQuerySet":
        """Endpoints that are sent to."""
        return self.filter(state=Endpoint.State.ENABLED)

    def kept(self) -> "EndpointQuerySet":
        """All but the deleted ones, which stay for the history of their deliveries."""
        return self.filter(deleted_at=None)


EndpointManager = ScopedManager.from_queryset(EndpointQuerySet)


class Endpoint(ScopedRow):
    """A receiver of facts. Its secrets are stored encrypted; `events` are types, prefixes (`invoice.*`) or `*`."""

    class State(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"

    prefix: ClassVar[str] = "whe"

    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=500, blank=True)
    events = ArrayField(models.CharField(max_length=80))
    contact_email = models.CharField(
        max_length=254, blank=True, help_text="Who is told when the house switches it off."
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.ENABLED)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it is disabled.")
    sealed_secret = models.TextField()
    sealed_previous_secret = models.TextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True, help_text="Until then the previous secret signs as well.")
    failures = models.PositiveIntegerField(default=0, help_text="Failed attempts since the last that succeeded.")
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, help_text="Real time, whatever the environment's clock says.")
    deleted_at = models.DateTimeField(null=True)

    objects: "ClassVar[EndpointManager[Endpoint]]" = EndpointManager()

    class Meta:
        permissions: ClassVar = [
            ("enable_endpoint", "Can enable an endpoint"),
            ("disable_endpoint", "Can disable an endpoint"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="enabled", disabled_at=None, reason="")
                | (Q(state="disabled", disabled_at__isnull=False) & ~Q(reason="")),
                name="webhooks_endpoint_disabled_says_why",
            ),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since=None) | Q(failures__gt=0, failing_since__isnull=False),
                name="webhooks_endpoint_failing_since",
            ),
            models.CheckConstraint(
                condition=Q(sealed_previous_secret="", previous_secret_until=None)
                | (~Q(sealed_previous_secret="") & Q(previous_secret_until__isnull=False)),
                name="webhooks_endpoint_previous_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(state="disabled"), name="webhooks_endpoint_deleted_is_disabled"
            ),
            models.CheckConstraint(condition=~Q(sealed_secret=""), name="webhooks_endpoint_has_secret"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "id"], name="webhooks_endpoint_enabled", condition=Q(state="enabled")),
            models.Index(fields=["environment", "deleted_at", "id"], name="webhooks_endpoint_kept"),
        ]

    @property
    def is_enabled(self) -> bool:
        return self.state == self.State.ENABLED

    def is_sent(self, *, kind: str, subject: str) -> bool:
        """This function will tell whether a fact is sent here, by type and subject; a test is its subject's alone."""
        if kind == WebhookTested.type:
            return subject == self.public_id
        return any(matches(pattern, kind) for pattern in self.events)

    def disable(self, *, reason: str, at: datetime) -> None:
        """This function will stop all sending, for a stated reason.

        :raises EndpointDisabled: if it is disabled already.
        """
        if not self.is_enabled:
            raise EndpointDisabled(reason=self.reason)
        self.state, self.reason, self.disabled_at = self.State.DISABLED, reason, at

    def delete_softly(self, *, at: datetime) -> None:
        """This function will take it out of sight and stop all sending; it may be disabled already."""
        self.state, self.reason = self.State.DISABLED, "deleted"
        self.disabled_at, self.deleted_at = self.disabled_at or at, at

    def enable(self) -> None:
        """This function will let facts be sent again, with a clean record.

        :raises EndpointDeleted, EndpointEnabled: accordingly.
        """
        if self.deleted_at is not None:
            raise EndpointDeleted
        if self.is_enabled:
            raise EndpointEnabled
        self.state, self.reason, self.disabled_at = self.State.ENABLED, "", None
        self.failures, self.failing_since = 0, None

    def rotate(self, *, sealed: str, at: datetime) -> None:
        """This function will put a new secret in force; the one before goes on signing for a day."""
        self.sealed_previous_secret, self.previous_secret_until = self.sealed_secret, at + ROTATION_OVERLAP
        self.sealed_secret = sealed

    def count_failure(self, *, at: datetime) -> bool:
        """This function will count a failed attempt and tell whether it was one too many."""
        self.failures, self.failing_since = self.failures + 1, self.failing_since or at
        return self.failures >= FEWEST_FAILURES and at - self.failing_since >= LONGEST_FAILURE

    def sealed_secrets(self, *, at: datetime) -> Sequence[str]:
        """This function will return the secrets that sign at an instant, encrypted, the newest first."""
        is_overlap = self.previous_secret_until is not None and at < self.previous_secret_until
        return (self.sealed_secret, self.sealed_previous_secret) if is_overlap else (self.sealed_secret,)


def matches(pattern: str, kind: str) -> bool:
    """This function will tell whether an event filter covers a type of fact: `invoice.*` covers `invoice.paid`."""
    if pattern == "*":
        return True
    return kind.startswith(pattern[:-1]) if pattern.endswith(".*") else kind == pattern


_TRANSITIONS: dict[str, frozenset[str]] = {
    "pending": frozenset({"succeeded", "failed", "dead", "canceled"}),
    "failed": frozenset({"succeeded", "failed", "dead", "canceled"}),
    # A dead letter that an operator brings back, or whose last answer came after its worker was given up.
    "dead": frozenset({"pending", "succeeded"}),
    # An attempt that was on its way when the endpoint was disabled may still have arrived.
    "canceled": frozenset({"succeeded"}),
    "succeeded": frozenset(),
}


class DeliveryQuerySet(ScopedQuerySet["Delivery"]):
    def waiting(self) -> "DeliveryQuerySet":
        """Deliveries that will be tried, for the first time or again."""
        return self.filter(state__in=(Delivery.State.PENDING, Delivery.State.FAILED))


DeliveryManager = ScopedManager.from_queryset(DeliveryQuerySet)


class Delivery(ScopedRow):
    """One fact for one endpoint. `body` is the text that is sent, byte for byte, at every attempt.

    Times are the machine's: receivers live in the world and not in the environment's calendar. `resend` is 0 for the
    first delivery of a fact and counts those that were asked for later.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed", "failed, will be retried"
        DEAD = "dead"
        CANCELED = "canceled"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = _TRANSITIONS

    prefix: ClassVar[str] = "whd"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    event_id = models.CharField(max_length=40, help_text="The fact's public id, sent as webhook-id.")
    event_type = models.CharField(max_length=80)
    resend = models.PositiveIntegerField(default=0)
    body = models.TextField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    attempts_made = models.PositiveIntegerField(default=0, help_text="Attempts begun, also those whose end is unknown.")
    attempts_allowed = models.PositiveIntegerField(default=ATTEMPTS)
    next_attempt_at = models.DateTimeField(null=True, help_text="About when: the wait is scattered.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects: "ClassVar[DeliveryManager[Delivery]]" = DeliveryManager()

    class Meta:
        verbose_name_plural = "deliveries"
        permissions: ClassVar = [("resend_delivery", "Can send a delivery again")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "endpoint", "event_id", "resend"], name="webhooks_delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(attempts_made__lte=F("attempts_allowed")), name="webhooks_delivery_within_schedule"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "failed"), finished_at=None)
                | (Q(state__in=("succeeded", "dead", "canceled"), finished_at__isnull=False)),
                name="webhooks_delivery_finished_is_stamped",
            ),
            models.CheckConstraint(
                condition=~Q(state="dead") | Q(attempts_made=F("attempts_allowed")),
                name="webhooks_delivery_dead_after_whole_schedule",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", next_attempt_at__isnull=False)
                | (~Q(state="failed") & Q(next_attempt_at=None)),
                name="webhooks_delivery_failed_has_next",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "endpoint", "id"], name="webhooks_delivery_endpoint"),
            models.Index(fields=["environment", "event_id"], name="webhooks_delivery_event"),
            models.Index(
                fields=["environment", "endpoint"],
                name="webhooks_delivery_waiting",
                condition=Q(state__in=("pending", "failed")),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="transitions",
                field="state",
                transitions=[(old, new) for old, targets in _TRANSITIONS.items() for new in sorted(targets)],
            ),
            pgtrigger.ReadOnly(
                name="as_sent",
                fields=["environment", "endpoint", "event_id", "event_type", "resend", "body", "created_at"],
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    @property
    def is_waiting(self) -> bool:
        return self.state in (self.State.PENDING, self.State.FAILED)

    def begin(self) -> bool:
        """This function will count the attempt that is about to be made; false when none is to be made any more.

        A dead letter that comes here was brought back, and gets the whole schedule again.
        """
        if self.state in (self.State.SUCCEEDED, self.State.CANCELED):
            return False
        if self.attempts_made >= self.attempts_allowed:
            self.attempts_allowed += ATTEMPTS
        self.attempts_made += 1
        if self.state == self.State.DEAD:
            self.state, self.finished_at = self.State.PENDING, None
        return True

    def succeed(self, *, at: datetime) -> None:
        """This function will note that the receiver has accepted it."""
        self.state, self.finished_at, self.next_attempt_at = self.State.SUCCEEDED, at, None

    def fail(self, *, at: datetime, next_attempt_at: datetime | None) -> None:
        """This function will note a failed attempt; without a next one it is a dead letter."""
        if not self.is_waiting:
            return
        self.next_attempt_at = next_attempt_at
        self.state, self.finished_at = (self.State.FAILED, None) if next_attempt_at else (self.State.DEAD, at)

    def cancel(self, *, at: datetime) -> None:
        """This function will note that it is not sent any more."""
        if self.is_waiting:
            self.state, self.finished_at, self.next_attempt_at = self.State.CANCELED, at, None


class DeliveryAttempt(ScopedRow):
    """One request and what came of it. Only grows; an attempt whose worker died has a number and no row."""

    prefix: ClassVar[str] = "wha"

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty when there was no answer.")
    duration_ms = models.PositiveIntegerField()
    response = models.TextField(blank=True, help_text="The first 4 KiB of the answer, redacted.")
    error = models.CharField(max_length=40, blank=True, help_text="Empty when the receiver accepted it.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "delivery", "number"], name="webhooks_attempt_once"),
            models.CheckConstraint(
                condition=Q(error="", status__gte=200, status__lt=300) | ~Q(error=""), name="webhooks_attempt_accepted"
            ),
        ]
