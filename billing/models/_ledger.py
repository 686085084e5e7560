"""The double-entry ledger: accounts, journals and their postings."""

from typing import ClassVar

from django.db import models
from django.db.models import BigIntegerField, Q, Sum
from django.db.models.functions import Coalesce

from billing import triggers
from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class AccountQuerySet(ScopedQuerySet["Account"]):
    def with_balance(self) -> "AccountQuerySet":
        """Accounts with the sums of their postings as `debits_minor`, `credits_minor` and their difference."""
        amount, big = "postings__amount_minor", BigIntegerField()
        debit, credit = Q(**{f"{amount}__gt": 0}), Q(**{f"{amount}__lt": 0})
        return self.annotate(
            balance_minor=Coalesce(Sum(amount), 0, output_field=big),
            debits_minor=Coalesce(Sum(amount, filter=debit), 0, output_field=big),
            credits_minor=Coalesce(-Sum(amount, filter=credit), 0, output_field=big),
        )


AccountManager = ScopedManager.from_queryset(AccountQuerySet)


class Account(ScopedRow):
    """One account of the ledger, in one currency. Its balance is the sum of its postings and nothing else."""

    class Code(models.TextChoices):
        RECEIVABLE = "receivable"
        CASH = "cash"
        REVENUE = "revenue"
        TAX_PAYABLE = "tax_payable"
        WALLET_LIABILITY = "wallet_liability"
        GIFT_LIABILITY = "gift_liability"
        REFUNDS = "refunds"
        WRITE_OFFS = "write_offs"
        PROMOTIONS = "promotions"

    prefix: ClassVar[str] = "acc"

    code = models.CharField(max_length=20, choices=Code.choices)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    objects: "ClassVar[AccountManager[Account]]" = AccountManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code", "currency"], name="billing_account_once"),
            models.CheckConstraint(
                condition=Q(
                    code__in=[
                        "receivable",
                        "cash",
                        "revenue",
                        "tax_payable",
                        "wallet_liability",
                        "gift_liability",
                        "refunds",
                        "write_offs",
                        "promotions",
                    ]
                ),
                name="billing_account_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class Journal(ScopedRow):
    """One business event in the books. `reference` names it, such as `invoice:inv_…`, and is booked once."""

    prefix: ClassVar[str] = "jou"

    reference = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="journals")
    subject_id = models.UUIDField(null=True, help_text="The invoice, payment or refund it books.")

    class Meta:
        indexes: ClassVar = [
            # Months of the books: one environment's alone, however many others book in the same month.
            models.Index(fields=["environment", "at"], name="billing_journal_over_time"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "reference"], name="billing_journal_once"),
        ]
        triggers: ClassVar = [triggers.balances()]

    def __str__(self) -> str:
        return self.reference


class Posting(ScopedRow):
    """One side of a journal: a debit is positive, a credit negative."""

    prefix: ClassVar[str] = "pos"

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="billing_posting_not_zero"),
        ]
        triggers: ClassVar = [triggers.postings_balance()]
