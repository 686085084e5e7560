"""The console's pages of customers, keys and people."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.decorators import display

from accounts import services
from accounts.models import ApiKey, Customer, Membership, User
from core import clock, console


@admin.register(Customer)
class CustomerAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "name", "email", "external_ref", "currency", "country", "created_at")
    list_filter = ("currency", "country", "tax_exemption", "created_at")
    search_fields = ("email__startswith", "name", "external_ref")
    ordering = ("-id",)
    readonly_fields = ("see_also",)
    fields = (
        "name", "email", "external_ref", "see_also", "currency", "is_currency_fixed", "timezone",
        "country", "address", "tax_ids", "tax_exemption", "metadata", "created_at", "updated_at",
    )  # fmt: skip

    @admin.display(description="See also")
    def see_also(self, row: Customer) -> str:
        """This function will link everything that the customer has on other pages."""
        his = {"customer__id__exact": row.pk}
        return console.links(
            {
                "Subscriptions": ("subscriptions.subscription", his),
                "Invoices": ("billing.invoice", his),
                "Payments": ("payments.payment", his),
                "Payment methods": ("payments.paymentmethod", his),
                "Entitlements": ("usage.entitlement", his),
                "Usage": ("usage.usageevent", his),
                "Coupons": ("billing.couponredemption", his),
                "Gifts bought": ("gifts.gift", {"buyer__id__exact": row.pk}),
            }
        )


@admin.register(ApiKey)
class ApiKeyAdmin(console.ConsoleAdmin):
    """Keys by what people may know of them: never the hash."""

    list_display = ("name", "type", "shown_key", "shown_scopes", "created_at", "last_used_at", "shown_state")
    list_filter = ("type", "created_at")
    search_fields = ("name", "lookup", "last_four")
    ordering = ("-id",)
    fields = (
        "name", "type", "environment", "shown_key", "shown_scopes", "created_at", "expires_at", "revoked_at",
        "last_used_at",
    )  # fmt: skip
    actions_detail = ("revoke",)

    @admin.display(description="Key")
    def shown_key(self, row: ApiKey) -> str:
        """This function will return what a key is recognized by."""
        return f"{row.lookup}…{row.last_four}"

    @admin.display(description="Scopes")
    def shown_scopes(self, row: ApiKey) -> str:
        """This function will return what the key may do."""
        return ", ".join(row.scopes) or "–"

    @display(description="State", label={"active": "success", "ended": "danger"})
    def shown_state(self, row: ApiKey) -> str:
        """This function will return the state as a badge."""
        return "active" if row.is_usable(at=clock.wall()) else "ended"

    @console.verb(description="Revoke", permission="revoke", icon="block")
    def revoke(self, request: HttpRequest, row: ApiKey, reason: str) -> None:
        """This function will end the key at once."""
        services.revoke_api_key(key_id=row.pk, reason=reason, actor=console.actor(request), now=clock.wall())


@admin.register(User)
class UserAdmin(console.ConsoleAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    fields = (
        "email", "name", "is_active", "is_staff", "is_superuser", "groups", "last_login", "created_at"
    )  # fmt: skip


@admin.register(Membership)
class MembershipAdmin(console.ConsoleAdmin):
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role", "tenant")
    search_fields = ("user__email", "tenant__slug")
    list_select_related = ("user", "tenant")
    ordering = ("user__email",)


# Operators are made by a command. Groups without members, and forms that change rights past the audit log, have no
# place here.
admin.site.unregister(Group)


@console.tile("Customers", model="accounts.customer", order=10)
def customers() -> int:
    """This function will count the customers."""
    return Customer.objects.count()
