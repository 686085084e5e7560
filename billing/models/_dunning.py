"""The dunning of declined invoices: how it is done, how far it has come, and what was tried."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Count, Exists, F, Func, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, Least

from billing import triggers, triggers_dunning
from billing.dunning import DEFAULT, LONGEST_GRACE_DAYS, MOST_RETRIES, Course, EndAction, Policy
from billing.models._invoices import Invoice
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

_TRANSITIONS: dict[str, frozenset[str]] = {
    "open": frozenset({"recovered", "exhausted", "stopped", "written_off"}),
    "exhausted": frozenset({"recovered", "stopped", "written_off"}),
    "written_off": frozenset({"recovered", "stopped"}),
    "recovered": frozenset(),
    "stopped": frozenset(),
}
# Django's own length of an array is NULL for an empty one.
_RETRIES = Func(F("days"), function="cardinality", output_field=models.IntegerField())
_ACTIONS = [(one.value, one.value) for one in EndAction]


class DunningClosed(errors.Conflict):
    code = "dunning_closed"
    title = "The dunning of this invoice is over."


class Terms(models.Model):
    """What a policy says, as columns."""

    days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, size=MOST_RETRIES)
    grace_days = models.PositiveSmallIntegerField(default=DEFAULT.grace_days)
    end_action = models.CharField(max_length=6, choices=_ACTIONS, default=DEFAULT.end_action.value)
    writes_off = models.BooleanField(default=DEFAULT.writes_off)
    notifies = models.BooleanField(default=DEFAULT.notifies)

    class Meta:
        abstract = True

    @property
    def policy(self) -> Policy:
        """What it says, as the course of dunning understands it."""
        return Policy(
            days=tuple(self.days), grace_days=self.grace_days, end_action=EndAction(self.end_action),
            writes_off=self.writes_off, notifies=self.notifies,
        )  # fmt: skip

    def take(self, policy: Policy) -> None:
        """This function will write down what a policy says."""
        self.days, self.grace_days, self.end_action = list(policy.days), policy.grace_days, policy.end_action.value
        self.writes_off, self.notifies = policy.writes_off, policy.notifies


class DunningPolicy(ScopedRow, Terms):
    """How an environment follows up declines; with a `plan` (its public id), those of that plan's subscriptions."""

    prefix: ClassVar[str] = "dpo"

    plan = models.CharField(max_length=64, blank=True, default="")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "dunning policies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "plan"], name="billing_dunningpolicy_once"),
            models.CheckConstraint(condition=Q(grace_days__lte=LONGEST_GRACE_DAYS), name="billing_dunningpolicy_grace"),
            models.CheckConstraint(
                condition=Q(end_action__in=[one.value for one in EndAction]), name="billing_dunningpolicy_end_action"
            ),
        ]

    def __str__(self) -> str:
        return self.plan or "Every plan"


class DunningCaseQuerySet(ScopedQuerySet["DunningCase"]):
    def open(self) -> "DunningCaseQuerySet":
        """Those in which something is still to come."""
        return self.filter(state=DunningCase.State.OPEN)

    def retrying(self) -> "DunningCaseQuerySet":
        """Those that are tried again at `next_attempt_at`."""
        return self.open().filter(next_attempt_at__isnull=False)

    def in_grace(self) -> "DunningCaseQuerySet":
        """Those whose access ends at `grace_until`."""
        return self.open().filter(grace_ended_at=None)

    def ending(self) -> "DunningCaseQuerySet":
        """Those that are given up at `ends_at`."""
        return self.open().filter(ends_at__isnull=False)

    def given_up(self) -> "DunningCaseQuerySet":
        """Those in which nothing more is tried, though nobody has paid."""
        return self.filter(state__in=(DunningCase.State.EXHAUSTED, DunningCase.State.WRITTEN_OFF))

    def grace_over(self) -> "DunningCaseQuerySet":
        """Those because of which what they bill may not be used: unpaid, and their grace is over."""
        return self.filter(state__in=("open", "exhausted", "written_off"), grace_ended_at__isnull=False)

    def with_access(self) -> "DunningCaseQuerySet":
        """With `access_until`: until when what they bill may be used, by all that is unpaid of it; null if no more."""
        same = DunningCase.objects.filter(reference=OuterRef("reference")).exclude(reference="")
        soonest = Subquery(same.open().order_by("grace_until").values("grace_until")[:1])
        is_over = Q(grace_ended_at__isnull=False) | Q(Exists(same.grace_over()))
        return self.annotate(access_until=Case(When(is_over, then=None), default=Least("grace_until", soonest)))

    def about(self, reference: str) -> "DunningCaseQuerySet":
        """Those of one agreement, by its public id."""
        return self.filter(reference=reference)

    def with_owed(self) -> "DunningCaseQuerySet":
        """Cases with what their customer, who has one currency, owes on all his `owed_cases` that are open."""
        open_ones = DunningCase.objects.all().open().order_by()
        theirs = open_ones.filter(customer=OuterRef("customer")).values("customer")
        return self.annotate(
            owed_minor=Coalesce(Subquery(theirs.values(total=Sum("invoice__due_minor"))), 0),
            owed_cases=Coalesce(Subquery(theirs.values(total=Count("pk"))), 0),
        )


DunningCaseManager = ScopedManager.from_queryset(DunningCaseQuerySet)


class DunningCase(ScopedRow, Terms):
    """The dunning of one invoice, by the policy that held when it began. Its invoice's lock is its lock."""

    class State(models.TextChoices):
        OPEN = "open"
        RECOVERED = "recovered"
        EXHAUSTED = "exhausted"
        STOPPED = "stopped"
        WRITTEN_OFF = "written_off"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = _TRANSITIONS
    prefix: ClassVar[str] = "dun"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=64, blank=True)
    plan = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.OPEN)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="What was due when it began.")
    closed_minor = models.BigIntegerField(null=True, help_text="What came in the end, or what was given up.")
    first_failure_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Scheduled retries that were made.")
    shift_days = models.PositiveSmallIntegerField(default=0, help_text="Days that operators have given.")
    is_hard = models.BooleanField(default=False)
    last_code = models.CharField(max_length=60, blank=True, default="")
    tries_again = models.BooleanField(
        default=False, help_text="A new method came while a payment was under way: it is tried when that one fails."
    )
    next_attempt_at = models.DateTimeField(null=True)
    grace_until = models.DateTimeField()
    grace_ended_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: "ClassVar[DunningCaseManager[DunningCase]]" = DunningCaseManager()

    class Meta:
        permissions: ClassVar = [
            ("retry_dunningcase", "Can have a declined invoice tried again"),
            ("extend_dunningcase", "Can give a customer more time"),
            ("write_off_dunningcase", "Can write off a declined invoice"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="open"), name="billing_dunning_retrying"),
            models.Index(
                fields=["grace_until"], condition=Q(state="open", grace_ended_at=None), name="billing_dunning_in_grace"
            ),
            models.Index(fields=["ends_at"], condition=Q(state="open"), name="billing_dunning_ending"),
            models.Index(fields=["environment", "reference"], name="billing_dunning_about"),
            models.Index(fields=["environment", "customer", "-id"], name="billing_dunning_of_customer"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "invoice"], name="billing_dunningcase_once"),
            models.CheckConstraint(condition=Q(attempts__lte=_RETRIES), name="billing_dunningcase_attempts"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="billing_dunningcase_amount"),
            models.CheckConstraint(
                condition=Q(end_action__in=[one.value for one in EndAction]), name="billing_dunningcase_end_action"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None, closed_minor=None)
                | (~Q(state="open") & Q(closed_at__isnull=False, closed_minor__gte=0, next_attempt_at=None)),
                name="billing_dunningcase_closed_is_stamped",
            ),
            # While something is still to be tried there is no end; a hard decline leaves nothing to be tried.
            models.CheckConstraint(
                condition=Q(next_attempt_at=None) | Q(ends_at=None, is_hard=False, attempts__lt=_RETRIES),
                name="billing_dunningcase_retry_or_end",
            ),
            models.CheckConstraint(
                condition=Q(grace_until__gte=F("first_failure_at")), name="billing_dunningcase_grace_follows_failure"
            ),
        ]
        triggers: ClassVar = [
            triggers.transitions(_TRANSITIONS), triggers_dunning.starts_open(), triggers_dunning.keeps_its_terms(),
            triggers_dunning.kept(),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def end_at(self) -> datetime:
        """When it is given up if nobody pays and nothing else happens."""
        return self.ends_at or self.course.last_at

    @property
    def takes_new_method(self) -> bool:
        """Whether a new way to pay is tried at once: while it is open, and where the end has ended nothing for good."""
        return self.is_open or (self.state == self.State.EXHAUSTED and self.end_action != EndAction.CANCEL)

    @property
    def course(self) -> Course:
        """How far it has come, to be computed with."""
        return Course(
            days=tuple(self.days), grace_days=self.grace_days, first_failure_at=self.first_failure_at,
            attempts=self.attempts, is_hard=self.is_hard, shift_days=self.shift_days,
        )  # fmt: skip

    def refuse_unless_open(self) -> None:
        """This function will raise DunningClosed once nothing more is to come."""
        if not self.is_open:
            raise DunningClosed(state=self.state)

    def follow(self, course: Course) -> None:
        """This function will take over how far the course has come, and what comes next."""
        self.attempts, self.is_hard, self.shift_days = course.attempts, course.is_hard, course.shift_days
        self.next_attempt_at, self.grace_until = course.next_attempt_at, course.grace_until

    def decline(self, *, code: str, is_hard: bool) -> None:
        """This function will note that an attempt was declined."""
        self.last_code = code
        if self.is_open:
            self.follow(self.course.declined(is_hard=is_hard))

    def extend(self, *, days: int, at: datetime) -> None:
        """This function will move everything that is still to come by so many days, and give access again meanwhile.

        :raises DunningClosed: if nothing is.
        """
        self.refuse_unless_open()
        self.follow(self.course.extended(days=days))
        if self.ends_at is not None:
            self.ends_at += timedelta(days=days)
        if self.grace_until > at:
            self.grace_ended_at = None

    def close(self, state: str, *, minor: int, at: datetime) -> None:
        """This function will end it, with what came or was given up."""
        self.state, self.closed_minor, self.closed_at = state, minor, at
        self.next_attempt_at, self.tries_again = None, False


class DunningStep(ScopedRow):
    """A line of a case's history: an attempt and its answer, or something else that was done."""

    class Kind(models.TextChoices):
        DECLINED = "declined"
        SCHEDULED = "scheduled"
        NEW_METHOD = "new_method"
        OPERATOR = "operator"
        BY_HAND = "by_hand"
        GRACE_ENDED = "grace_ended"
        EXTENDED = "extended"
        EXHAUSTED = "exhausted"
        RECOVERED = "recovered"
        STOPPED = "stopped"
        WRITTEN_OFF = "written_off"

    class Outcome(models.TextChoices):
        NONE = ""
        REQUESTED = "requested"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    ATTEMPTS: ClassVar = (Kind.DECLINED, Kind.SCHEDULED, Kind.NEW_METHOD, Kind.OPERATOR, Kind.BY_HAND)
    prefix: ClassVar[str] = "dst"

    case = models.ForeignKey(DunningCase, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=11, choices=Kind.choices)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="+", null=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True, default="")
    code = models.CharField(max_length=60, blank=True, default="")
    is_hard = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True, default="")
    actor = models.CharField(max_length=100)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "case", "number"], name="billing_dunningstep_number_once"),
            models.UniqueConstraint(fields=["environment", "payment"], name="billing_dunningstep_payment_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=("declined", "scheduled", "new_method", "operator", "by_hand"), payment__isnull=False
                )
                | Q(payment=None, outcome=""),
                name="billing_dunningstep_attempt_has_a_payment",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=("", "requested"), answered_at=None)
                | Q(outcome__in=("succeeded", "failed", "canceled"), answered_at__isnull=False),
                name="billing_dunningstep_answer_is_stamped",
            ),
        ]
        triggers: ClassVar = [triggers_dunning.answered_once(), triggers_dunning.kept()]

    def answer(self, outcome: str, *, code: str, is_hard: bool, at: datetime) -> None:
        """This function will note what came of an attempt."""
        self.outcome, self.code, self.is_hard, self.answered_at = outcome, code, is_hard, at
