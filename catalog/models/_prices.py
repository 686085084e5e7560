"""What a thing costs: one row per price of a plan's version or of an add-on."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import BooleanField, Func, Q

from catalog import pricing, shapes
from catalog.models._addons import AddOn
from catalog.models._plans import PlanVersion
from catalog.triggers import frozen_with_addon, frozen_with_version
from core import errors
from core.periods import Interval
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

INTERVALS = [(one.value, one.value) for one in Interval]
# Beside the column's digits this keeps NaN out, which PostgreSQL takes for the greatest number.
BEYOND = Decimal(10) ** shapes.MAX_WHOLE_DIGITS


class PricePublished(errors.Conflict):
    code = "price_published"
    title = "A published price is frozen; give the plan a new version, or make another add-on."


def _words(models_: tuple[pricing.Model, ...]) -> list[str]:
    return [one.value for one in models_]


def _members_fit_the_model() -> list[models.CheckConstraint]:
    """One rule per member: there for the models that need it, absent for those that do not know it."""
    required = [
        (member, Q(model__in=_words(known), **{f"{member}__isnull": False}) | _absent(member, known))
        for member, known in shapes.REQUIRED.items()
    ]
    optional = [(member, Q(model__in=_words(known)) | Q(**{member: None})) for member, known in shapes.OPTIONAL.items()]
    return [
        models.CheckConstraint(condition=condition, name=f"catalog_price_{member}_fits_model")
        for member, condition in (*required, *optional)
    ]


def _absent(member: str, known: tuple[pricing.Model, ...]) -> Q:
    return ~Q(model__in=_words(known)) & Q(**{member: None})


def _amounts_in_range() -> Q:
    within = Q()
    for name in shapes.AMOUNTS:
        within &= Q(**{name: None}) | Q(**{f"{name}__gte": 0, f"{name}__lt": BEYOND})
    return within


def _tiers_rise() -> Func:
    return Func("tiers", function="catalog_tiers_rise", output_field=BooleanField())


def _amount() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(max_digits=shapes.MAX_DIGITS, decimal_places=pricing.MAX_PLACES, null=True, blank=True)


class PriceQuerySet(ScopedQuerySet["Price"]):
    def with_owners(self) -> "PriceQuerySet":
        """The prices with the version and plan, or the add-on, that they belong to."""
        return self.select_related("version__plan", "addon")


PriceManager = ScopedManager.from_queryset(PriceQuerySet)


class Price(ScopedRow):
    """What one thing costs: a fixed fee per period, what a meter measured, or an add-on. Amounts are in major units.

    `model` names the formula; which of the members below it has is said in `catalog.shapes`, what they mean in
    `catalog.pricing`. A price without an interval is charged once; only add-ons have such prices.
    """

    class Kind(models.TextChoices):
        FIXED = "fixed"
        USAGE = "usage"

    class Model(models.TextChoices):
        FLAT = "flat"
        PER_UNIT = "per_unit"
        GRADUATED = "graduated"
        VOLUME = "volume"
        PACKAGE = "package"
        PERCENTAGE = "percentage"

    class PackageRounding(models.TextChoices):
        UP = "up"
        DOWN = "down"

    class Billed(models.TextChoices):
        ADVANCE = "advance"
        ARREARS = "arrears"

    prefix: ClassVar[str] = "prc"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="prices", null=True, blank=True)
    addon = models.ForeignKey(AddOn, on_delete=models.PROTECT, related_name="prices", null=True, blank=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FIXED)
    currency = models.CharField(max_length=3)
    model = models.CharField(max_length=12, choices=Model.choices, default=Model.FLAT)
    unit_amount = _amount()
    # [{"up_to": "10", "unit_amount": "0.5", "flat_amount": "2"}, …], decimals as text, the last one's `up_to` null.
    tiers = models.JSONField(default=list, blank=True)
    charge_flat_at_zero = models.BooleanField(default=False)
    package_size = _amount()
    package_rounding = models.CharField(max_length=4, choices=PackageRounding.choices, null=True, blank=True)
    percentage = _amount()
    fixed_amount = _amount()
    free_units = _amount()
    free_events = models.PositiveIntegerField(null=True, blank=True)
    minimum_amount = _amount()
    maximum_amount = _amount()
    # What is sold, in the words of the tax rates; empty is what is taxed at the standard rate.
    tax_code = models.CharField(max_length=40, blank=True, default="")
    interval = models.CharField(max_length=10, choices=INTERVALS, null=True, blank=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    billed = models.CharField(max_length=7, choices=Billed.choices, default=Billed.ADVANCE)
    meter = models.ForeignKey("usage.Meter", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PriceManager["Price"]] = PriceManager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "addon", "currency"],
                condition=Q(addon__isnull=False),
                name="catalog_price_one_per_addon_and_currency",
            ),
            models.CheckConstraint(
                condition=Q(version__isnull=False, addon=None) | Q(version=None, addon__isnull=False),
                name="catalog_price_of_a_version_or_an_addon",
            ),
            models.CheckConstraint(condition=Q(addon=None) | Q(kind="fixed"), name="catalog_price_addon_is_fixed"),
            models.CheckConstraint(
                condition=Q(interval__isnull=False)
                | Q(interval=None, interval_count=1, version=None, billed="advance"),
                name="catalog_price_once_only_for_addons",
            ),
            models.CheckConstraint(condition=Q(interval_count__range=(1, 36)), name="catalog_price_interval_count"),
            models.CheckConstraint(
                condition=Q(interval=None) | Q(interval__in=[one.value for one in Interval]),
                name="catalog_price_known_interval",
            ),
            models.CheckConstraint(
                condition=Q(model__in=[one.value for one in pricing.Model]), name="catalog_price_known_model"
            ),
            models.CheckConstraint(condition=_amounts_in_range(), name="catalog_price_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="catalog_price_currency_code"),
            models.CheckConstraint(
                condition=Q(kind="fixed", meter=None, billed__in=("advance", "arrears"))
                | Q(kind="usage", meter__isnull=False, billed="arrears"),
                name="catalog_price_usage_has_a_meter_and_is_billed_after",
            ),
            # Only a meter's events have values.
            models.CheckConstraint(
                condition=~Q(model="percentage") | Q(kind="usage"), name="catalog_price_percentage_is_of_usage"
            ),
            *_members_fit_the_model(),
            models.CheckConstraint(
                condition=Q(package_size=None) | Q(package_size__gt=0), name="catalog_price_package_holds_something"
            ),
            models.CheckConstraint(
                condition=Q(package_rounding=None) | Q(package_rounding__in=("up", "down")),
                name="catalog_price_known_rounding",
            ),
            models.CheckConstraint(
                condition=Q(Q(model__in=_words(shapes.TIERED)), _tiers_rise())
                | Q(~Q(model__in=_words(shapes.TIERED)), tiers=[], charge_flat_at_zero=False),
                name="catalog_price_tiers_rise_to_an_open_one",
            ),
            models.CheckConstraint(
                condition=Q(minimum_amount=None)
                | Q(maximum_amount=None)
                | Q(minimum_amount__lte=models.F("maximum_amount")),
                name="catalog_price_minimum_below_maximum",
            ),
        ]
        triggers: ClassVar = [*frozen_with_version("price"), *frozen_with_addon()]

    def as_formula(self) -> pricing.Price:
        """This function will return the row as what computes.

        :raises catalog.pricing.InvalidPrice: if the members do not make a price.
        :raises core.money.UnknownCurrency: if the currency is not known.
        """
        return pricing.Price(
            model=pricing.Model(self.model), currency=self.currency, unit_amount=self.unit_amount,
            tiers=tuple(_tier(one) for one in self.tiers), charge_flat_at_zero=self.charge_flat_at_zero,
            package_size=self.package_size,
            package_rounding=pricing.PackageRounding(self.package_rounding or pricing.PackageRounding.UP),
            percentage=self.percentage, fixed_amount=self.fixed_amount or Decimal(0), free_units=self.free_units,
            free_events=self.free_events, minimum_amount=self.minimum_amount, maximum_amount=self.maximum_amount,
        )  # fmt: skip


def _tier(stored: dict[str, str | None]) -> pricing.Tier:
    up_to = stored["up_to"]
    return pricing.Tier(
        up_to=None if up_to is None else Decimal(up_to),
        unit_amount=Decimal(stored["unit_amount"] or 0),
        flat_amount=Decimal(stored["flat_amount"] or 0),
    )
