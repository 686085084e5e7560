"""The facts of money in motion."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentMethodAttached(Event):
    type: ClassVar[str] = "payment_method.attached"

    customer: str


@dataclass(frozen=True, kw_only=True)
class PaymentMethodDetached(Event):
    type: ClassVar[str] = "payment_method.detached"

    customer: str


@dataclass(frozen=True, kw_only=True)
class PaymentMethodMadeDefault(Event):
    type: ClassVar[str] = "payment_method.made_default"

    customer: str


@dataclass(frozen=True, kw_only=True)
class PaymentRequested(Event):
    type: ClassVar[str] = "payment.requested"

    customer: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentSucceeded(Event):
    type: ClassVar[str] = "payment.succeeded"

    customer: str
    reference: str
    amount_minor: int
    currency: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(Event):
    """`is_hard` says that asking again for the same method can never succeed (lost, stolen, fraudulent)."""

    type: ClassVar[str] = "payment.failed"

    customer: str
    reference: str
    amount_minor: int
    currency: str
    code: str
    is_hard: bool


@dataclass(frozen=True, kw_only=True)
class PaymentCanceled(Event):
    type: ClassVar[str] = "payment.canceled"

    customer: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentNeedsReview(Event):
    """Money may have moved and we cannot find out by ourselves: somebody must look. `attempt` is a `pat_` or `rfd_`."""

    type: ClassVar[str] = "payment.needs_review"

    attempt: str
    code: str


@dataclass(frozen=True, kw_only=True)
class RefundRequested(Event):
    type: ClassVar[str] = "refund.requested"

    payment: str
    customer: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(Event):
    type: ClassVar[str] = "refund.succeeded"

    payment: str
    customer: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RefundFailed(Event):
    type: ClassVar[str] = "refund.failed"

    payment: str
    customer: str
    reference: str
    amount_minor: int
    currency: str
    code: str


@dataclass(frozen=True, kw_only=True)
class GatewayEventReplayed(Event):
    type: ClassVar[str] = "gateway_event.replayed"


@dataclass(frozen=True, kw_only=True)
class PaymentRecheckRequested(Event):
    """An operator has an open attempt (`pat_`) looked at again."""

    type: ClassVar[str] = "payment.recheck_requested"

    attempt: str
