"""Who has had his trial, by what tells people apart who register anew."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from subscriptions.models._subscription import Subscription

# Extensions included.
LONGEST_TRIAL_DAYS: Final = 730


class TrialUse(ScopedRow):
    """A trial of `scope` (a family, or a plan without one) had by a customer, with an address or a card, as a digest.

    The unique index decides which of two with the same one has the trial. It stays whatever becomes of the
    subscription; the customer's own is written by the database as the trial begins.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        EMAIL = "email"
        CARD = "card"

    prefix: ClassVar[str] = "tru"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "scope", "kind", "digest"], name="subscriptions_trialuse_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("customer", "email", "card")), name="subscriptions_trialuse_known_kind"
            ),
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="subscriptions_trialuse_digest"),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "subscription"], name="subscriptions_trialuses_of")]
