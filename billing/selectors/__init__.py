"""Answers about invoices, stored value and the books for other apps and for the API."""

from billing.selectors._books import (
    AccountBalance,
    Ageing,
    MonthFigures,
    list_ageing,
    list_months,
    list_trial_balance,
)
from billing.selectors._coupons import most_redeemed
from billing.selectors._documents import (
    DocumentLink,
    DocumentPending,
    DocumentView,
    InvoiceNotFinal,
    NothingPaid,
    find_document,
    find_document_link,
    get_document_link,
    get_linked_document,
)
from billing.selectors._dunning import (
    PolicyView,
    RecoveryFigures,
    ends_before,
    find_end_action,
    get_dunning_policy,
    is_followed_up,
    is_grace_over,
    is_plan,
    list_given_up,
    list_recoveries,
)
from billing.selectors._explain import Explanation, explain_invoice
from billing.selectors._flows import MonthFlows, find_first_booking, list_flows
from billing.selectors._held import HOLDS_COUPONS, ForeverCoupon, RedemptionView, list_forever, list_redemptions
from billing.selectors._invoices import (
    FLOW_VERSION,
    InvoiceView,
    count_by_state,
    decoded,
    find_invoice,
    get_invoice,
    list_invoices,
    list_open_invoices,
    view,
)
from billing.selectors._lines import PaidFor, list_paid, list_waiting, paid_for, waiting_minor
from billing.selectors._settings import billing_settings, default_settings
from billing.selectors._statements import (
    Statement,
    StatementPeriodInvalid,
    get_statement,
)
from billing.selectors._wallets import (
    StoredValue,
    get_usable,
)

__all__ = [
    "FLOW_VERSION",
    "HOLDS_COUPONS",
    "AccountBalance",
    "Ageing",
    "DocumentLink",
    "DocumentPending",
    "DocumentView",
    "Explanation",
    "ForeverCoupon",
    "InvoiceNotFinal",
    "InvoiceView",
    "MonthFigures",
    "MonthFlows",
    "NothingPaid",
    "PaidFor",
    "PolicyView",
    "RecoveryFigures",
    "RedemptionView",
    "Statement",
    "StatementPeriodInvalid",
    "StoredValue",
    "billing_settings",
    "count_by_state",
    "decoded",
    "default_settings",
    "ends_before",
    "explain_invoice",
    "find_document",
    "find_document_link",
    "find_end_action",
    "find_first_booking",
    "find_invoice",
    "get_document_link",
    "get_dunning_policy",
    "get_invoice",
    "get_linked_document",
    "get_statement",
    "get_usable",
    "is_followed_up",
    "is_grace_over",
    "is_plan",
    "list_ageing",
    "list_flows",
    "list_forever",
    "list_given_up",
    "list_invoices",
    "list_months",
    "list_open_invoices",
    "list_paid",
    "list_recoveries",
    "list_redemptions",
    "list_trial_balance",
    "list_waiting",
    "most_redeemed",
    "paid_for",
    "view",
    "waiting_minor",
]
