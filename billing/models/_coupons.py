"""Coupons, and who holds which."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from billing.models import _coupon_rules as rules
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class CouponArchived(errors.Conflict):
    code = "coupon_archived"
    title = "The coupon is no longer given out."


class CouponExpired(errors.Conflict):
    code = "coupon_expired"
    title = "The coupon's time is over."


class CouponCurrencyMismatch(errors.Invalid):
    code = "coupon_currency_mismatch"
    title = "The coupon is an amount in another currency."


class CouponNotForPlan(errors.Invalid):
    code = "coupon_not_for_plan"
    title = "The coupon is for other plans."


class CouponQuerySet(ScopedQuerySet["Coupon"]):
    def given_out(self) -> "CouponQuerySet":
        """Coupons that are not archived."""
        return self.filter(archived_at=None)

    def below_limit(self) -> "CouponQuerySet":
        """Coupons that can be redeemed once more, as far as their limit goes."""
        return self.filter(Q(max_redemptions=None) | Q(redeemed__lt=F("max_redemptions")))


CouponManager = ScopedManager.from_queryset(CouponQuerySet)


class Coupon(ScopedRow):
    """A reduction that customers redeem by its code: a percentage, or an amount of one currency.

    `duration` says for how many invoices of a holder it counts: the first one, `cycles` of them, or all of them, and
    never for one issued at or after `applies_until`; at `redeem_by` it can no longer be redeemed. Scopes name public
    ids; without any it reduces the whole invoice. The code is kept in upper case, and found in any.
    """

    class Duration(models.TextChoices):
        ONCE = "once"
        REPEATING = "repeating"
        FOREVER = "forever"

    prefix: ClassVar[str] = "cpn"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    percent = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, null=True, blank=True)
    duration = models.CharField(max_length=9, choices=Duration.choices, default=Duration.ONCE)
    cycles = models.PositiveIntegerField(null=True, blank=True)
    applies_until = models.DateTimeField(null=True, blank=True)
    redeem_by = models.DateTimeField(null=True, blank=True)
    max_redemptions = models.PositiveIntegerField(null=True, blank=True)
    max_per_customer = models.PositiveIntegerField(null=True, blank=True)
    plans = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    prices = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    redeemed = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[CouponManager["Coupon"]] = CouponManager()

    class Meta:
        permissions: ClassVar = [("archive_coupon", "Can archive a coupon")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="billing_coupon_code_once"),
            models.CheckConstraint(
                condition=Q(code=Upper("code")) & ~Q(code=""), name="billing_coupon_code_is_upper_case"
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount_minor=None, currency=None)
                | Q(percent=None, amount_minor__gt=0, currency__regex="^[A-Z]{3}$"),
                name="billing_coupon_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(duration="repeating", cycles__gte=1) | (~Q(duration="repeating") & Q(cycles=None)),
                name="billing_coupon_repeating_has_cycles",
            ),
            models.CheckConstraint(
                condition=Q(duration__in=("once", "repeating", "forever")), name="billing_coupon_known_duration"
            ),
            models.CheckConstraint(
                condition=Q(max_redemptions=None) | Q(max_redemptions__gte=1, redeemed__lte=F("max_redemptions")),
                name="billing_coupon_within_its_limit",
            ),
            models.CheckConstraint(
                condition=Q(max_per_customer=None) | Q(max_per_customer__gte=1),
                name="billing_coupon_per_customer_limit",
            ),
        ]
        triggers: ClassVar = [rules.promised()]

    def __str__(self) -> str:
        return self.code

    @property
    def is_scoped(self) -> bool:
        """Whether it reduces some lines only."""
        return bool(self.plans or self.prices)

    @property
    def is_exhausted(self) -> bool:
        """Whether it has been redeemed as often as it may."""
        return self.max_redemptions is not None and self.redeemed >= self.max_redemptions

    @property
    def most_cycles(self) -> int | None:
        """For how many invoices of one holder it counts; None is without limit."""
        return {"once": 1, "repeating": self.cycles, "forever": None}[self.duration]

    def refuse_unless_redeemable(self, *, currency: str, plan: str | None, at: datetime) -> None:
        """This function will refuse a redemption at an instant that the coupon itself rules out.

        `plan` is the public id of what is subscribed to, if anything; a coupon for prices may be for one of the plan's.

        :raises CouponArchived, CouponExpired: if it is no longer given out, or its time is over.
        :raises CouponCurrencyMismatch: if it is an amount in another currency.
        :raises CouponNotForPlan: if it is for other plans.
        """
        if self.archived_at is not None:
            raise CouponArchived(coupon=self.code, archived_at=self.archived_at.isoformat())
        for end in (self.redeem_by, self.applies_until):
            if end is not None and end <= at:
                raise CouponExpired(coupon=self.code, ended_at=end.isoformat())
        if self.currency not in (None, currency):
            raise CouponCurrencyMismatch(coupon=self.code, coupon_currency=self.currency, currency=currency)
        if plan is not None and self.plans and not self.prices and plan not in self.plans:
            raise CouponNotForPlan(coupon=self.code, plan=plan)

    def archive(self, *, at: datetime) -> None:
        """This function will stop giving the coupon out; whoever holds it keeps it.

        :raises CouponArchived: if that is so already.
        """
        self.refuse_if_archived()
        self.archived_at = at

    def refuse_if_archived(self) -> None:
        """This function will refuse to go on with a coupon that is archived.

        :raises CouponArchived: so.
        """
        if self.archived_at is not None:
            raise CouponArchived(archived_at=self.archived_at.isoformat())


class CouponRedemptionQuerySet(ScopedQuerySet["CouponRedemption"]):
    def held(self) -> "CouponRedemptionQuerySet":
        """Redemptions that have neither been given back nor taken off."""
        return self.taken().filter(removed_at=None)

    def taken(self) -> "CouponRedemptionQuerySet":
        """Redemptions that have not been given back: nobody else may have them."""
        return self.filter(released_at=None)

    def of(self, customer_id: UUID) -> "CouponRedemptionQuerySet":
        """One customer's redemptions."""
        return self.filter(customer_id=customer_id)

    def about(self, *references: str) -> "CouponRedemptionQuerySet":
        """The redemptions for some agreements or invoices, by their public ids."""
        return self.filter(reference__in=references)

    def with_cycles_left(self) -> "CouponRedemptionQuerySet":
        """Redemptions that count for one more invoice."""
        return self.filter(Q(coupon__duration="forever") | Q(cycles_used=0) | Q(cycles_used__lt=F("coupon__cycles")))

    def counting(self, *, at: datetime) -> "CouponRedemptionQuerySet":
        """Redemptions that reduce an invoice issued at an instant: with cycles left, and before the coupon's end."""
        in_time = Q(coupon__applies_until=None) | Q(coupon__applies_until__gt=at)
        return self.held().with_cycles_left().filter(in_time).select_related("coupon").order_by("id")


CouponRedemptionManager = ScopedManager.from_queryset(CouponRedemptionQuerySet)


class CouponRedemption(ScopedRow):
    """A coupon in the hands of a customer, for one agreement or one invoice.

    A redemption that never led to a payment is released and counts no more. One that was taken off (`removed_at`) after
    it has reduced an invoice counts as redeemed, and for no further invoice.
    """

    prefix: ClassVar[str] = "crd"

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=64)
    cycles_used = models.PositiveIntegerField(default=0)
    redeemed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[CouponRedemptionManager["CouponRedemption"]] = CouponRedemptionManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["environment", "reference"], name="billing_redemption_about"),
            models.Index(fields=["environment", "customer", "coupon"], name="billing_redemption_of_customer"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "coupon", "reference"],
                condition=Q(released_at=None),
                name="billing_redemption_once_per_reference",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(cycles_used=0), name="billing_redemption_released_unused"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("redeemed_at")),
                name="billing_redemption_removed_afterwards",
            ),
        ]
        triggers: ClassVar = [
            rules.same_holder(), rules.released_for_good(), rules.removed_for_good(), rules.redemption_kept(),
        ]  # fmt: skip
