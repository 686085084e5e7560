"""Invoices and their lines."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from billing import triggers
from billing.models._numbers import NumberCounter
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

_TRANSITIONS: dict[str, frozenset[str]] = {
    "draft": frozenset({"open"}),
    "open": frozenset({"paid", "void", "uncollectible"}),
    "uncollectible": frozenset({"paid", "void"}),
    "paid": frozenset(),
    "void": frozenset(),
}


class InvoiceNotOpen(errors.Conflict):
    code = "invoice_not_open"
    title = "The invoice is not open."


class InvoiceNotDraft(errors.Conflict):
    code = "invoice_not_draft"
    title = "The invoice has been finalized already."


class RefundBeforePayment(Exception):
    """The books hear of a refund before its payment; whoever brought it tries again later."""


_UNSETTLED = (
    F("total_minor") - F("credit_applied_minor") - F("wallet_applied_minor") - F("credited_minor") - F("paid_minor")
)


class InvoiceQuerySet(ScopedQuerySet["Invoice"]):
    def open(self) -> "InvoiceQuerySet":
        """Invoices that wait for money."""
        return self.filter(state=Invoice.State.OPEN)

    def finalized(self) -> "InvoiceQuerySet":
        """Invoices that have their number."""
        return self.exclude(state=Invoice.State.DRAFT)

    def of(self, customer_id: UUID) -> "InvoiceQuerySet":
        """One customer's invoices."""
        return self.filter(customer_id=customer_id)

    def about(self, reference: str) -> "InvoiceQuerySet":
        """The invoices of one agreement or gift, by its public id."""
        return self.filter(reference=reference)

    def drafts(self) -> "InvoiceQuerySet":
        """Invoices that can still change."""
        return self.filter(state=Invoice.State.DRAFT)

    def in_grace(self) -> "InvoiceQuerySet":
        """Drafts that are finalized by themselves; due at `finalizes_at`."""
        return self.drafts().filter(finalizes_at__isnull=False)

    def overdue(self, *, at: datetime) -> "InvoiceQuerySet":
        """Open invoices that should have been paid before an instant."""
        return self.open().filter(due_at__lt=at)

    def declined(self) -> "InvoiceQuerySet":
        """Open invoices whose last payment failed."""
        return self.open().exclude(last_failure_code="")


InvoiceManager = ScopedManager.from_queryset(InvoiceQuerySet)


class Invoice(ScopedRow):
    """A bill. Its content is fixed at finalization by trigger; afterwards only what becomes of it changes."""

    class State(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAID = "paid"
        VOID = "void"
        UNCOLLECTIBLE = "uncollectible"

    class Kind(models.TextChoices):
        SUBSCRIPTION_CYCLE = "subscription_cycle"
        SUBSCRIPTION_CHANGE = "subscription_change"
        ONE_OFF = "one_off"
        GIFT = "gift"
        TOP_UP = "top_up"

    class TaxBehavior(models.TextChoices):
        EXCLUSIVE = "exclusive"
        INCLUSIVE = "inclusive"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = _TRANSITIONS

    prefix: ClassVar[str] = "inv"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=13, choices=State.choices, default=State.DRAFT)
    reference = models.CharField(max_length=64, blank=True, help_text="Public id of what is billed, such as sub_….")
    key = models.CharField(max_length=200, help_text="Whoever issues the invoice twice under one key gets the first.")
    counter = models.ForeignKey(NumberCounter, null=True, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(null=True)
    number = models.CharField(max_length=60, null=True)
    currency = models.CharField(max_length=3)
    tax_behavior = models.CharField(max_length=9, choices=TaxBehavior.choices, default=TaxBehavior.EXCLUSIVE)
    subtotal_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    # Stored value used at finalization: first what credit notes left, then the wallet.
    credit_applied_minor = models.BigIntegerField(default=0)
    wallet_applied_minor = models.BigIntegerField(default=0)
    # What credit notes took off the amount due.
    credited_minor = models.BigIntegerField(default=0)
    due_minor = models.BigIntegerField(default=0)
    terms_days = models.PositiveSmallIntegerField(default=0, help_text="Days from issue to due date; 0 is on receipt.")
    finalizes_at = models.DateTimeField(null=True, help_text="When a draft in its grace period is finalized.")
    collects = models.BooleanField(default=False, help_text="Whether what is due is collected at finalization.")
    notes = models.CharField(max_length=2000, blank=True, default="")
    period_starts_at = models.DateTimeField(null=True)
    period_ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    uncollectible_at = models.DateTimeField(null=True)
    last_failure_code = models.CharField(max_length=60, blank=True, default="")
    issuer_snapshot = models.JSONField(default=dict)
    customer_snapshot = models.JSONField(default=dict)

    objects: "ClassVar[InvoiceManager[Invoice]]" = InvoiceManager()

    class Meta:
        permissions: ClassVar = [
            ("pay_invoice", "Can have an invoice paid"),
            ("void_invoice", "Can void an invoice"),
            ("finalize_invoice", "Can finalize a draft"),
            ("write_off_invoice", "Can give up on an invoice"),
            ("credit_invoice", "Can issue a credit note"),
            ("send_invoice", "Can send an invoice"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "customer", "-id"], name="billing_invoice_of_customer"),
            models.Index(fields=["environment", "reference", "-id"], name="billing_invoice_about"),
            models.Index(
                fields=["environment", "finalizes_at"],
                condition=Q(state="draft", finalizes_at__isnull=False),
                name="billing_invoice_in_grace",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="billing_invoice_once_per_key"),
            models.UniqueConstraint(fields=["environment", "number"], name="billing_invoice_number"),
            models.UniqueConstraint(fields=["environment", "counter", "sequence"], name="billing_invoice_sequence"),
            models.CheckConstraint(
                condition=Q(
                    subtotal_minor__gte=0,
                    discount_minor__gte=0,
                    tax_minor__gte=0,
                    total_minor__gte=0,
                    paid_minor__gte=0,
                    refunded_minor__gte=0,
                    credit_applied_minor__gte=0,
                    wallet_applied_minor__gte=0,
                    credited_minor__gte=0,
                    due_minor__gte=0,
                ),
                name="billing_invoice_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    tax_behavior="exclusive", total_minor=F("subtotal_minor") - F("discount_minor") + F("tax_minor")
                )
                | Q(tax_behavior="inclusive", total_minor=F("subtotal_minor") - F("discount_minor")),
                name="billing_invoice_total",
            ),
            # Nothing is due on a void invoice, and money beyond the total makes nothing negative.
            models.CheckConstraint(
                condition=Q(state="void", due_minor=0) | (~Q(state="void") & Q(due_minor=Greatest(_UNSETTLED, 0))),
                name="billing_invoice_due",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor__gte=F("credit_applied_minor") + F("wallet_applied_minor") + F("credited_minor")
                ),
                name="billing_invoice_settled_within_total",
            ),
            models.CheckConstraint(
                condition=~Q(state="draft") | Q(credit_applied_minor=0, wallet_applied_minor=0, credited_minor=0),
                name="billing_invoice_draft_uses_no_credit",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("paid_minor")), name="billing_invoice_refunds_what_was_paid"
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False, due_minor=0) | (~Q(state="paid") & Q(paid_at=None)),
                name="billing_invoice_paid_is_stamped",
            ),
            models.CheckConstraint(
                condition=Q(state="void", voided_at__isnull=False) | (~Q(state="void") & Q(voided_at=None)),
                name="billing_invoice_void_is_stamped",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", number=None, counter=None, sequence=None, issued_at=None)
                | (
                    ~Q(state="draft")
                    & Q(number__isnull=False, counter__isnull=False, sequence__gte=1, issued_at__isnull=False)
                ),
                name="billing_invoice_numbered_when_final",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(finalizes_at=None), name="billing_invoice_grace_is_for_drafts"
            ),
            models.CheckConstraint(
                condition=Q(period_starts_at=None, period_ends_at=None)
                | Q(period_starts_at__isnull=False, period_ends_at__gt=F("period_starts_at")),
                name="billing_invoice_period",
            ),
        ]
        triggers: ClassVar = [
            triggers.starts_as_draft(),
            triggers.transitions(_TRANSITIONS),
            triggers.frozen_when_final(),
            triggers.kept_when_final(),
        ]

    def __str__(self) -> str:
        return self.number or self.public_id

    @property
    def is_settleable(self) -> bool:
        """Whether money may still bring the invoice to `paid`."""
        return self.State.PAID in self.TRANSITIONS[self.state] and self.state != self.State.DRAFT

    def finalize(self, *, counter_id: UUID, sequence: int, number: str, at: datetime) -> None:
        """This function will give the draft its number and open it, with what stored value has not paid due.

        :raises InvoiceNotDraft: in every other state.
        """
        self.refuse_unless_draft()
        self.counter_id, self.sequence, self.number = counter_id, sequence, number
        self.state, self.finalizes_at = self.State.OPEN, None
        self.due_minor = self.total_minor - self.credit_applied_minor - self.wallet_applied_minor
        self.issued_at, self.due_at = at, at + timedelta(days=self.terms_days)

    def refuse_unless_draft(self) -> None:
        """This function will raise InvoiceNotDraft if the invoice is finalized."""
        if self.state != self.State.DRAFT:
            raise InvoiceNotDraft(state=self.state)

    def settle_nothing(self, *, at: datetime) -> None:
        """This function will bring an open invoice on which nothing is due to `paid`."""
        if self.is_settleable and self.due_minor == 0:
            self.state, self.paid_at, self.last_failure_code = self.State.PAID, at, ""

    def receive(self, *, amount_minor: int, at: datetime) -> int:
        """This function will count money that arrived and return how many minor units of it the invoice took.

        The rest is the customer's: an overpayment, or money for an invoice that was voided in the meantime.
        """
        taken = min(amount_minor, self.due_minor) if self.is_settleable else 0
        self.paid_minor += amount_minor
        self.due_minor -= taken
        self.settle_nothing(at=at)
        return taken

    def reduce(self, *, amount_minor: int, at: datetime) -> int:
        """This function will take a credit note off what is due and return how many minor units of it that took."""
        taken = min(amount_minor, self.due_minor) if self.is_settleable else 0
        self.credited_minor += taken
        self.due_minor -= taken
        self.settle_nothing(at=at)
        return taken

    def write_off(self, *, at: datetime) -> None:
        """This function will give up on what is due; money that comes all the same is still taken.

        :raises InvoiceNotOpen: in every state but open.
        """
        if self.state != self.State.OPEN:
            raise InvoiceNotOpen(state=self.state)
        self.state, self.uncollectible_at = self.State.UNCOLLECTIBLE, at

    def give_back(self, *, amount_minor: int) -> None:
        """This function will count money that was refunded; the state stays, as what was billed stays billed.

        :raises RefundBeforePayment: if more goes back than has arrived so far.
        """
        if self.refunded_minor + amount_minor > self.paid_minor:
            raise RefundBeforePayment(f"{self.public_id}: {amount_minor} of {self.paid_minor - self.refunded_minor}")
        self.refunded_minor += amount_minor

    def void(self, *, at: datetime) -> None:
        """This function will take back an invoice nobody has paid or credited anything on.

        :raises InvoiceNotOpen: if it is a draft, paid, void, partly paid or partly credited.
        """
        if self.State.VOID not in self.TRANSITIONS[self.state] or self.paid_minor or self.credited_minor:
            raise InvoiceNotOpen(state=self.state, paid_minor=self.paid_minor)
        self.state, self.voided_at, self.due_minor = self.State.VOID, at, 0
