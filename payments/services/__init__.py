"""What somebody may ask of payments."""

from payments.services._approvals import refund_or_ask
from payments.services._attaching import (
    CardForgotten,
    abandon_attachment,
    ask_to_attach,
    attach_payment_method,
    begin_attachment,
    finish_attachment,
    get_attachment,
    note_attachment,
)
from payments.services._gateway_events import receive_gateway_event, replay_gateway_event
from payments.services._methods import (
    detach_payment_method,
    make_default_payment_method,
)
from payments.services._recheck import recheck_attempt
from payments.services._refunds import NothingToRefund, refund_payment

__all__ = [
    "CardForgotten",
    "NothingToRefund",
    "abandon_attachment",
    "ask_to_attach",
    "attach_payment_method",
    "begin_attachment",
    "detach_payment_method",
    "finish_attachment",
    "get_attachment",
    "make_default_payment_method",
    "note_attachment",
    "receive_gateway_event",
    "recheck_attempt",
    "refund_or_ask",
    "refund_payment",
    "replay_gateway_event",
]
