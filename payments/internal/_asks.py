"""What is asked of a gateway for a row; equal for every ask of the same row."""

from payments.gateways.base import ChargeRequest, RefundRequest
from payments.models import PaymentAttempt, Refund


def charge_request(attempt: PaymentAttempt) -> ChargeRequest:
    """This function will return the charge an attempt stands for; its payment and method must be loaded."""
    payment = attempt.payment
    return ChargeRequest(
        key=attempt.gateway_key,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        token=attempt.payment_method.token,
        description=payment.description,
    )


def refund_request(refund: Refund, charged: PaymentAttempt) -> RefundRequest:
    """This function will return the refund a row stands for, of the charge that a successful attempt has made."""
    return RefundRequest(
        key=refund.gateway_key,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        charge=charged.gateway_reference,
    )
