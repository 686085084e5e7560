"""What the database itself refuses about wallets, whoever writes the SQL.

The sums are looked at when the transaction commits, when the work may have left its scope already: each check looks
through the eyes of the row's environment.
"""

import pgtrigger

_SEEN = """
seen_as := current_setting('app.environment_id', true);
PERFORM set_config('app.environment_id', NEW.environment_id::text, true);
{check}
PERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);
IF wrong THEN
  RAISE EXCEPTION '{message}', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
END IF;
RETURN NULL;
"""

_BALANCE = """
SELECT w.balance_minor <> COALESCE(
    (SELECT sum(l.left_minor) FROM billing_walletlot l WHERE l.wallet_id = w.id), 0) INTO wrong
  FROM billing_wallet w WHERE w.id = NEW.{wallet};
"""

_LOT = """
SELECT l.left_minor <> COALESCE(
    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.lot_id = l.id), 0) INTO wrong
  FROM billing_walletlot l WHERE l.id = NEW.{lot};
"""

_TRANSACTION = """
SELECT t.amount_minor <> COALESCE(
    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.transaction_id = t.id), 0) INTO wrong
  FROM billing_wallettransaction t WHERE t.id = NEW.{transaction};
"""

_IN_PLACE = """
SELECT w.currency <> NEW.currency INTO wrong FROM billing_wallet w WHERE w.id = NEW.wallet_id;
"""

_ONE_WALLET = """
SELECT t.wallet_id <> l.wallet_id OR (t.amount_minor > 0) <> (NEW.amount_minor > 0) INTO wrong
  FROM billing_wallettransaction t, billing_walletlot l WHERE t.id = NEW.transaction_id AND l.id = NEW.lot_id;
"""

_IN_TIME = """
SELECT (t.kind = 'burn' AND (t.created_at < l.effective_at OR t.created_at >= COALESCE(l.expires_at, 'infinity')))
    OR (t.kind = 'expiry' AND t.created_at < COALESCE(l.expires_at, 'infinity')) INTO wrong
  FROM billing_wallettransaction t, billing_walletlot l WHERE t.id = NEW.transaction_id AND l.id = NEW.lot_id;
"""

_MIRRORS = """
SELECT NEW.reverses_id IS NOT NULL AND (NOT EXISTS (
    SELECT 1 FROM billing_wallettransaction t
    WHERE t.id = NEW.reverses_id AND t.wallet_id = NEW.wallet_id AND t.kind = 'burn'
      AND t.amount_minor = -NEW.amount_minor
  ) OR EXISTS (
    SELECT 1 FROM billing_walletfunding f WHERE f.transaction_id IN (NEW.id, NEW.reverses_id)
    GROUP BY f.lot_id HAVING sum(f.amount_minor) <> 0
  )) INTO wrong;
"""


def balance_is_lots(wallet: str) -> pgtrigger.Trigger:
    """This function will return the trigger that checks a wallet's balance against what its lots have left.

    `wallet` is the column that names the wallet.
    """
    body = _BALANCE.format(wallet=wallet)
    return _checked("balance_is_lots", body, "wallet of % does not hold what its lots have left")


def left_is_funded(lot: str) -> pgtrigger.Trigger:
    """This function will return the trigger that checks what a lot has left against everything that moved it.

    `lot` is the column that names the lot.
    """
    return _checked("left_is_funded", _LOT.format(lot=lot), "lot of % does not have left what its fundings say")


def amount_is_funded(transaction: str) -> pgtrigger.Trigger:
    """This function will return the trigger that checks a transaction's amount against its fundings.

    `transaction` is the column that names the transaction.
    """
    body = _TRANSACTION.format(transaction=transaction)
    return _checked("amount_is_funded", body, "wallet transaction of % is not what its fundings make")


def in_wallets_currency() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a transaction in its wallet's currency."""
    return _checked("in_wallets_currency", _IN_PLACE, "wallet transaction % is in another currency than its wallet")


def in_one_wallet() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a funding in its transaction's wallet and direction."""
    return _checked("in_one_wallet", _ONE_WALLET, "wallet funding % is not of its transaction")


def in_time() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a lot from paying outside its time, or expiring within it."""
    return _checked("in_time", _IN_TIME, "wallet funding % is outside the time of its lot")


def mirrors() -> pgtrigger.Trigger:
    """This function will return the trigger that lets a reversal only mirror a burn of its wallet, lot by lot."""
    return _checked("mirrors", _MIRRORS, "wallet transaction % does not mirror what it reverses")


def frozen(*fields: str) -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what a row says of where it came from."""
    condition = pgtrigger.AnyChange(*fields, exclude_auto=False)
    return pgtrigger.Protect(name="frozen", operation=pgtrigger.Update, condition=condition)


def kept() -> pgtrigger.Trigger:
    """This function will return the trigger that refuses every deletion."""
    return pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)


def _checked(name: str, check: str, message: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        timing=pgtrigger.Deferred,
        declare=[("seen_as", "text"), ("wrong", "boolean")],
        func=_SEEN.format(check=check.strip(), message=message, constraint=f"billing_wallet_{name}"),
    )
