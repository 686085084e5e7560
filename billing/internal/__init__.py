"""What only workers and other apps' verbs bring about."""

from billing.internal._collect import request as request_payment
from billing.internal._compose import InvoiceEmpty, InvoiceNegative
from billing.internal._coupon_removal import CouponNotHeld
from billing.internal._coupon_removal import removable as removable_coupons
from billing.internal._coupon_removal import remove as remove_coupons
from billing.internal._coupons import (
    CouponAlreadyRedeemed,
    CouponCustomerLimit,
    CouponExhausted,
    CouponSpent,
    CouponUnknown,
)
from billing.internal._coupons import held_for as held_coupons
from billing.internal._coupons import preview as preview_coupons
from billing.internal._coupons import redeem as redeem_coupon
from billing.internal._coupons import redeem_all as redeem_coupons
from billing.internal._coupons import release as release_coupons
from billing.internal._credit_notes import (
    CreditNoteKeyReused,
    CreditNoteUnclear,
    InvoiceNotCreditable,
    NewCreditNote,
    issue_credit_note,
)
from billing.internal._credit_settlement import SettlementUnknown
from billing.internal._documents import (
    InvoiceLetter,
    make_document,
    mark_invoice_sent,
    order_credit_note,
    order_document,
    order_invoice,
    order_receipt,
    write_invoice_letter,
)
from billing.internal._drafts import NewInvoice
from billing.internal._dunning import (
    begin_dunning,
    collect_again,
    end_dunning_grace,
    retry_due,
)
from billing.internal._dunning_end import exhaust_dunning, give_up_dunning_of
from billing.internal._dunning_letters import DunningLetter, write_dunning_notice
from billing.internal._gifts import recognize_gift, return_gift
from billing.internal._grace import end_grace, finalize_draft
from billing.internal._invoices import locked
from billing.internal._issue import issue_invoice
from billing.internal._issue_many import Batch, Begun, begin_invoices, draft_invoices, issue_invoices
from billing.internal._items import Item, lines_of
from billing.internal._late_usage import Window, adjust_late_usage
from billing.internal._numbers import NumberingInUse, configure_series
from billing.internal._pending import add_pending
from billing.internal._rating import priced_line, usage_line
from billing.internal._schedules import (
    InvoiceNotRemindable,
    charge_if_open,
    check_chargeable,
    check_draft,
    check_remindable,
    issue_if_draft,
    write_reminder,
)
from billing.internal._settle import InvoiceCurrencyMismatch, record_payment_failure, record_refund, settle
from billing.internal._uncollectible import write_off
from billing.internal._unused import Unused, credit_unused, take_back_waiting
from billing.internal._void import void, void_invoice_of
from billing.internal._wallets_expiry import (
    expire_lot,
)
from billing.internal._wallets_top_up import (
    WalletKeyReused,
    top_up_if_low,
)
from billing.lines import Basis, NewLine

__all__ = [
    "Basis",
    "Batch",
    "Begun",
    "CouponAlreadyRedeemed",
    "CouponCustomerLimit",
    "CouponExhausted",
    "CouponNotHeld",
    "CouponSpent",
    "CouponUnknown",
    "CreditNoteKeyReused",
    "CreditNoteUnclear",
    "DunningLetter",
    "InvoiceCurrencyMismatch",
    "InvoiceEmpty",
    "InvoiceLetter",
    "InvoiceNegative",
    "InvoiceNotCreditable",
    "InvoiceNotRemindable",
    "Item",
    "NewCreditNote",
    "NewInvoice",
    "NewLine",
    "NumberingInUse",
    "SettlementUnknown",
    "Unused",
    "WalletKeyReused",
    "Window",
    "add_pending",
    "adjust_late_usage",
    "begin_dunning",
    "begin_invoices",
    "charge_if_open",
    "check_chargeable",
    "check_draft",
    "check_remindable",
    "collect_again",
    "configure_series",
    "credit_unused",
    "draft_invoices",
    "end_dunning_grace",
    "end_grace",
    "exhaust_dunning",
    "expire_lot",
    "finalize_draft",
    "give_up_dunning_of",
    "held_coupons",
    "issue_credit_note",
    "issue_if_draft",
    "issue_invoice",
    "issue_invoices",
    "lines_of",
    "locked",
    "make_document",
    "mark_invoice_sent",
    "order_credit_note",
    "order_document",
    "order_invoice",
    "order_receipt",
    "preview_coupons",
    "priced_line",
    "recognize_gift",
    "record_payment_failure",
    "record_refund",
    "redeem_coupon",
    "redeem_coupons",
    "release_coupons",
    "removable_coupons",
    "remove_coupons",
    "request_payment",
    "retry_due",
    "return_gift",
    "settle",
    "take_back_waiting",
    "top_up_if_low",
    "usage_line",
    "void",
    "void_invoice_of",
    "write_dunning_notice",
    "write_invoice_letter",
    "write_off",
    "write_reminder",
]
