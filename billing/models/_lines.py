"""The lines of an invoice, and how its discounts and taxes are made up."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from billing import triggers
from billing.lines import Basis, NewLine
from billing.models._coupons import CouponRedemption
from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedRow


class InvoiceLine(ScopedRow):
    """One line of an invoice. `total_minor` is the amount less its share of discounts plus its share of taxes."""

    class Kind(models.TextChoices):
        FIXED = "fixed"
        USAGE = "usage"
        PRORATION = "proration"
        ADDON = "addon"
        ONE_OFF = "one_off"
        TOP_UP = "top_up"
        GIFT = "gift"

    prefix: ClassVar[str] = "inl"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(max_digits=30, decimal_places=12)
    unit_amount = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    # Public ids of what was sold, where it was something of the catalog.
    price = models.CharField(max_length=64, null=True)
    plan = models.CharField(max_length=64, null=True)
    tax_code = models.CharField(max_length=40, blank=True, default="")
    # Each rate's part of `tax_minor`, what the amount was computed from, and how: see billing.lines.
    taxes = models.JSONField(default=list)
    basis = models.JSONField(null=True)
    steps = models.JSONField(default=list)
    period_starts_at = models.DateTimeField(null=True)
    period_ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "invoice", "position"], name="billing_invoiceline_position"),
            models.CheckConstraint(
                condition=Q(total_minor=F("amount_minor") - F("discount_minor") + F("tax_minor"))
                | Q(total_minor=F("amount_minor") - F("discount_minor")),
                name="billing_invoiceline_total",
            ),
        ]
        triggers: ClassVar = [triggers.only_in_drafts(), triggers.into_drafts()]

    def as_line(self) -> NewLine:
        """This function will return the line that the row was written from."""
        return NewLine(
            description=self.description, quantity=self.quantity, unit_amount=self.unit_amount,
            amount_minor=self.amount_minor, price=self.price, plan=self.plan, tax_code=self.tax_code,
            period_starts_at=self.period_starts_at, period_ends_at=self.period_ends_at, kind=self.kind,
            steps=tuple(self.steps), basis=Basis.from_json(self.basis) if self.basis else None,
        )  # fmt: skip


class InvoiceDiscount(ScopedRow):
    """What one coupon took off an invoice; together they make its `discount_minor`."""

    prefix: ClassVar[str] = "ind"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="discounts")
    position = models.PositiveIntegerField()
    redemption = models.ForeignKey(CouponRedemption, on_delete=models.PROTECT, related_name="discounts")
    description = models.CharField(max_length=300)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "invoice", "position"], name="billing_invoicediscount_position"
            ),
            models.UniqueConstraint(
                fields=["environment", "invoice", "redemption"], name="billing_invoicediscount_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="billing_invoicediscount_not_negative"),
        ]
        triggers: ClassVar = [triggers.only_in_drafts(), triggers.into_drafts()]


class InvoiceTax(ScopedRow):
    """One tax rate on an invoice: the base of its lines, and the tax rounded once on it."""

    prefix: ClassVar[str] = "int"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2, blank=True, default="")
    percentage = models.DecimalField(max_digits=9, decimal_places=6)
    is_reverse_charge = models.BooleanField(default=False)
    base_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "invoice", "position"], name="billing_invoicetax_position"),
            models.UniqueConstraint(fields=["environment", "invoice", "code"], name="billing_invoicetax_code_once"),
            models.CheckConstraint(
                condition=Q(is_reverse_charge=False) | Q(tax_minor=0),
                name="billing_invoicetax_reverse_is_nothing",
            ),
        ]
        triggers: ClassVar = [triggers.only_in_drafts(), triggers.into_drafts()]
