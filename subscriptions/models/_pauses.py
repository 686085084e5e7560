"""The pauses of subscriptions: asked for, begun, over."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import ExpressionWrapper, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from subscriptions.models._subscription import Subscription


def lengthened_end() -> Combinable:
    """This function will return the end of a `SubscriptionPeriod` with the pauses in it that were given back."""
    rested = SubscriptionPause.objects.all().given_back().order_by()
    rested = rested.filter(subscription_id=OuterRef("subscription_id"), period_number=OuterRef("number"))
    total = rested.values("period_number").values(total=Sum("given_back"))
    nothing = Value(timedelta(0), output_field=models.DurationField())
    return ExpressionWrapper(F("ends_at") + Coalesce(Subquery(total), nothing), output_field=models.DateTimeField())


class PauseQuerySet(ScopedQuerySet["SubscriptionPause"]):
    def of(self, subscription: Subscription) -> "PauseQuerySet":
        """One subscription's pauses, in the order in which they were asked for."""
        return self.filter(subscription=subscription).order_by("id")

    def open(self) -> "PauseQuerySet":
        """Those that are not over: planned, or under way."""
        return self.filter(ended_at=None, withdrawn_at=None)

    def given_back(self) -> "PauseQuerySet":
        """Those that are over and have lengthened their period."""
        return self.filter(given_back__isnull=False)


PauseManager = ScopedManager.from_queryset(PauseQuerySet)


class SubscriptionPause(ScopedRow):
    """A span in which a subscription rests, from `starts_at` to `ended_at`; nothing is charged in it.

    It interrupts or follows the period `period_number`; NULL is a trial that ended without a means of payment.
    """

    class Policy(models.TextChoices):
        GIVE_BACK = "give_back"
        RESTART = "restart"

    prefix: ClassVar[str] = "pau"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="pauses")
    policy = models.CharField(max_length=9, choices=Policy.choices)
    period_number = models.PositiveIntegerField(null=True, blank=True)
    # The state it interrupts, to which what is still owed leads back.
    interrupted = models.CharField(max_length=10, choices=Subscription.Status.choices)
    starts_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # By how much it has lengthened its period; NULL where it has not, also because the subscription ended in it.
    given_back = models.DurationField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()

    objects: ClassVar[PauseManager["SubscriptionPause"]] = PauseManager()

    class Meta:
        verbose_name = "pause"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription"],
                condition=Q(ended_at=None, withdrawn_at=None),
                name="subscriptions_pause_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(policy__in=("give_back", "restart")), name="subscriptions_pause_known_policy"
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gt=F("starts_at")), name="subscriptions_pause_until_is_later"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(began_at__isnull=False, withdrawn_at=None, ended_at__gte=F("starts_at")),
                name="subscriptions_pause_is_a_span",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(began_at=None), name="subscriptions_pause_begun_is_not_withdrawn"
            ),
            models.CheckConstraint(
                condition=Q(given_back=None)
                | Q(policy="give_back", ended_at__isnull=False, given_back=F("ended_at") - F("starts_at")),
                name="subscriptions_pause_gives_itself_back",
            ),
            models.CheckConstraint(
                condition=Q(policy="restart") | Q(period_number__isnull=False),
                name="subscriptions_pause_gives_back_a_period",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "subscription", "period_number"], name="subscriptions_pauses_of"),
        ]

    @property
    def gives_back(self) -> bool:
        return self.policy == self.Policy.GIVE_BACK

    @property
    def is_begun(self) -> bool:
        return self.began_at is not None

    def end(self, *, at: datetime) -> None:
        """This function will note that the pause is over, or that it never began."""
        if self.is_begun:
            self.ended_at = at
        else:
            self.withdrawn_at = at

    def resume(self, *, at: datetime) -> None:
        """This function will note that the subscription goes on, and that the pause is given back if it is."""
        self.end(at=at)
        if self.gives_back:
            self.given_back = at - self.starts_at
