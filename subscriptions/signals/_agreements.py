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
class SubscriptionAccessSuspended(Event):
    """It is past due and the grace is over: nothing is granted until it is paid for or given more time."""

    type: ClassVar[str] = "subscription.access_suspended"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionAccessRestored(Event):
    """What it grants may be used again."""

    type: ClassVar[str] = "subscription.access_restored"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancellationScheduled(Event):
    """It will end at `cancel_at`; `refund` is what becomes of the rest of a period that it ends inside."""

    type: ClassVar[str] = "subscription.cancellation_scheduled"

    customer: str
    plan: str
    cancel_at: datetime
    reason: str
    comment: str = ""
    refund: str = "none"


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancellationUndone(Event):
    """It goes on after all."""

    type: ClassVar[str] = "subscription.cancellation_undone"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionCanceled(Event):
    """It is over because somebody wanted so; `refund` is what became of the rest of its last period."""

    type: ClassVar[str] = "subscription.canceled"

    customer: str
    plan: str
    reason: str
    comment: str = ""
    refund: str = "none"


@dataclass(frozen=True, kw_only=True)
class SubscriptionVersionChanged(Event):
    """It has another version of its plan from now on; `invoice` bills the change, if there was one at once."""

    type: ClassVar[str] = "subscription.version_changed"

    customer: str
    plan: str
    from_version: str
    to_version: str
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionAddOnAdded(Event):
    """`addon` is taken beside the plan, with `quantity`; `item` is what to remove it by."""

    type: ClassVar[str] = "subscription.addon_added"

    customer: str
    plan: str
    addon: str
    item: str
    quantity: int
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionAddOnRemoved(Event):
    """`addon` is no longer taken beside the plan."""

    type: ClassVar[str] = "subscription.addon_removed"

    customer: str
    plan: str
    addon: str
    item: str
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionMrrChanged(Event):
    """It is worth `mrr` in a month from now on, in minor units and exactly; `amount` is what that is more, or less.

    `movement` is new, reactivation, expansion, contraction or churn, as the customer sees it in the currency.
    """

    type: ClassVar[str] = "subscription.mrr_changed"

    customer: str
    plan: str
    currency: str
    movement: str
    amount: str
    mrr: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionMrrRebuilt(Event):
    """The movements of a customer, the `subject`, were worked out again from history: so many, where `before` were."""

    type: ClassVar[str] = "subscription.mrr_rebuilt"

    movements: int
    before: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionTimezoneChanged(Event):
    """Its customer lives in another zone: its days and months are counted there from `effective_at` on."""

    type: ClassVar[str] = "subscription.timezone_changed"

    customer: str
    plan: str
    timezone: str
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class MigrationStarted(Event):
    """Subscribers of `plan` begin to be moved to a version; `subject` is the migration, `total` how many there are."""

    type: ClassVar[str] = "subscription.migration_started"

    plan: str
    to_version: str
    when: str
    behavior: str
    total: int


@dataclass(frozen=True, kw_only=True)
class MigrationResumed(Event):
    """A migration goes on with those who are `left`, also those for whom it failed before."""

    type: ClassVar[str] = "subscription.migration_resumed"

    plan: str
    to_version: str
    left: int


@dataclass(frozen=True, kw_only=True)
class MigrationFinished(Event):
    """A migration has been through with everybody; `subject` is the migration."""

    type: ClassVar[str] = "subscription.migration_finished"

    plan: str
    to_version: str
    done: int
    failed: int
    skipped: int


@dataclass(frozen=True, kw_only=True)
class MigrationCanceled(Event):
    """A migration moves nobody any more; `done` have been moved and stay so."""

    type: ClassVar[str] = "subscription.migration_canceled"

    plan: str
    to_version: str
    done: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionExpired(Event):
    """It is over because its time is.

    `reason` is term_ended, unpaid when the first payment never came, or ended when somebody has ended it.
    """

    type: ClassVar[str] = "subscription.expired"

    customer: str
    plan: str
    reason: str
    comment: str = ""
