"""What must hold over the whole database, for `manage.py check_invariants`."""

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
    "billing.invoice_totals",
    "an invoice's subtotal, discount, tax and total are the sums of its lines, in its currency",
    """
    SELECT i.id::text AS id, i.environment_id, i.total_minor, sum(l.total_minor) AS lines_minor
    FROM billing_invoice i LEFT JOIN billing_invoiceline l ON l.invoice_id = i.id
    GROUP BY i.id
    HAVING i.subtotal_minor <> COALESCE(sum(l.amount_minor), 0)
        OR i.discount_minor <> COALESCE(sum(l.discount_minor), 0)
        OR i.tax_minor <> COALESCE(sum(l.tax_minor), 0)
        OR i.total_minor <> COALESCE(sum(l.total_minor), 0)
        OR bool_or(l.currency <> i.currency)
    """,
)
rule(
    "billing.invoice_arithmetic",
    "an invoice's total and amount due follow from its amounts, and nothing is negative",
    """
    SELECT i.id::text AS id, i.environment_id, i.total_minor, i.due_minor
    FROM billing_invoice i
    WHERE i.total_minor <> i.subtotal_minor - i.discount_minor
          + CASE WHEN i.tax_behavior = 'exclusive' THEN i.tax_minor ELSE 0 END
       OR i.due_minor <> CASE WHEN i.state = 'void' THEN 0 ELSE GREATEST(i.total_minor - i.paid_minor, 0) END
       OR i.refunded_minor > i.paid_minor
       OR LEAST(i.subtotal_minor, i.discount_minor, i.tax_minor, i.total_minor, i.paid_minor, i.refunded_minor) < 0
    """,
)
rule(
    "billing.paid_is_settled",
    "an invoice is paid exactly if nothing is due on it and it is stamped",
    """
    SELECT i.id::text AS id, i.environment_id, i.state, i.due_minor, i.paid_at
    FROM billing_invoice i
    WHERE (i.state = 'paid') <> (i.state NOT IN ('draft', 'void') AND i.paid_minor >= i.total_minor)
       OR (i.state = 'paid') <> (i.paid_at IS NOT NULL)
       OR (i.state = 'void') <> (i.voided_at IS NOT NULL)
    """,
)
rule(
    "billing.numbers_gapless",
    "the numbers of a series run from 1 without gaps or repeats in each of its counters",
    """
    SELECT c.id::text AS id, c.environment_id, c.last, count(i.id) AS invoices
    FROM billing_numbercounter c LEFT JOIN billing_invoice i ON i.counter_id = c.id
    GROUP BY c.id
    HAVING count(DISTINCT i.sequence) <> c.last OR count(i.id) <> c.last
        OR min(i.sequence) <> 1 OR max(i.sequence) <> c.last
    """,
)
rule(
    "billing.numbers_in_order",
    "invoices are numbered in the order in which they were finalized",
    """
    SELECT id::text AS id, environment_id, number, issued_at FROM (
      SELECT i.id, i.environment_id, i.number, i.issued_at,
             lag(i.issued_at) OVER (PARTITION BY i.counter_id ORDER BY i.sequence) AS before
      FROM billing_invoice i WHERE i.counter_id IS NOT NULL
    ) numbered WHERE issued_at < before
    """,
)
rule(
    "billing.drafts_unnumbered",
    "an invoice has its number exactly if it is finalized",
    """
    SELECT i.id::text AS id, i.environment_id, i.state, i.number
    FROM billing_invoice i
    WHERE (i.state = 'draft') <> (i.number IS NULL) OR (i.state = 'draft') <> (i.sequence IS NULL)
       OR (i.state = 'draft') <> (i.counter_id IS NULL) OR (i.state = 'draft') <> (i.issued_at IS NULL)
    """,
)
rule(
    "billing.invoices_booked",
    "every finalized invoice of more than nothing has its journal, with its total on the receivables",
    """
    SELECT i.id::text AS id, i.environment_id, i.total_minor, sum(p.amount_minor) AS booked_minor
    FROM billing_invoice i
    LEFT JOIN billing_journal j ON j.subject_id = i.id AND j.kind = 'invoice'
    LEFT JOIN billing_posting p ON p.journal_id = j.id AND p.amount_minor > 0
         AND p.account_id IN (SELECT a.id FROM billing_account a WHERE a.code = 'receivable')
    WHERE i.state <> 'draft'
    GROUP BY i.id HAVING COALESCE(sum(p.amount_minor), 0) <> i.total_minor
    """,
)
rule(
    "billing.voids_mirrored",
    "a void invoice's journals leave nothing of it: its reversal is the exact mirror, and no other invoice has one",
    """
    SELECT i.id::text AS id, i.environment_id, a.code, sum(p.amount_minor) AS left_minor
    FROM billing_invoice i
    JOIN billing_journal j ON j.subject_id = i.id AND j.kind IN ('invoice', 'void')
    JOIN billing_posting p ON p.journal_id = j.id JOIN billing_account a ON a.id = p.account_id
    GROUP BY i.id, a.code
    HAVING (i.state = 'void' AND sum(p.amount_minor) <> 0) OR (i.state <> 'void' AND bool_or(j.kind = 'void'))
    """,
)
rule(
    "billing.payments_booked",
    "what an invoice has been paid and refunded is what the books have as cash of it",
    """
    SELECT i.id::text AS id, i.environment_id, i.paid_minor, i.refunded_minor
    FROM billing_invoice i
    LEFT JOIN billing_journal j ON j.invoice_id = i.id AND j.kind IN ('payment', 'refund')
    LEFT JOIN billing_posting p ON p.journal_id = j.id
         AND p.account_id IN (SELECT a.id FROM billing_account a WHERE a.code = 'cash')
    GROUP BY i.id
    HAVING COALESCE(sum(p.amount_minor) FILTER (WHERE j.kind = 'payment'), 0) <> i.paid_minor
        OR COALESCE(-sum(p.amount_minor) FILTER (WHERE j.kind = 'refund'), 0) <> i.refunded_minor
    """,
)
rule(
    "billing.receivable_is_due",
    "the receivables of each currency are what its invoices still have due",
    """
    SELECT a.id::text AS id, a.environment_id, a.currency,
           COALESCE((SELECT sum(p.amount_minor) FROM billing_posting p WHERE p.account_id = a.id), 0) AS booked_minor
    FROM billing_account a
    WHERE a.code = 'receivable'
      AND COALESCE((SELECT sum(p.amount_minor) FROM billing_posting p WHERE p.account_id = a.id), 0)
       <> COALESCE((SELECT sum(i.due_minor) FROM billing_invoice i
                    WHERE i.environment_id = a.environment_id AND i.currency = a.currency AND i.state <> 'draft'), 0)
    """,
)
