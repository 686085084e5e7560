"""Ways to pay."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class PaymentMethodDetached(errors.Conflict):
    code = "payment_method_detached"
    title = "The payment method has been detached."


class PaymentMethodQuerySet(ScopedQuerySet["PaymentMethod"]):
    def attached(self) -> "PaymentMethodQuerySet":
        return self.filter(detached_at=None)

    def of(self, customer_id: UUID) -> "PaymentMethodQuerySet":
        return self.filter(customer_id=customer_id)


PaymentMethodManager = ScopedManager.from_queryset(PaymentMethodQuerySet)


class PaymentMethod(ScopedRow):
    """A way for a customer to pay. The token is the gateway's name for it and moves no money outside our account."""

    prefix: ClassVar[str] = "pym"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=100)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    detached_at = models.DateTimeField(null=True, blank=True)

    objects: "ClassVar[PaymentMethodManager[PaymentMethod]]" = PaymentMethodManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "customer"], condition=Q(is_default=True), name="payments_method_one_default"
            ),
            models.UniqueConstraint(fields=["environment", "gateway", "token"], name="payments_method_token_once"),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(detached_at=None), name="payments_method_default_is_attached"
            ),
            models.CheckConstraint(condition=Q(exp_month__range=(1, 12)), name="payments_method_month"),
            models.CheckConstraint(condition=Q(last4__regex=r"^[0-9]{4}$"), name="payments_method_last4_digits"),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "customer", "id"], name="payments_method_customer")]

    def detach(self, *, at: datetime) -> None:
        if self.detached_at is not None:
            raise PaymentMethodDetached
        self.detached_at, self.is_default = at, False
