"""The console's pages of customers."""

from django.contrib import admin

from accounts.models import Customer
from core import console


@admin.register(Customer)
class CustomerAdmin(console.ConsoleAdmin):
    holds_personal_data = True
    list_display = ("public_id", "name", "email", "external_ref", "currency", "country", "created_at")
    list_filter = ("currency", "country", "tax_exemption", "created_at")
    search_fields = ("email__startswith", "name", "external_ref")
    ordering = ("-id",)
    readonly_fields = ("see_also",)
    fields = (
        "name", "email", "email_verified_at", "external_ref", "see_also", "currency", "is_currency_fixed", "timezone",
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


@console.tile("Customers", model="accounts.customer", order=10)
def customers() -> int:
    """This function will count the customers."""
    return Customer.objects.count()
