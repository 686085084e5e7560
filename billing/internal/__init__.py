"""What only workers and other apps' verbs bring about."""

from billing.internal._collect import collect_again
from billing.internal._collect import request as request_payment
from billing.internal._gifts import recognize_gift, return_gift
from billing.internal._invoices import locked
from billing.internal._issue import InvoiceEmpty, InvoiceNegative, NewLine, issue_invoice
from billing.internal._numbers import NumberingInUse, configure_series
from billing.internal._settle import InvoiceCurrencyMismatch, record_payment_failure, record_refund, settle
from billing.internal._void import void, void_invoice_of

__all__ = [
    "InvoiceCurrencyMismatch",
    "InvoiceEmpty",
    "InvoiceNegative",
    "NewLine",
    "NumberingInUse",
    "collect_again",
    "configure_series",
    "issue_invoice",
    "locked",
    "recognize_gift",
    "record_payment_failure",
    "record_refund",
    "request_payment",
    "return_gift",
    "settle",
    "void",
    "void_invoice_of",
]
