"""What a broken program, or somebody with the owner's password, would have to do for each rule of wallets."""

from datetime import timedelta
from typing import Final

from billing import internal, services
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import debit, grant, top_up
from core.actor import SYSTEM

_DEBIT: Final = "(SELECT id FROM billing_wallettransaction WHERE key LIKE 'debit:%' ORDER BY id LIMIT 1)"
_BURN: Final = "(SELECT id FROM billing_wallettransaction WHERE key LIKE 'invoice:%:wallet' ORDER BY id LIMIT 1)"
_LIABILITY: Final = "(SELECT id FROM billing_account WHERE code = 'wallet_liability' AND currency = 'USD')"
_ANY: Final = "(SELECT id FROM billing_wallet ORDER BY id LIMIT 1)"

_GROWS: Final = (
    "ALTER TABLE billing_walletfunding DISABLE TRIGGER append_only_rows; "
    "ALTER TABLE billing_wallettransaction DISABLE TRIGGER append_only_rows; "
    "ALTER TABLE billing_journal DISABLE TRIGGER append_only_rows; "
    "ALTER TABLE billing_posting DISABLE TRIGGER append_only_rows; "
)

DAMAGE: Final = {
    "billing.wallet_lots_in_bounds": "ALTER TABLE billing_walletlot "
    "DROP CONSTRAINT billing_walletlot_left_within_amount; UPDATE billing_walletlot SET left_minor = -1 "
    "WHERE left_minor = 0",
    "billing.wallet_lots_funded": _GROWS + f"DELETE FROM billing_walletfunding WHERE transaction_id = {_DEBIT}",
    "billing.wallet_balance": f"UPDATE billing_wallet SET balance_minor = balance_minor + 1 WHERE id = {_ANY}",
    "billing.wallet_transactions_funded": _GROWS + "UPDATE billing_walletfunding SET amount_minor = amount_minor - 1 "
    f"WHERE transaction_id = {_BURN}",
    "billing.wallet_in_place": _GROWS + f"UPDATE billing_wallettransaction SET currency = 'EUR' WHERE id = {_DEBIT}",
    "billing.wallet_lots_unused_after_expiry": "UPDATE billing_walletlot SET expires_at = "
    f"(SELECT created_at FROM billing_wallettransaction WHERE id = {_DEBIT}), effective_at = '2020-01-01Z' "
    f"WHERE id IN (SELECT lot_id FROM billing_walletfunding WHERE transaction_id = {_DEBIT})",
    "billing.wallet_reversals_mirror": _GROWS + "UPDATE billing_walletfunding SET amount_minor = amount_minor + 1 "
    "WHERE transaction_id IN (SELECT id FROM billing_wallettransaction WHERE kind = 'reversal')",
    "billing.wallet_invoices_used": _GROWS + "UPDATE billing_wallettransaction SET invoice_id = NULL "
    f"WHERE id = {_BURN}",
    "billing.wallet_transactions_booked": _GROWS + "UPDATE billing_journal SET subject_id = NULL "
    "WHERE kind = 'wallet_expiry'",
    "billing.wallet_liability": _GROWS + "UPDATE billing_posting SET amount_minor = amount_minor - 1 WHERE id IN "
    f"(SELECT id FROM billing_posting WHERE account_id = {_LIABILITY} LIMIT 1)",
    "billing.accounts_within_bounds": _GROWS + "UPDATE billing_posting SET amount_minor = -amount_minor "
    f"WHERE account_id = {_LIABILITY}",
    "billing.reversals_mirror": _GROWS + "UPDATE billing_journal SET kind = 'other' WHERE kind = 'wallet_debit'",
}  # fmt: skip


def arrange() -> None:
    """Wallets of every fate: used, given back, expired, bought and waiting."""
    customer_id = make_customer_id()
    wallet = grant(1000, customer_id=customer_id, expires_at=AT + timedelta(days=9)).wallet
    settle(issue(300, customer_id=make_customer_id(), now=AT + timedelta(days=1)), 400, now=AT + timedelta(days=1))
    issue(700, customer_id=customer_id, now=AT + timedelta(days=1))
    spare = issue(800, customer_id=customer_id, now=AT + timedelta(days=1))
    internal.void(spare.id, reason="Mistake", actor=SYSTEM, now=AT + timedelta(days=1))
    taken = debit(wallet, 50, now=AT + timedelta(days=2))
    services.reverse_debit(
        wallet_id=wallet.id, transaction_id=debit(wallet, 60, now=AT + timedelta(days=2)).id, actor=SYSTEM,
        now=AT + timedelta(days=3),
    )  # fmt: skip
    internal.expire_lot(taken.fundings.get().lot_id, actor=SYSTEM, now=AT + timedelta(days=9))
    settle(top_up(wallet, 3000, now=AT + timedelta(days=9)), now=AT + timedelta(days=9))
    top_up(wallet, 4000, now=AT + timedelta(days=9))
