"""Coupons on the console."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing import selectors, services
from billing.coupons import Terms, check_limits
from billing.models import Coupon, CouponRedemption
from core import clock, console, errors, tenancy

MOST_BARS = 8
EDITED = (
    "name", "percent", "amount_minor", "currency", "duration", "cycles", "applies_until", "redeem_by",
    "max_redemptions", "max_per_customer",
)  # fmt: skip
LIMITS = ("applies_until", "redeem_by", "max_redemptions", "max_per_customer")
TERMS = ("percent", "amount_minor", "currency", "duration", "cycles")


class CouponForm(forms.ModelForm):  # type: ignore[type-arg]
    """A coupon that nobody has redeemed. What the verb would refuse is refused here too, beside the field."""

    class Meta:
        model = Coupon
        fields = EDITED

    def clean(self) -> dict[str, Any]:
        """This function will refuse terms that make no sense."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        given["currency"] = given.get("currency") or None
        if not self.errors:
            try:
                self._check(given)
            except errors.Invalid as refused:
                field = refused.members.get("field", "currency")
                self.add_error(field if field in self.fields else None, refused.detail)
        return given

    def _check(self, given: Mapping[str, Any]) -> None:
        Terms(**{name: given[name] for name in TERMS}).check()
        chosen = {name: given[name] if name in self.changed_data else None for name in LIMITS}
        check_limits(**chosen, now=clock.now())


@admin.register(Coupon)
class CouponAdmin(console.DraftAdmin):
    """Editable until somebody has redeemed it; afterwards its name and limits are changed by the API."""

    form = CouponForm
    list_display = ("code", "name", "gives", "duration", "redeemed", "max_redemptions", "redeem_by", "archived_at")
    list_filter = ("duration", "currency", ("archived_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("code", "name")
    ordering = ("-id",)
    fields = (
        "code", *EDITED, "plans", "prices", "redeemed", "holders", "archived_at", "created_at",
    )  # fmt: skip
    readonly_fields = ("code", "plans", "prices", "redeemed", "holders", "archived_at", "created_at")
    actions_detail = ("archive_coupon",)

    def is_draft(self, row: Coupon) -> bool:
        """This function will tell whether nobody has redeemed the coupon yet, and it can still be redeemed."""
        return row.archived_at is None and not row.redemptions.exists()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return the form's own fields where they can be edited."""
        shown = super().get_fields(request, obj)
        return ["public_id", *self.fields] if self.has_change_permission(request, obj) else shown

    @admin.display(description="Gives")
    def gives(self, row: Coupon) -> str:
        """This function will show the percentage or the amount."""
        if row.percent is not None:
            return f"{row.percent.normalize():f} %"
        return console.money(row.amount_minor or 0, row.currency or "")

    @admin.display(description="Holders")
    def holders(self, row: Coupon) -> str:
        """This function will link who has redeemed the coupon."""
        return console.links({"Redemptions": ("billing.couponredemption", {"coupon__id__exact": row.pk})})

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        """This function will have the verb change what was edited, so that it is said and logged."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        with tenancy.scope(obj.environment.as_scope()):
            services.update_coupon(
                coupon_id=obj.pk, changes=changes, actor=console.actor(request), now=clock.now()
            )  # fmt: skip

    @console.verb(description="Archive", permission="archive", icon="archive")
    def archive_coupon(self, request: HttpRequest, row: Coupon, reason: str) -> str:
        """This function will stop giving the coupon out."""
        services.archive_coupon(coupon_id=row.pk, actor=console.actor(request), now=clock.now())
        return f"{row.code} is archived."


@admin.register(CouponRedemption)
class CouponRedemptionAdmin(console.ConsoleAdmin):
    list_display = ("coupon", "customer", "reference", "cycles_used", "redeemed_at", "released_at", "removed_at")
    list_filter = (
        ("released_at", admin.EmptyFieldListFilter), ("removed_at", admin.EmptyFieldListFilter), "redeemed_at",
    )  # fmt: skip
    search_fields = ("coupon__code", "reference")
    references = ("reference",)
    ordering = ("-id",)
    fields = ("coupon", "customer", "reference", "cycles_used", "redeemed_at", "released_at", "removed_at")


@console.chart(model="billing.coupon", order=60)
def redemptions_per_coupon() -> list[console.Chart]:
    """This function will draw how often the coupons that most customers hold have been redeemed."""
    bars = [console.Bar(label=code, value=n, text=str(n)) for code, n in selectors.most_redeemed(MOST_BARS)]
    return [console.Chart(title="Redemptions per coupon", bars=bars)]
