"""Wallets: stored value in lots, and everything that moved it."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from billing import triggers_wallets as triggers
from billing.models._credit_notes import CreditNote
from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class WalletQuerySet(ScopedQuerySet["Wallet"]):
    def of(self, customer_id: UUID) -> "WalletQuerySet":
        """One customer's wallets, one per currency."""
        return self.filter(customer_id=customer_id)

    def with_usable(self, *, at: datetime) -> "WalletQuerySet":
        """Wallets with what they can pay at an instant as `usable_minor`, and credit notes' part as `credit_minor`."""
        pays = Q(lots__effective_at__lte=at) & (Q(lots__expires_at=None) | Q(lots__expires_at__gt=at))
        noted = pays & Q(lots__source="credit_note")
        return self.annotate(
            usable_minor=Coalesce(Sum("lots__left_minor", filter=pays), 0, output_field=models.BigIntegerField()),
            credit_minor=Coalesce(Sum("lots__left_minor", filter=noted), 0, output_field=models.BigIntegerField()),
        )


WalletManager = ScopedManager.from_queryset(WalletQuerySet)


class Wallet(ScopedRow):
    """A customer's stored value in one currency. `balance_minor` is the sum of what its lots have left."""

    prefix: ClassVar[str] = "wal"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    # Below the threshold so much is bought, one purchase at a time; both or none.
    top_up_below_minor = models.BigIntegerField(null=True, blank=True)
    top_up_minor = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[WalletManager["Wallet"]] = WalletManager()

    class Meta:
        permissions: ClassVar = [
            ("grant_wallet", "Can give a wallet promotional value"),
            ("debit_wallet", "Can take value from a wallet"),
            ("top_up_wallet", "Can have a wallet topped up"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "customer", "currency"], name="billing_wallet_once"),
            models.CheckConstraint(condition=Q(balance_minor__gte=0), name="billing_wallet_not_negative"),
            models.CheckConstraint(
                condition=Q(top_up_below_minor=None, top_up_minor=None)
                | Q(top_up_below_minor__gte=0, top_up_minor__gt=0),
                name="billing_wallet_top_up_rule",
            ),
        ]
        triggers: ClassVar = [
            triggers.balance_is_lots("id"),
            triggers.frozen("id", "environment", "customer", "currency", "created_at"),
            triggers.kept(),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.currency}"

    @property
    def auto_top_up(self) -> "Wallet | None":
        """The wallet itself if it buys value by itself: `top_up_below_minor` and `top_up_minor` are its rule."""
        return None if self.top_up_minor is None else self


class WalletLotQuerySet(ScopedQuerySet["WalletLot"]):
    def with_value(self) -> "WalletLotQuerySet":
        """Lots that have something left."""
        return self.filter(left_minor__gt=0)

    def usable(self, *, at: datetime) -> "WalletLotQuerySet":
        """Lots with value that pay at an instant: effective, and not expired."""
        return self.with_value().filter(Q(expires_at=None) | Q(expires_at__gt=at), effective_at__lte=at)

    def expiring(self) -> "WalletLotQuerySet":
        """Lots with value that lose it at `expires_at`."""
        return self.with_value().filter(expires_at__isnull=False)


WalletLotManager = ScopedManager.from_queryset(WalletLotQuerySet)


class WalletLot(ScopedRow):
    """Value that came into a wallet at once. Lower priorities pay first.

    A lot of a credit note is the customer's credit balance, which pays an invoice before every other lot.
    """

    class Source(models.TextChoices):
        TOP_UP = "top_up"
        PROMOTION = "promotion"
        CREDIT_NOTE = "credit_note"
        OVERPAYMENT = "overpayment"

    prefix: ClassVar[str] = "lot"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots")
    source = models.CharField(max_length=11, choices=Source.choices)
    is_promotional = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField(default=50)
    amount_minor = models.BigIntegerField()
    left_minor = models.BigIntegerField()
    effective_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    # What it came from: the invoice of a top-up or an overpayment, or a credit note.
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="+")
    credit_note = models.ForeignKey(CreditNote, null=True, on_delete=models.PROTECT, related_name="+")
    description = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()

    objects: ClassVar[WalletLotManager["WalletLot"]] = WalletLotManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["environment", "expires_at"],
                condition=Q(left_minor__gt=0, expires_at__isnull=False),
                name="billing_walletlot_expiring",
            ),
            models.Index(
                fields=["environment", "wallet"], condition=Q(left_minor__gt=0), name="billing_walletlot_left"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, left_minor__gte=0, left_minor__lte=F("amount_minor")),
                name="billing_walletlot_left_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("effective_at")),
                name="billing_walletlot_forward",
            ),
            models.CheckConstraint(
                condition=Q(source__in=("top_up", "promotion", "credit_note", "overpayment")),
                name="billing_walletlot_known_source",
            ),
            models.CheckConstraint(
                condition=Q(is_promotional=True, source="promotion") | Q(is_promotional=False) & ~Q(source="promotion"),
                name="billing_walletlot_promotions_are_promotional",
            ),
        ]
        triggers: ClassVar = [
            triggers.balance_is_lots("wallet_id"),
            triggers.left_is_funded("id"),
            triggers.frozen(
                "id", "environment", "wallet", "source", "is_promotional", "priority", "amount_minor", "effective_at",
                "expires_at", "invoice", "credit_note", "description", "created_at",
            ),
            triggers.kept(),
        ]  # fmt: skip


class WalletTransaction(ScopedRow):
    """One movement of a wallet: in is positive, out negative. `key` makes it the only one of its request."""

    class Kind(models.TextChoices):
        GRANT = "grant"
        BURN = "burn"
        REVERSAL = "reversal"
        EXPIRY = "expiry"

    prefix: ClassVar[str] = "wtx"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transactions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField(help_text="The wallet's balance after it.")
    currency = models.CharField(max_length=3)
    key = models.CharField(max_length=200)
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="wallet_transactions")
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reversals")
    description = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        permissions: ClassVar = [("reverse_wallettransaction", "Can reverse a debit")]
        indexes: ClassVar = [
            models.Index(fields=["environment", "wallet", "-id"], name="billing_wallettransaction_of"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "wallet", "key"], name="billing_wallettransaction_once"),
            models.UniqueConstraint(fields=["environment", "reverses"], name="billing_wallettransaction_reversed_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("grant", "reversal"), amount_minor__gt=0)
                | Q(kind__in=("burn", "expiry"), amount_minor__lt=0),
                name="billing_wallettransaction_sign",
            ),
            models.CheckConstraint(condition=Q(balance_minor__gte=0), name="billing_wallettransaction_balance"),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses=None)),
                name="billing_wallettransaction_reversal_names_it",
            ),
        ]
        triggers: ClassVar = [triggers.amount_is_funded("id"), triggers.in_wallets_currency(), triggers.mirrors()]


class WalletFunding(ScopedRow):
    """Which lot a transaction moved, and by how much; the fundings of a transaction make its amount."""

    prefix: ClassVar[str] = "wfu"

    transaction = models.ForeignKey(WalletTransaction, on_delete=models.PROTECT, related_name="fundings")
    lot = models.ForeignKey(WalletLot, on_delete=models.PROTECT, related_name="fundings")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "transaction", "lot"], name="billing_walletfunding_once"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="billing_walletfunding_not_zero"),
        ]
        triggers: ClassVar = [
            triggers.amount_is_funded("transaction_id"),
            triggers.left_is_funded("lot_id"),
            triggers.in_one_wallet(),
            triggers.in_time(),
        ]
