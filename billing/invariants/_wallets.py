"""The rules of wallets."""

from core.invariants import rule

rule(
    "billing.wallet_lots_in_bounds",
    "a wallet's lot has something between nothing and its amount left",
    """
    SELECT l.id::text AS id, l.environment_id, l.amount_minor, l.left_minor FROM billing_walletlot l
    WHERE l.left_minor < 0 OR l.left_minor > l.amount_minor OR l.amount_minor <= 0
    """,
)
rule(
    "billing.wallet_lots_funded",
    "what a lot has left is its grant and everything that moved it since",
    """
    SELECT l.id::text AS id, l.environment_id, l.left_minor, sum(f.amount_minor) AS funded_minor
    FROM billing_walletlot l
    LEFT JOIN billing_walletfunding f ON f.lot_id = l.id
    LEFT JOIN billing_wallettransaction t ON t.id = f.transaction_id
    GROUP BY l.id
    HAVING l.left_minor <> COALESCE(sum(f.amount_minor), 0)
        OR l.amount_minor <> COALESCE(sum(f.amount_minor) FILTER (WHERE t.kind = 'grant'), 0)
    """,
)
rule(
    "billing.wallet_balance",
    "a wallet's balance is what its lots have left, and what its transactions come to",
    """
    SELECT w.id::text AS id, w.environment_id, w.balance_minor
    FROM billing_wallet w
    WHERE w.balance_minor < 0
       OR w.balance_minor <> COALESCE((SELECT sum(l.left_minor) FROM billing_walletlot l WHERE l.wallet_id = w.id), 0)
       OR w.balance_minor <> COALESCE(
          (SELECT sum(t.amount_minor) FROM billing_wallettransaction t WHERE t.wallet_id = w.id), 0)
    """,
)
rule(
    "billing.wallet_transactions_funded",
    "every transaction of a wallet is made up of what it moved in lots of that wallet",
    """
    SELECT t.id::text AS id, t.environment_id, t.amount_minor, sum(f.amount_minor) AS funded_minor
    FROM billing_wallettransaction t
    LEFT JOIN billing_walletfunding f ON f.transaction_id = t.id
    LEFT JOIN billing_walletlot l ON l.id = f.lot_id
    GROUP BY t.id
    HAVING t.amount_minor <> COALESCE(sum(f.amount_minor), 0)
        OR bool_or(l.wallet_id <> t.wallet_id OR (f.amount_minor > 0) <> (t.amount_minor > 0))
    """,
)
rule(
    "billing.wallet_in_place",
    "a wallet's lots and transactions share its environment and currency",
    """
    SELECT t.id::text AS id, t.environment_id, t.currency FROM billing_wallettransaction t
    JOIN billing_wallet w ON w.id = t.wallet_id
    WHERE t.environment_id <> w.environment_id OR t.currency <> w.currency
    UNION ALL
    SELECT l.id::text, l.environment_id, w.currency FROM billing_walletlot l JOIN billing_wallet w ON w.id = l.wallet_id
    WHERE l.environment_id <> w.environment_id
    """,
)
rule(
    "billing.wallet_lots_unused_after_expiry",
    "no lot pays before it is effective, or from its expiry on",
    """
    SELECT f.id::text AS id, f.environment_id, t.created_at, l.expires_at
    FROM billing_walletfunding f
    JOIN billing_wallettransaction t ON t.id = f.transaction_id JOIN billing_walletlot l ON l.id = f.lot_id
    WHERE t.kind = 'burn' AND (t.created_at < l.effective_at OR t.created_at >= l.expires_at)
    """,
)
rule(
    "billing.wallet_reversals_mirror",
    "a burn is reversed at most once, lot by lot, and nothing else is",
    """
    SELECT r.id::text AS id, r.environment_id, r.reverses_id
    FROM billing_wallettransaction r JOIN billing_wallettransaction t ON t.id = r.reverses_id
    WHERE r.amount_minor <> -t.amount_minor OR r.wallet_id <> t.wallet_id OR t.kind <> 'burn' OR r.kind <> 'reversal'
       OR r.invoice_id IS DISTINCT FROM t.invoice_id
       OR EXISTS (SELECT 1 FROM billing_wallettransaction o WHERE o.reverses_id = r.reverses_id AND o.id <> r.id)
       OR EXISTS (SELECT 1 FROM billing_walletfunding f WHERE f.transaction_id IN (r.id, t.id)
                  GROUP BY f.lot_id HAVING sum(f.amount_minor) <> 0)
    """,
)
rule(
    "billing.wallet_invoices_used",
    "the stored value that an invoice used is what it burned; a void invoice has given it back, no other has",
    """
    SELECT i.id::text AS id, i.environment_id, i.credit_applied_minor, i.wallet_applied_minor
    FROM billing_invoice i
    LEFT JOIN billing_wallettransaction t ON t.invoice_id = i.id AND t.kind IN ('burn', 'reversal')
    GROUP BY i.id
    HAVING i.credit_applied_minor <> COALESCE(-sum(t.amount_minor) FILTER (
               WHERE t.kind = 'burn' AND t.key LIKE 'invoice:%:credit'), 0)
        OR i.wallet_applied_minor <> COALESCE(-sum(t.amount_minor) FILTER (
               WHERE t.kind = 'burn' AND t.key LIKE 'invoice:%:wallet'), 0)
        OR COALESCE(sum(t.amount_minor) FILTER (WHERE t.kind = 'reversal'), 0)
           <> CASE WHEN i.state = 'void' THEN i.credit_applied_minor + i.wallet_applied_minor ELSE 0 END
    """,
)
rule(
    "billing.wallet_transactions_booked",
    "promotions, debits, expiries and reversed debits are in the books with what they moved",
    """
    SELECT t.id::text AS id, t.environment_id, t.amount_minor, sum(p.amount_minor) AS booked_minor
    FROM billing_wallettransaction t
    LEFT JOIN billing_journal j ON j.subject_id = t.id
    LEFT JOIN billing_posting p ON p.journal_id = j.id
         AND p.account_id IN (SELECT a.id FROM billing_account a WHERE a.code = 'wallet_liability')
    WHERE t.kind = 'expiry' OR (t.kind IN ('burn', 'reversal') AND t.invoice_id IS NULL)
       OR (t.kind = 'grant' AND EXISTS (
             SELECT 1 FROM billing_walletfunding f JOIN billing_walletlot l ON l.id = f.lot_id
             WHERE f.transaction_id = t.id AND l.is_promotional))
    GROUP BY t.id HAVING COALESCE(sum(p.amount_minor), 0) <> -t.amount_minor
    """,
)
rule(
    "billing.wallet_liability",
    "what the books owe to wallets is what their lots have left and what bought value still waits for its money",
    """
    SELECT COALESCE(booked.id, held.environment_id)::text AS id,
           COALESCE(booked.environment_id, held.environment_id) AS environment_id,
           COALESCE(booked.currency, held.currency) AS currency, booked.amount_minor AS booked_minor, held.amount_minor
    FROM (
      SELECT a.id, a.environment_id, a.currency,
             COALESCE((SELECT sum(p.amount_minor) FROM billing_posting p WHERE p.account_id = a.id), 0) AS amount_minor
      FROM billing_account a WHERE a.code = 'wallet_liability'
    ) booked
    FULL JOIN (
      SELECT environment_id, currency, sum(amount_minor) AS amount_minor FROM (
        SELECT w.environment_id, w.currency, l.left_minor AS amount_minor
        FROM billing_walletlot l JOIN billing_wallet w ON w.id = l.wallet_id
        UNION ALL
        SELECT i.environment_id, i.currency, i.total_minor - i.tax_minor - i.credited_minor FROM billing_invoice i
        WHERE i.kind = 'top_up' AND i.state IN ('open', 'uncollectible')
      ) parts GROUP BY environment_id, currency
    ) held ON held.environment_id = booked.environment_id AND held.currency = booked.currency
    WHERE COALESCE(booked.amount_minor, 0) <> -COALESCE(held.amount_minor, 0)
    """,
)
