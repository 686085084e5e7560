"""What happens when an invoice could not be collected. `subject` is the invoice in all but the last."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningStarted(Event):
    """Its first payment was declined; it is tried again at `next_attempt_at`, if at all. `dunning` is the `dun_…`."""

    type: ClassVar[str] = "invoice.dunning_started"

    customer: str
    reference: str
    dunning: str
    amount_minor: int
    currency: str
    code: str
    is_hard: bool
    next_attempt_at: datetime | None
    grace_until: datetime


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningAttempted(Event):
    """It is being tried again by `payment`: as scheduled, with a new method, or because an operator wants so (`kind`).

    `attempts` counts the scheduled retries so far.
    """

    type: ClassVar[str] = "invoice.dunning_attempted"

    customer: str
    reference: str
    dunning: str
    payment: str
    kind: str
    reason: str
    attempts: int
    next_attempt_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningGraceEnded(Event):
    """What was not paid for may not be used any longer, until it is paid or given more time."""

    type: ClassVar[str] = "invoice.dunning_grace_ended"

    customer: str
    reference: str
    dunning: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningExtended(Event):
    """An operator gave `days` more: what was still to come is so much later."""

    type: ClassVar[str] = "invoice.dunning_extended"

    customer: str
    reference: str
    dunning: str
    days: int
    reason: str
    next_attempt_at: datetime | None
    grace_until: datetime


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningRecovered(Event):
    """It was paid after all; `attempts` scheduled retries were made."""

    type: ClassVar[str] = "invoice.dunning_recovered"

    customer: str
    reference: str
    dunning: str
    amount_minor: int
    currency: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningExhausted(Event):
    """Nothing more is tried; what is billed shall be dealt with by `end_action`: cancel, pause or leave."""

    type: ClassVar[str] = "invoice.dunning_exhausted"

    customer: str
    reference: str
    dunning: str
    amount_minor: int
    currency: str
    code: str
    end_action: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDunningWrittenOff(Event):
    """It was written off while it was still being tried, and nothing more is; `end_action` as when all has failed."""

    type: ClassVar[str] = "invoice.dunning_written_off"

    customer: str
    reference: str
    dunning: str
    amount_minor: int
    currency: str
    end_action: str


@dataclass(frozen=True, kw_only=True)
class DunningPolicyChanged(Event):
    """How declines are followed up was decided, for a `plan` or (empty) for all others; `subject` is the policy."""

    type: ClassVar[str] = "billing.dunning_policy_changed"

    plan: str
    days: tuple[int, ...]
    grace_days: int
    end_action: str
    writes_off: bool
    notifies: bool


@dataclass(frozen=True, kw_only=True)
class DunningPolicyDropped(Event):
    """A plan's own policy is no more: the environment's holds for what is declined from now on."""

    type: ClassVar[str] = "billing.dunning_policy_dropped"

    plan: str
