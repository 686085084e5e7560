"""What happens to subscriptions on their way: pauses, trials, reminders, and what an environment decides of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class SubscriptionPauseScheduled(Event):
    """It will rest from `pauses_at` on, until `resumes_at` if an end is known."""

    type: ClassVar[str] = "subscription.pause_scheduled"

    customer: str
    plan: str
    pauses_at: datetime
    resumes_at: datetime | None
    policy: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionPauseWithdrawn(Event):
    """It will not rest after all."""

    type: ClassVar[str] = "subscription.pause_withdrawn"

    customer: str
    plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionPaused(Event):
    """It rests since `paused_at`, and goes on at `resumes_at` if that is known.

    `policy` give_back lengthens its period by the pause, restart begins a new one afterwards.
    """

    type: ClassVar[str] = "subscription.paused"

    customer: str
    plan: str
    paused_at: datetime
    resumes_at: datetime | None
    policy: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionResumed(Event):
    """It goes on since `resumed_at`; `invoice` bills the new period, if one begins with it and costs something."""

    type: ClassVar[str] = "subscription.resumed"

    customer: str
    plan: str
    resumed_at: datetime
    policy: str
    period_ends_at: datetime
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionTrialExtended(Event):
    """The trial runs until `trial_ends_at`, longer than it would have."""

    type: ClassVar[str] = "subscription.trial_extended"

    customer: str
    plan: str
    days: int
    trial_ends_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionTrialWillEnd(Event):
    """In `days` days, at `trial_ends_at`, the trial is over."""

    type: ClassVar[str] = "subscription.trial_will_end"

    customer: str
    plan: str
    days: int
    trial_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewalUpcoming(Event):
    """In `days` days, at `renews_at`, the next period begins."""

    type: ClassVar[str] = "subscription.renewal_upcoming"

    customer: str
    plan: str
    days: int
    renews_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionSettingsChanged(Event):
    """What customers may do themselves, or how trials end, is decided anew; `changed` are the members that differ."""

    type: ClassVar[str] = "subscription_settings.changed"

    changed: tuple[str, ...]
