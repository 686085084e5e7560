"""The console's pages of wallets."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from billing import services
from billing.admin._statements import Stated
from billing.models import Invoice, Wallet, WalletFunding, WalletLot, WalletTransaction
from core import clock, console, ids, money


class ValueForm(console.ReasonForm):
    """How much. The hidden key lets a form that is sent twice count once."""

    amount = forms.DecimalField(
        min_value=Decimal(0), max_digits=18, decimal_places=4, widget=UnfoldAdminDecimalFieldWidget(),
        help_text="In the wallet's currency, such as 25.00.",
    )  # fmt: skip
    key = forms.CharField(widget=forms.HiddenInput, max_length=60, initial=lambda: str(ids.new()))
    field_order: tuple[str, ...] = ("amount",)


class PromotionForm(ValueForm):
    """How much is given, and until when."""

    priority = forms.IntegerField(
        min_value=0, max_value=services.LAST_PRIORITY, initial=50, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Lower priorities pay first.",
    )  # fmt: skip
    expires_at = forms.DateTimeField(
        required=False, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-31 00:00"}),
        help_text="In UTC; empty for never.",
    )  # fmt: skip
    field_order: tuple[str, ...] = ("amount", "priority", "expires_at")


class RefillForm(console.ReasonForm):
    """When how much is bought."""

    below = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=18, decimal_places=4, widget=UnfoldAdminDecimalFieldWidget(),
        help_text="Less than so much starts a purchase. Both empty: nothing is bought.",
    )  # fmt: skip
    amount = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=18, decimal_places=4, widget=UnfoldAdminDecimalFieldWidget(),
        help_text="So much is bought.",
    )  # fmt: skip
    field_order = ("below", "amount")


class Lots(console.ConsoleInline):
    model = WalletLot
    fields = ("lot", "source", "priority", "left", "granted", "effective_at", "expires_at", "description")
    readonly_fields = ("lot", "left", "granted")
    ordering = ("-id",)
    verbose_name_plural = "Lots with something left"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the lots that can still pay, with their wallet fetched."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(left_minor__gt=0).select_related("wallet")

    @admin.display(description="Lot")
    def lot(self, row: WalletLot) -> str:
        """This function will show the public id."""
        return row.public_id

    @admin.display(description="Left")
    def left(self, row: WalletLot) -> str:
        """This function will show what the lot can still pay."""
        return console.money(row.left_minor, row.wallet.currency)

    @admin.display(description="Granted")
    def granted(self, row: WalletLot) -> str:
        """This function will show what came in."""
        return console.money(row.amount_minor, row.wallet.currency)


@admin.register(Wallet)
class WalletAdmin(Stated, console.ConsoleAdmin):
    list_display = ("public_id", "customer", "balance_minor", "usable", "refill", "created_at")
    list_filter = ("currency", "created_at")
    search_fields = ("customer__email", "customer__external_ref")
    ordering = ("-id",)
    fields = ("customer", "balance_minor", "usable", "refill", "links", "statement", "created_at")
    readonly_fields = ("usable", "refill", "links", "statement")
    inlines = (Lots,)
    actions_detail = ("grant", "top_up", "debit", "configure_refill")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the wallets with what they can pay now."""
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.with_usable(at=clock.wall())
        return found

    @admin.display(description="Usable")
    def usable(self, row: Any) -> str:
        """This function will show what the wallet can pay now."""
        return console.money(row.usable_minor, row.currency)

    @admin.display(description="Bought by itself")
    def refill(self, row: Wallet) -> str:
        """This function will show when how much is bought."""
        if row.top_up_minor is None:
            return "–"
        bought, below = (console.money(minor, row.currency) for minor in (row.top_up_minor, row.top_up_below_minor))
        return f"{bought} below {below}"

    @admin.display(description="See also")
    def links(self, row: Wallet) -> str:
        """This function will link what moved the wallet and what was bought for it."""
        return console.links(
            {
                "Transactions": ("billing.wallettransaction", {"q": row.public_id}),
                "Top-ups": ("billing.invoice", {"q": row.public_id}),
            }
        )

    @console.verb(description="Grant promotion", permission="grant", icon="redeem", form=PromotionForm, step_up=True)
    def grant(
        self, request: HttpRequest, row: Wallet, reason: str, amount: Decimal, key: str, priority: int,
        expires_at: datetime | None,
    ) -> str:  # fmt: skip
        """This function will give the customer value for nothing."""
        done = services.grant_or_ask(
            wallet_id=row.id, amount_minor=_exact(amount, row.currency), key=key, priority=priority,
            expires_at=expires_at, description=reason[:300], actor=console.actor(request), now=clock.now(),
        )  # fmt: skip
        if not isinstance(done, WalletLot):
            return f"This is above your limit: {done.public_id} waits for somebody else's approval."
        return f"{console.money(done.amount_minor, row.currency)} are in the wallet."

    @console.verb(description="Top up", permission="top_up", icon="add_card", form=ValueForm)
    def top_up(self, request: HttpRequest, row: Wallet, reason: str, amount: Decimal, key: str) -> str:
        """This function will sell the customer value, collected with his default payment method."""
        invoice = services.top_up_wallet(
            wallet_id=row.id, amount_minor=_exact(amount, row.currency), key=key,
            actor=console.actor(request), now=clock.now(),
        )  # fmt: skip
        return f"Invoice {invoice.number} was issued; the value comes in when it is paid."

    @console.verb(description="Debit", permission="debit", icon="remove", form=ValueForm)
    def debit(self, request: HttpRequest, row: Wallet, reason: str, amount: Decimal, key: str) -> str:
        """This function will take value from the wallet."""
        taken = services.debit_wallet(
            wallet_id=row.id, amount_minor=_exact(amount, row.currency), key=key, description=reason[:300],
            actor=console.actor(request), now=clock.now(),
        )  # fmt: skip
        return f"{console.money(-taken.amount_minor, row.currency)} were taken."

    @console.verb(description="Automatic top-up", permission="top_up", icon="autorenew", form=RefillForm)
    def configure_refill(
        self, request: HttpRequest, row: Wallet, reason: str, below: Decimal | None, amount: Decimal | None
    ) -> None:
        """This function will have value bought by itself, or no longer."""
        services.configure_auto_top_up(
            wallet_id=row.id, actor=console.actor(request), now=clock.now(),
            below_minor=None if below is None else _exact(below, row.currency),
            amount_minor=None if amount is None else _exact(amount, row.currency),
        )  # fmt: skip


class Fundings(console.ConsoleInline):
    model = WalletFunding
    fields = ("what", "moved", "left")
    readonly_fields = ("what", "moved", "left")
    ordering = ("id",)
    verbose_name_plural = "Lots it moved"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the fundings with their lots fetched."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("lot__wallet")

    @admin.display(description="Lot")
    def what(self, row: WalletFunding) -> str:
        """This function will show which lot it was."""
        return f"{row.lot.public_id} ({row.lot.source.replace('_', ' ')})"

    @admin.display(description="Moved")
    def moved(self, row: WalletFunding) -> str:
        """This function will show the signed amount."""
        return console.money(row.amount_minor, row.lot.wallet.currency)

    @admin.display(description="Left now")
    def left(self, row: WalletFunding) -> str:
        """This function will show what the lot has left today."""
        return console.money(row.lot.left_minor, row.lot.wallet.currency)


@admin.register(WalletTransaction)
class WalletTransactionAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "wallet", "kind", "amount_minor", "balance_minor", "invoice", "lots", "created_at")
    list_filter = ("kind", "currency", "created_at")
    search_fields = ("key", "description", "invoice__number", "wallet__customer__email")
    ordering = ("-id",)
    fields = (
        "wallet", "kind", "amount_minor", "balance_minor", "invoice", "reverses", "description", "key", "created_at",
    )  # fmt: skip
    inlines = (Fundings,)
    actions_detail = ("reverse",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the transactions with what they moved."""
        rows: QuerySet[Any] = super().get_queryset(request)
        moved = WalletFunding.objects.select_related("lot").order_by("id")
        return rows.prefetch_related(Prefetch("fundings", queryset=moved))

    @admin.display(description="Lots")
    def lots(self, row: WalletTransaction) -> str:
        """This function will show how much of which source was moved."""
        moved = (f"{one.lot.source} {console.money(one.amount_minor, row.currency)}" for one in row.fundings.all())
        return " · ".join(moved)

    @console.verb(description="Reverse", permission="reverse", icon="undo")
    def reverse(self, request: HttpRequest, row: WalletTransaction, reason: str) -> str:
        """This function will take a debit back, into the very lots it came from."""
        back = services.reverse_debit(
            wallet_id=row.wallet_id, transaction_id=row.id, description=reason[:300], actor=console.actor(request),
            now=clock.now(),
        )  # fmt: skip
        return f"{console.money(back.amount_minor, row.currency)} are back in the wallet."


@console.tile("Top-ups without their money", model="billing.wallet", order=45)
def waiting_top_ups() -> int:
    """This function will count the top-ups that wait for their payment."""
    return Invoice.objects.open().filter(kind=Invoice.Kind.TOP_UP).count()


def _exact(amount: Decimal, currency: str) -> int:
    """Minor units of what an operator typed; nothing is rounded away."""
    minor = money.to_minor(amount, currency)
    if money.to_major(minor, currency) != amount:
        raise services.WalletAmountInvalid(f"{currency} has fewer places than {amount}.")
    return minor
