"""What comes from outside: events of gateways, and the sandbox gateway's own book."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from payments import states
from payments.models._asked import guards
from payments.models._payments import PaymentAttempt


class GatewayEvent(ScopedRow):
    """What a gateway told us unasked: the verified bytes, kept as they came."""

    Status = states.EventStatus
    TRANSITIONS: ClassVar[states.Transitions] = states.EVENT_TRANSITIONS
    prefix: ClassVar[str] = "gev"

    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=128)
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RECEIVED)
    note = models.CharField(max_length=200, blank=True)
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    runs = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions: ClassVar = [("replay_gatewayevent", "Can replay a gateway's event")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "gateway", "event_id"], name="payments_event_once"),
            models.CheckConstraint(
                condition=Q(status="received") | Q(processed_at__isnull=False), name="payments_event_end_is_stamped"
            ),
        ]
        triggers: ClassVar = guards(
            ["environment", "gateway", "event_id", "body", "body_sha256", "received_at"],
            states.EVENT_TRANSITIONS,
            ["received"],
        )

    @property
    def text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")


class SandboxCharge(ScopedRow):
    """The sandbox gateway's own book. It stands for the world outside: no verb of ours reads or writes it.

    `received` means that a request with this key has come in and nothing was done; lookups do not see such a row.
    """

    prefix: ClassVar[str] = "sbx"

    key = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, choices=[("charge", "charge"), ("refund", "refund")])
    status = models.CharField(
        max_length=10, choices=[(one, one) for one in ("received", "succeeded", "failed", "pending")]
    )
    code = models.CharField(max_length=60, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    charge = models.ForeignKey("self", on_delete=models.PROTECT, related_name="refunds", null=True)
    requests = models.PositiveIntegerField(default=0, help_text="How often the gateway was asked with this key.")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="payments_sandbox_key_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_sandbox_positive"),
        ]

    def answer(self) -> dict[str, Any]:
        """This function will return what the gateway says of it, as its API would."""
        return {
            "id": self.public_id,
            "key": self.key,
            "status": self.status,
            "code": self.code,
            "amount": self.amount_minor,
            "currency": self.currency,
        }


class SandboxCard(ScopedRow):
    """The sandbox gateway's memory of the cards it made tokens for, by the key it was asked with. No numbers."""

    prefix: ClassVar[str] = "sbk"

    key = models.CharField(max_length=64)
    token = models.CharField(max_length=100)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    requests = models.PositiveIntegerField(default=0, help_text="How often the gateway was asked with this key.")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="payments_sandbox_card_key_once")
        ]
