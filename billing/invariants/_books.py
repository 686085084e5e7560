"""The rules of the ledger."""

from core.invariants import rule

rule(
    "billing.journal_zero_sum",
    "every journal sums to zero per currency",
    """
    SELECT j.id::text AS id, j.environment_id, p.currency, sum(p.amount_minor) AS sum_minor
    FROM billing_journal j JOIN billing_posting p ON p.journal_id = j.id
    GROUP BY j.id, j.environment_id, p.currency HAVING sum(p.amount_minor) <> 0
    """,
)
rule(
    "billing.journal_two_postings",
    "every journal has at least two postings",
    """
    SELECT j.id::text AS id, j.environment_id, count(p.id) AS postings
    FROM billing_journal j LEFT JOIN billing_posting p ON p.journal_id = j.id
    GROUP BY j.id, j.environment_id HAVING count(p.id) < 2
    """,
)
rule(
    "billing.ledger_zero_sum",
    "the whole ledger sums to zero per environment and currency",
    """
    SELECT p.environment_id::text AS id, p.environment_id, p.currency, sum(p.amount_minor) AS sum_minor
    FROM billing_posting p GROUP BY p.environment_id, p.currency HAVING sum(p.amount_minor) <> 0
    """,
)
rule(
    "billing.posting_in_place",
    "a posting, its journal and its account share environment and currency",
    """
    SELECT p.id::text AS id, p.environment_id, p.currency, a.currency AS account_currency
    FROM billing_posting p
    JOIN billing_journal j ON j.id = p.journal_id JOIN billing_account a ON a.id = p.account_id
    LEFT JOIN billing_invoice i ON i.id = j.invoice_id
    WHERE p.environment_id <> j.environment_id OR p.environment_id <> a.environment_id OR p.currency <> a.currency
       OR i.environment_id <> p.environment_id OR i.currency <> p.currency
    """,
)
rule(
    "billing.journal_once",
    "one journal per business reference",
    """
    SELECT min(j.id::text) AS id, j.environment_id, j.reference, count(*) AS journals
    FROM billing_journal j GROUP BY j.environment_id, j.reference HAVING count(*) > 1
    """,
)
rule(
    "billing.accounts_within_bounds",
    "no account is on the wrong side: nothing is receivable, given up or promoted below zero, or owed above it",
    """
    SELECT a.id::text AS id, a.environment_id, a.code, a.currency, sum(p.amount_minor) AS balance_minor
    FROM billing_account a JOIN billing_posting p ON p.account_id = a.id
    GROUP BY a.id
    HAVING (a.code IN ('receivable', 'write_offs', 'promotions') AND sum(p.amount_minor) < 0)
        OR (a.code IN ('wallet_liability', 'gift_liability', 'tax_payable') AND sum(p.amount_minor) > 0)
    """,
)
rule(
    "billing.reversals_mirror",
    "a journal is reversed at most once, and by its exact mirror",
    """
    WITH pairs AS (
      SELECT j.id AS reversed, r.id AS reversal, r.environment_id
      FROM billing_journal j
      JOIN (VALUES ('invoice', 'void'), ('stored_value', 'stored_value_void'), ('write_off', 'write_off_void'))
           kinds(kind, mirror) ON kinds.kind = j.kind
      JOIN billing_journal r ON r.kind = kinds.mirror AND r.subject_id = j.subject_id
      UNION ALL
      SELECT j.id, r.id, r.environment_id
      FROM billing_journal r JOIN billing_wallettransaction t ON t.id = r.subject_id
      JOIN billing_journal j ON j.subject_id = t.reverses_id AND j.kind = 'wallet_debit'
      WHERE r.kind = 'wallet_reversal'
    )
    SELECT reversal::text AS id, environment_id, reversed FROM pairs
    WHERE (SELECT count(*) FROM pairs others WHERE others.reversed = pairs.reversed) > 1
       OR EXISTS (SELECT 1 FROM billing_posting p WHERE p.journal_id IN (pairs.reversal, pairs.reversed)
                  GROUP BY p.account_id HAVING sum(p.amount_minor) <> 0)
    UNION ALL
    SELECT r.id::text, r.environment_id, NULL FROM billing_journal r
    WHERE r.kind IN ('void', 'stored_value_void', 'write_off_void', 'wallet_reversal')
      AND NOT EXISTS (SELECT 1 FROM pairs WHERE pairs.reversal = r.id)
    """,
)
