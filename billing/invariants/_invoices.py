"""The rules of invoices."""

from core.invariants import rule

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
       OR i.due_minor <> CASE WHEN i.state = 'void' THEN 0 ELSE GREATEST(
            i.total_minor - i.credit_applied_minor - i.wallet_applied_minor - i.credited_minor - i.paid_minor, 0) END
       OR i.refunded_minor > i.paid_minor
       OR i.credit_applied_minor + i.wallet_applied_minor + i.credited_minor > i.total_minor
       OR LEAST(i.subtotal_minor, i.discount_minor, i.tax_minor, i.total_minor, i.paid_minor, i.refunded_minor,
                i.credit_applied_minor, i.wallet_applied_minor, i.credited_minor) < 0
    """,
)
rule(
    "billing.paid_is_settled",
    "an invoice is paid exactly if money, stored value and credit notes have covered it, and it is stamped",
    """
    SELECT i.id::text AS id, i.environment_id, i.state, i.due_minor, i.paid_at
    FROM billing_invoice i
    WHERE (i.state = 'paid') <> (i.state NOT IN ('draft', 'void') AND i.total_minor <=
            i.paid_minor + i.credit_applied_minor + i.wallet_applied_minor + i.credited_minor)
       OR (i.state = 'paid') <> (i.paid_at IS NOT NULL)
       OR (i.state = 'void') <> (i.voided_at IS NOT NULL)
    """,
)
rule(
    "billing.numbers_gapless",
    "the numbers of a series run from 1 without gaps or repeats in each of its counters",
    """
    SELECT c.id::text AS id, c.environment_id, c.last, count(n.sequence) AS documents
    FROM billing_numbercounter c LEFT JOIN (
      SELECT counter_id, sequence FROM billing_invoice UNION ALL SELECT counter_id, sequence FROM billing_creditnote
    ) n ON n.counter_id = c.id
    GROUP BY c.id
    HAVING count(DISTINCT n.sequence) <> c.last OR count(n.sequence) <> c.last
        OR min(n.sequence) <> 1 OR max(n.sequence) <> c.last
    """,
)
rule(
    "billing.numbers_in_order",
    "invoices and credit notes are numbered in the order in which they were issued, each in a series of its own",
    """
    SELECT id::text AS id, environment_id, number, issued_at FROM (
      SELECT n.id, n.environment_id, n.number, n.issued_at, s.code <> n.series AS misplaced,
             lag(n.issued_at) OVER (PARTITION BY n.counter_id ORDER BY n.sequence) AS before
      FROM (
        SELECT id, environment_id, number, issued_at, sequence, counter_id, 'invoice' AS series FROM billing_invoice
        UNION ALL
        SELECT id, environment_id, number, issued_at, sequence, counter_id, 'credit_note' FROM billing_creditnote
      ) n
      JOIN billing_numbercounter c ON c.id = n.counter_id JOIN billing_numberseries s ON s.id = c.series_id
    ) numbered WHERE issued_at < before OR misplaced
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
    JOIN billing_journal j ON j.subject_id = i.id AND j.kind IN (
      'invoice', 'void', 'stored_value', 'stored_value_void', 'write_off', 'write_off_void')
    JOIN billing_posting p ON p.journal_id = j.id JOIN billing_account a ON a.id = p.account_id
    GROUP BY i.id, a.code
    HAVING (i.state = 'void' AND sum(p.amount_minor) <> 0)
        OR (i.state <> 'void' AND bool_or(j.kind IN ('void', 'stored_value_void', 'write_off_void')))
    """,
)
rule(
    "billing.stored_value_booked",
    "what an invoice used of stored value is what the books have of it",
    """
    SELECT i.id::text AS id, i.environment_id, i.credit_applied_minor, i.wallet_applied_minor
    FROM billing_invoice i
    WHERE i.credit_applied_minor + i.wallet_applied_minor <> COALESCE((
            SELECT sum(p.amount_minor) FROM billing_journal j JOIN billing_posting p ON p.journal_id = j.id
            WHERE j.subject_id = i.id AND j.kind = 'stored_value' AND p.amount_minor > 0), 0)
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
    "the receivables of each currency are what its open invoices still have due; what is written off is none",
    """
    SELECT a.id::text AS id, a.environment_id, a.currency,
           COALESCE((SELECT sum(p.amount_minor) FROM billing_posting p WHERE p.account_id = a.id), 0) AS booked_minor
    FROM billing_account a
    WHERE a.code = 'receivable'
      AND COALESCE((SELECT sum(p.amount_minor) FROM billing_posting p WHERE p.account_id = a.id), 0)
       <> COALESCE((SELECT sum(i.due_minor) FROM billing_invoice i
                    WHERE i.environment_id = a.environment_id AND i.currency = a.currency AND i.state = 'open'), 0)
    """,
)
