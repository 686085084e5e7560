"""The vocabulary of many subscriptions."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F, Q

from core.tenancy.rows import ScopedQuerySet
from subscriptions import states

if TYPE_CHECKING:
    from subscriptions.models._subscription import Subscription  # noqa: F401 - named in a text below


class SubscriptionQuerySet(ScopedQuerySet["Subscription"]):
    def live(self) -> "SubscriptionQuerySet":
        """Those that are not over."""
        return self.filter(status__in=states.LIVE)

    def renewing(self) -> "SubscriptionQuerySet":
        """Those whose next period begins when the current one is over; due at `renews_at`."""
        return self.filter(status__in=states.RENEWING, renews_at__isnull=False)

    def converting(self) -> "SubscriptionQuerySet":
        """Trials that become paid at `trial_ends_at`; a trial that is to be canceled by then never does."""
        return self.filter(Q(cancel_at=None) | Q(cancel_at__gt=F("trial_ends_at")), status=states.TRIALING)

    def starting(self) -> "SubscriptionQuerySet":
        """Those that begin at `starts_at`."""
        return self.filter(status=states.SCHEDULED, cancel_at=None)

    def unpaid(self) -> "SubscriptionQuerySet":
        """Those that lapse at `unpaid_deadline_at` unless the first payment arrives."""
        return self.filter(status=states.INCOMPLETE)

    def canceling(self) -> "SubscriptionQuerySet":
        """Those that a scheduled cancellation ends at `cancel_at`."""
        return self.live().filter(cancel_at__isnull=False)

    def fixed_term(self) -> "SubscriptionQuerySet":
        """Those whose fixed term ends at `ends_at`."""
        return self.filter(status__in=states.RENEWING, ends_at__isnull=False)

    def pausing(self) -> "SubscriptionQuerySet":
        """Those that begin to rest at `pauses_at`."""
        return self.filter(status__in=states.RENEWING, pauses_at__isnull=False)

    def resuming(self) -> "SubscriptionQuerySet":
        """Those that go on at `resumes_at`."""
        return self.filter(status=states.PAUSED, resumes_at__isnull=False)

    def reminding(self) -> "SubscriptionQuerySet":
        """Those whose customers are told at `remind_at` of what comes."""
        return self.filter(status__in=(states.TRIALING, *states.RENEWING), remind_at__isnull=False)

    def of_family(self, customer_id: UUID, family: str | None) -> "SubscriptionQuerySet":
        """A customer's subscriptions of one family."""
        return self.filter(customer_id=customer_id, family=family)
