"""What happens to subscriptions. `subject` is the subscription in all of these."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class SubscriptionCreated(Event):
    """A customer and a plan belong together from now on; `status` says how it begins."""

    type: ClassVar[str] = "subscription.created"

    customer: str
    plan: str
    status: str
    quantity: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionTrialStarted(Event):
    """The trial runs until `trial_ends_at`."""

    type: ClassVar[str] = "subscription.trial_started"

    customer: str
    plan: str
    trial_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionTrialConverted(Event):
    """The trial is over and the paid time has begun; `status` is active, or incomplete without a means of payment."""

    type: ClassVar[str] = "subscription.trial_converted"

    customer: str
    plan: str
    status: str
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionAwaitsPayment(Event):
    """A scheduled subscription has started; its first payment must arrive by `unpaid_deadline_at`."""

    type: ClassVar[str] = "subscription.awaits_payment"

    customer: str
    plan: str
    invoice: str | None
    unpaid_deadline_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionActivated(Event):
    """What was agreed is paid for, or costs nothing in advance."""

    type: ClassVar[str] = "subscription.activated"

    customer: str
    plan: str
    period_starts_at: datetime
    period_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed(Event):
    """The next period has begun. `invoice` is None if there was nothing to charge."""

    type: ClassVar[str] = "subscription.renewed"

    customer: str
    plan: str
    period_starts_at: datetime
    period_ends_at: datetime
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewalRequested(Event):
    """Somebody buys `intervals` periods ahead; they count once `invoice` is paid."""

    type: ClassVar[str] = "subscription.renewal_requested"

    customer: str
    plan: str
    intervals: int
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionExtended(Event):
    """`intervals` periods ahead are paid for. `ends_at` is the end of a fixed term, `source` a gift if it was one."""

    type: ClassVar[str] = "subscription.extended"

    customer: str
    plan: str
    intervals: int
    ends_at: datetime | None
    source: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionPastDue(Event):
    """A payment for it was declined; `code` says why."""

    type: ClassVar[str] = "subscription.past_due"

    customer: str
    plan: str
    invoice: str
    code: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionRecovered(Event):
    """Nothing is owed for it any more."""

    type: ClassVar[str] = "subscription.recovered"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancellationScheduled(Event):
    """It will end at `cancel_at`."""

    type: ClassVar[str] = "subscription.cancellation_scheduled"

    customer: str
    plan: str
    cancel_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancellationUndone(Event):
    """It goes on after all."""

    type: ClassVar[str] = "subscription.cancellation_undone"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCanceled(Event):
    """It is over because somebody wanted so."""

    type: ClassVar[str] = "subscription.canceled"

    customer: str
    plan: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionExpired(Event):
    """It is over because its time is: `reason` is term_ended, or unpaid when the first payment never came."""

    type: ClassVar[str] = "subscription.expired"

    customer: str
    plan: str
    reason: str
