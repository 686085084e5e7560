"""Money in motion: methods, payments, attempts at a gateway, refunds, and what gateways tell us unasked.

The rules of one row are here; the database repeats them as constraints and triggers.
"""

from payments.models._attachments import PaymentMethodAttachment
from payments.models._methods import PaymentMethod, PaymentMethodDetached
from payments.models._outside import GatewayEvent, SandboxCard, SandboxCharge
from payments.models._payments import Payment, PaymentAttempt, PaymentNotRefundable
from payments.models._refunds import Refund, RefundExceedsPayment

__all__ = [
    "GatewayEvent",
    "Payment",
    "PaymentAttempt",
    "PaymentMethod",
    "PaymentMethodAttachment",
    "PaymentMethodDetached",
    "PaymentNotRefundable",
    "Refund",
    "RefundExceedsPayment",
    "SandboxCard",
    "SandboxCharge",
]
