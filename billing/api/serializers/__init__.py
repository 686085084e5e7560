"""The shapes of billing's bodies."""

from billing.api.serializers._coupons import CouponBody, CreateCoupon, RedemptionBody, UpdateCoupon
from billing.api.serializers._credit_notes import CreateCreditNote, CreditNoteBody
from billing.api.serializers._documents import DocumentLinkBody, DocumentOrderedBody, PrintDocument
from billing.api.serializers._dunning import (
    ChangeDunningPolicy,
    DunningCaseBody,
    DunningPolicyBody,
    ExtendDunning,
    RetryDunning,
    WriteOffDunning,
)
from billing.api.serializers._explain import AskQuote, ExplanationBody, QuoteBody, RecomputationBody
from billing.api.serializers._gated import AnalyticsBody, FlowBody, MonthBody, StateCounts
from billing.api.serializers._invoices import (
    CreateInvoice,
    GiveUpInvoice,
    InvoiceBody,
    LineBody,
    PayInvoice,
    PaymentBody,
    ProcessPayment,
    UpdateInvoice,
)
from billing.api.serializers._settings import BillingSettingsBody, UpdateBillingSettings
from billing.api.serializers._taxes import CreateTaxRate, TaxRateBody, UpdateTaxRate
from billing.api.serializers._wallets import (
    CreateWallet,
    DebitWallet,
    GrantPromotion,
    LotBody,
    ReverseDebit,
    StatementBody,
    TopUp,
    UpdateWallet,
    WalletBody,
    WalletTransactionBody,
    WalletWithLotsBody,
)

__all__ = [
    "AnalyticsBody",
    "AskQuote",
    "BillingSettingsBody",
    "ChangeDunningPolicy",
    "CouponBody",
    "CreateCoupon",
    "CreateCreditNote",
    "CreateInvoice",
    "CreateTaxRate",
    "CreateWallet",
    "CreditNoteBody",
    "DebitWallet",
    "DocumentLinkBody",
    "DocumentOrderedBody",
    "DunningCaseBody",
    "DunningPolicyBody",
    "ExplanationBody",
    "ExtendDunning",
    "FlowBody",
    "GiveUpInvoice",
    "GrantPromotion",
    "InvoiceBody",
    "LineBody",
    "LotBody",
    "MonthBody",
    "PayInvoice",
    "PaymentBody",
    "PrintDocument",
    "ProcessPayment",
    "QuoteBody",
    "RecomputationBody",
    "RedemptionBody",
    "RetryDunning",
    "ReverseDebit",
    "StateCounts",
    "StatementBody",
    "TaxRateBody",
    "TopUp",
    "UpdateBillingSettings",
    "UpdateCoupon",
    "UpdateInvoice",
    "UpdateTaxRate",
    "UpdateWallet",
    "WalletBody",
    "WalletTransactionBody",
    "WalletWithLotsBody",
    "WriteOffDunning",
]
