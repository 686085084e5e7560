"""The shapes of wallets and statements."""

from billing.models import WalletLot, WalletTransaction
from core.http.serializers import (
    Choice,
    Currency,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)

MOST_MINOR = 10**15
LAST_PRIORITY = 1000


class LotBody(ResponseBody):
    """Value that came in at once. Lower priorities pay first; `left_minor` is what it can still pay."""

    id = PublicId("lot")
    source = Choice(WalletLot.Source.choices)  # type: ignore[assignment]
    priority = StrictInt()
    amount_minor = Minor()
    left_minor = Minor()
    effective_at = Instant()
    expires_at = Instant(allow_null=True)
    invoice = PublicId("inv", source="invoice_id", allow_null=True)
    credit_note = PublicId("crn", source="credit_note_id", allow_null=True)
    description = StrictString()
    created_at = Instant()


class AutoTopUpBody(ResponseBody):
    """Below the threshold so much is bought."""

    below_minor = Minor(source="top_up_below_minor")
    amount_minor = Minor(source="top_up_minor")


class WalletBody(ResponseBody):
    """A customer's stored value in one currency.

    `usable_minor` is what it can pay now, `credit_minor` the part of it that credit notes left, which pays first.
    """

    id = PublicId("wal")
    customer = PublicId("cus", source="customer_id")
    currency = Currency()
    balance_minor = Minor()
    usable_minor = Minor()
    credit_minor = Minor()
    auto_top_up = AutoTopUpBody(allow_null=True)
    created_at = Instant()


class WalletWithLotsBody(WalletBody):
    """A wallet with the lots that have something left, in no particular order."""

    lots = LotBody(many=True, source="lots_with_value")


class FundingBody(ResponseBody):
    """What a transaction moved in one lot; out is negative."""

    lot = PublicId("lot", source="lot_id")
    amount_minor = StrictInt()


class WalletTransactionBody(ResponseBody):
    """One movement of a wallet; out is negative. `balance_minor` is the balance after it."""

    id = PublicId("wtx")
    wallet = PublicId("wal", source="wallet_id")
    kind = Choice(WalletTransaction.Kind.choices)
    amount_minor = StrictInt()
    balance_minor = Minor()
    currency = Currency()
    invoice = PublicId("inv", source="invoice_id", allow_null=True)
    reverses = PublicId("wtx", source="reverses_id", allow_null=True)
    description = StrictString()
    fundings = FundingBody(many=True)
    created_at = Instant()


class CreateWallet(RequestBody):
    """Open a wallet."""

    customer = PublicId("cus", source="customer_id")
    currency = Currency()


class _Keyed(RequestBody):
    """`key` is unique in the wallet; without one the request's Idempotency-Key is taken."""

    amount_minor = Minor(min_value=1, max_value=MOST_MINOR)
    key = StrictString(max_length=255, required=False)


class TopUp(_Keyed):
    """Buy value."""


class GrantPromotion(_Keyed):
    """Give value for nothing."""

    priority = StrictInt(min_value=0, max_value=LAST_PRIORITY, required=False)
    effective_at = Instant(required=False)
    expires_at = Instant(required=False)
    description = StrictString(max_length=300, required=False)


class DebitWallet(_Keyed):
    """Take value without an invoice."""

    description = StrictString(max_length=300, required=False)


class ReverseDebit(RequestBody):
    """Take a debit back."""

    transaction = PublicId("wtx", source="transaction_id")
    description = StrictString(max_length=300, required=False)


class AutoTopUp(RequestBody):
    """Below the threshold so much is bought."""

    below_minor = Minor(max_value=MOST_MINOR)
    amount_minor = Minor(min_value=1, max_value=MOST_MINOR)


class UpdateWallet(RequestBody):
    """Switch the automatic top-up on, or with null off."""

    auto_top_up = AutoTopUp(allow_null=True)


class StatementEntryBody(ResponseBody):
    """One event. `change_minor` is what it did to what the customer owes, `balance_minor` what he owed after it."""

    at = Instant()
    kind = StrictString()
    reference = StrictString()
    invoice = PublicId("inv", source="invoice_id", allow_null=True)
    number = StrictString(allow_null=True)
    amount_minor = Minor()
    change_minor = StrictInt()
    balance_minor = StrictInt()


class WalletEntryBody(ResponseBody):
    """One movement of the wallet, and the balance after it."""

    at = Instant()
    kind = StrictString()
    transaction = PublicId("wtx", source="transaction_id")
    invoice = PublicId("inv", source="invoice_id", allow_null=True)
    description = StrictString()
    change_minor = StrictInt()
    balance_minor = StrictInt()


class WalletStatementBody(ResponseBody):
    """The wallet over the period."""

    opening_minor = StrictInt()
    closing_minor = StrictInt()
    entries = WalletEntryBody(many=True)


class StatementBody(ResponseBody):
    """What a customer owed over a period, event by event, and his wallet beside it."""

    customer = PublicId("cus", source="customer_id")
    currency = Currency()
    starts_at = Instant()
    ends_at = Instant()
    opening_minor = StrictInt()
    closing_minor = StrictInt()
    entries = StatementEntryBody(many=True)
    wallet = WalletStatementBody()
