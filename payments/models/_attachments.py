"""Wishes to attach a way to pay."""

from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from payments import states
from payments.models._asked import guards
from payments.models._methods import PaymentMethod

RECOGNIZED_BY: Final = ("brand", "last4", "exp_month", "exp_year", "fingerprint")


class PaymentMethodAttachment(ScopedRow):
    """One attempt to attach a way to pay, committed before the gateway is asked; its public id is the key there.

    Nothing of a card is in it but what the gateway answers of it. A token of the gateway's own form is kept, so that
    whoever finds the attempt abandoned can ask again; a card is not, so that he can only ask what became of it.
    """

    Status = states.AttachmentStatus
    prefix: ClassVar[str] = "pma"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20)
    source_token = models.CharField(max_length=100, blank=True)
    is_default = models.BooleanField()
    requested_by = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    token = models.CharField(max_length=100, blank=True)
    brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(null=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    refusal = models.CharField(max_length=60, blank=True)
    decline_code = models.CharField(max_length=60, blank=True)
    payment_method = models.OneToOneField(PaymentMethod, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=("accepted", "attached"))
                & ~Q(token="")
                & Q(exp_month__isnull=False, exp_year__isnull=False)
                | ~Q(status__in=("accepted", "attached")) & Q(token="", exp_month=None, exp_year=None),
                name="payments_attachment_accepted_has_a_token",
            ),
            models.CheckConstraint(
                condition=Q(status="refused") & ~Q(refusal="") | ~Q(status="refused") & Q(refusal=""),
                name="payments_attachment_refused_says_why",
            ),
            models.CheckConstraint(
                condition=Q(status="attached", payment_method__isnull=False)
                | ~Q(status="attached") & Q(payment_method=None),
                name="payments_attachment_attached_has_a_method",
            ),
            models.CheckConstraint(
                condition=Q(status="requested", answered_at=None)
                | ~Q(status="requested") & Q(answered_at__isnull=False),
                name="payments_attachment_end_is_stamped",
            ),
        ]
        triggers: ClassVar = guards(
            ["environment", "customer", "gateway", "source_token", "is_default", "requested_by", "created_at"],
            states.ATTACHMENT_TRANSITIONS,
            ["requested"],
        )

    @property
    def gateway_key(self) -> str:
        return self.public_id

    @property
    def progress(self) -> str:
        """What is said of it while nobody knows its end."""
        return "processing"

    def accept(self, *, at: datetime, token: str, **kept: Any) -> None:
        """This function will note what the gateway lets us keep: its token, and what a card is recognized by."""
        self.status, self.answered_at, self.token = self.Status.ACCEPTED, at, token
        for name in RECOGNIZED_BY:
            setattr(self, name, kept[name])

    def method(self, *, at: datetime, is_default: bool) -> PaymentMethod:
        """This function will return the way to pay that has come of it, not yet stored."""
        recognized_by = {name: getattr(self, name) for name in RECOGNIZED_BY}
        return PaymentMethod(
            customer_id=self.customer_id, gateway=self.gateway, token=self.token, created_at=at, is_default=is_default,
            **recognized_by,
        )  # fmt: skip

    def refuse(self, *, code: str, decline_code: str, at: datetime) -> None:
        """This function will note that the gateway said no, and why."""
        self.status, self.answered_at = self.Status.REFUSED, at
        self.refusal, self.decline_code = code, decline_code

    def abandon(self, *, at: datetime) -> None:
        """This function will give up on what the gateway was never asked."""
        self.status, self.answered_at = self.Status.ABANDONED, at
