"""What happens in billing, as facts."""

from billing.signals._coupons import CouponArchived, CouponCreated, CouponRedeemed, CouponReleased, CouponUpdated
from billing.signals._credit_notes import CreditNoteIssued, InvoiceCredited
from billing.signals._documents import InvoiceSent
from billing.signals._invoices import (
    CreditCarried,
    GiftRecognized,
    GiftReturned,
    InvoiceDraftChanged,
    InvoiceDraftDeleted,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoicePaid,
    InvoicePaymentFailed,
    InvoicePaymentReceived,
    InvoiceRefunded,
    InvoiceVoided,
    InvoiceWrittenOff,
    NumberingConfigured,
)
from billing.signals._settings import BillingSettingsChanged
from billing.signals._taxes import TaxRateArchived, TaxRateCreated, TaxRateUpdated
from billing.signals._wallets import (
    WalletAutoTopUpConfigured,
    WalletBurned,
    WalletCreated,
    WalletExpired,
    WalletGranted,
    WalletLow,
    WalletReversed,
    WalletTopUpRequested,
)

__all__ = [
    "BillingSettingsChanged",
    "CouponArchived",
    "CouponCreated",
    "CouponRedeemed",
    "CouponReleased",
    "CouponUpdated",
    "CreditCarried",
    "CreditNoteIssued",
    "GiftRecognized",
    "GiftReturned",
    "InvoiceCredited",
    "InvoiceDraftChanged",
    "InvoiceDraftDeleted",
    "InvoiceDrafted",
    "InvoiceFinalized",
    "InvoicePaid",
    "InvoicePaymentFailed",
    "InvoicePaymentReceived",
    "InvoiceRefunded",
    "InvoiceSent",
    "InvoiceVoided",
    "InvoiceWrittenOff",
    "NumberingConfigured",
    "TaxRateArchived",
    "TaxRateCreated",
    "TaxRateUpdated",
    "WalletAutoTopUpConfigured",
    "WalletBurned",
    "WalletCreated",
    "WalletExpired",
    "WalletGranted",
    "WalletLow",
    "WalletReversed",
    "WalletTopUpRequested",
]
