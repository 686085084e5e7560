"""What changes of monthly recurring revenue there have been."""

from decimal import Decimal
from typing import ClassVar, Final

import pgtrigger
from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from subscriptions.models._records import SubscriptionEvent
from subscriptions.models._subscription import Subscription
from subscriptions.mrr import GAINS, LOSSES, PLACES, Movement

# Whoever rebuilds the movements from history says so to his transaction; nobody else takes one away.
REBUILDING: Final = "SET LOCAL app.rebuilding = 'mrr'"
_ONLY_GROWS: Final = """
IF TG_OP = 'DELETE' AND current_setting('app.rebuilding', true) = 'mrr' THEN
  RETURN OLD;
END IF;
RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
"""


class MrrMovement(ScopedRow):
    """A change of what a customer is worth in a month, in one currency, and the line of history that made it.

    `amount` is in minor units and exact to 18 places; gains are positive, losses negative. `number` counts a
    customer's movements in a currency from 1. The sum of a subscription's movements is its `mrr`.
    """

    prefix: ClassVar[str] = "mrr"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="mrr_movements")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.ForeignKey(SubscriptionEvent, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Movement])
    amount = models.DecimalField(max_digits=38, decimal_places=PLACES)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "MRR movement"
        verbose_name_plural = "MRR movements"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["environment", "currency", "at"], name="subscriptions_mrr_over_time"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "event"], name="subscriptions_mrrmovement_event_once"),
            models.UniqueConstraint(
                fields=["environment", "customer", "currency", "number"], name="subscriptions_mrrmovement_number_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in GAINS], amount__gt=Decimal(0))
                | Q(kind__in=[one.value for one in LOSSES], amount__lt=Decimal(0)),
                name="subscriptions_mrrmovement_sign_of_its_kind",
            ),
            # Nobody is new twice, and nobody is anything else before he is new.
            models.CheckConstraint(
                condition=Q(kind=Movement.NEW.value, number=1) | (~Q(kind=Movement.NEW.value) & Q(number__gt=1)),
                name="subscriptions_mrrmovement_new_is_the_first",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="only_grows", when=pgtrigger.Before, operation=pgtrigger.Update | pgtrigger.Delete,
                func=_ONLY_GROWS,
            ),
            pgtrigger.Trigger(
                name="never_truncated", when=pgtrigger.Before, operation=pgtrigger.Truncate,
                level=pgtrigger.Statement, func=_ONLY_GROWS,
            ),
        ]  # fmt: skip
