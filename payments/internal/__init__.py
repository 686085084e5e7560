"""What only workers, and the apps above, bring about.

Charging is three steps and never one transaction: *intend* (the attempt's row is committed), *call* (nothing is open),
*record* (`apply_gateway_result`, the only writer of results). Refunds follow the same protocol.
"""

from payments.internal._collect import begin_attempt, collect_payment
from payments.internal._inbound import process_gateway_event
from payments.internal._reconcile import reconcile_attempt, reconcile_refund
from payments.internal._refund_results import apply_refund_result
from payments.internal._refunds import begin_refund, execute_refund
from payments.internal._request import NewPayment, PaymentUnderway, cancel_pending, request_many, request_payment
from payments.internal._results import apply_gateway_result

__all__ = [
    "NewPayment",
    "PaymentUnderway",
    "apply_gateway_result",
    "apply_refund_result",
    "begin_attempt",
    "begin_refund",
    "cancel_pending",
    "collect_payment",
    "execute_refund",
    "process_gateway_event",
    "reconcile_attempt",
    "reconcile_refund",
    "request_many",
    "request_payment",
]
