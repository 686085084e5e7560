"""The rules of credit notes, and of invoices that were written off."""

from core.invariants import rule

rule(
    "billing.credits_within_lines",
    "what credit notes take back of a line never exceeds it in net, tax or both, and is a line of their invoice",
    """
    SELECT l.id::text AS id, l.environment_id, l.total_minor, sum(c.total_minor) AS credited_minor
    FROM billing_creditnoteline c JOIN billing_invoiceline l ON l.id = c.invoice_line_id
    JOIN billing_creditnote n ON n.id = c.credit_note_id
    GROUP BY l.id
    HAVING sum(c.amount_minor) NOT BETWEEN LEAST(0, l.total_minor - l.tax_minor)
                                       AND GREATEST(0, l.total_minor - l.tax_minor)
        OR sum(c.tax_minor) NOT BETWEEN LEAST(0, l.tax_minor) AND GREATEST(0, l.tax_minor)
        OR sum(c.total_minor) NOT BETWEEN LEAST(0, l.total_minor) AND GREATEST(0, l.total_minor)
        OR bool_or(n.invoice_id <> l.invoice_id) OR bool_or(c.currency <> l.currency)
    """,
)
rule(
    "billing.credits_within_invoice",
    "credit notes are about finalized invoices of their customer, in their currency, and never exceed their total",
    """
    SELECT i.id::text AS id, i.environment_id, i.total_minor, sum(n.total_minor) AS credited_minor
    FROM billing_creditnote n JOIN billing_invoice i ON i.id = n.invoice_id
    GROUP BY i.id
    HAVING sum(n.total_minor) > i.total_minor OR i.state IN ('draft', 'void')
        OR bool_or(n.customer_id <> i.customer_id) OR bool_or(n.currency <> i.currency)
    """,
)
rule(
    "billing.credit_note_totals",
    "a credit note's sums are those of its lines, and its total is the sum of where it went",
    """
    SELECT n.id::text AS id, n.environment_id, n.total_minor, sum(c.total_minor) AS lines_minor
    FROM billing_creditnote n LEFT JOIN billing_creditnoteline c ON c.credit_note_id = n.id
    GROUP BY n.id
    HAVING n.subtotal_minor <> COALESCE(sum(c.amount_minor), 0) OR n.tax_minor <> COALESCE(sum(c.tax_minor), 0)
        OR n.total_minor <> COALESCE(sum(c.total_minor), 0)
        OR n.total_minor <> n.due_minor + n.refund_minor + n.wallet_minor + n.out_of_band_minor
    """,
)
rule(
    "billing.credit_taxes_add_up",
    "the rates' parts of a credited line make its tax",
    """
    SELECT c.id::text AS id, c.environment_id, c.tax_minor
    FROM billing_creditnoteline c
    WHERE c.tax_minor <> COALESCE((SELECT sum((one ->> 'tax_minor')::bigint) FROM jsonb_array_elements(c.taxes) one), 0)
    """,
)
rule(
    "billing.credited_is_due_parts",
    "what an invoice says credit notes took off its amount due is what they say",
    """
    SELECT i.id::text AS id, i.environment_id, i.credited_minor, COALESCE(sum(n.due_minor), 0) AS notes_minor
    FROM billing_invoice i LEFT JOIN billing_creditnote n ON n.invoice_id = i.id
    GROUP BY i.id HAVING i.credited_minor <> COALESCE(sum(n.due_minor), 0)
    """,
)
rule(
    "billing.credit_notes_booked",
    "every credit note is in the books once with its tax and where its total went, and no other is",
    """
    SELECT COALESCE(n.id, j.id)::text AS id, COALESCE(n.environment_id, j.environment_id) AS environment_id,
           n.total_minor, count(DISTINCT j.id) AS journals
    FROM billing_creditnote n
    FULL JOIN (SELECT * FROM billing_journal WHERE kind = 'credit_note') j ON j.subject_id = n.id
    LEFT JOIN billing_posting p ON p.journal_id = j.id LEFT JOIN billing_account a ON a.id = p.account_id
    GROUP BY n.id, j.id, n.environment_id, j.environment_id, n.total_minor, n.tax_minor, n.due_minor, n.refund_minor,
             n.wallet_minor, n.out_of_band_minor, j.invoice_id, n.invoice_id
    HAVING n.id IS NULL OR count(DISTINCT j.id) <> 1 OR j.invoice_id IS DISTINCT FROM n.invoice_id
        OR COALESCE(sum(p.amount_minor) FILTER (WHERE a.code = 'tax_payable'), 0) <> n.tax_minor
        OR COALESCE(-sum(p.amount_minor) FILTER (WHERE a.code = 'receivable'), 0) <> n.due_minor
        OR COALESCE(-sum(p.amount_minor) FILTER (WHERE a.code = 'refunds'), 0) <> n.refund_minor
        OR COALESCE(-sum(p.amount_minor) FILTER (WHERE a.code = 'cash'), 0) <> n.out_of_band_minor
    """,
)
rule(
    "billing.credit_note_lots",
    "what a credit note put into the wallet is the lot that names it",
    """
    SELECT n.id::text AS id, n.environment_id, n.wallet_minor, COALESCE(sum(l.amount_minor), 0) AS lots_minor
    FROM billing_creditnote n LEFT JOIN billing_walletlot l ON l.credit_note_id = n.id
    GROUP BY n.id HAVING n.wallet_minor <> COALESCE(sum(l.amount_minor), 0)
    """,
)
rule(
    "billing.write_offs_booked",
    "what an invoice that was written off still has due is what the books have written off of it, and nothing else is",
    """
    SELECT i.id::text AS id, i.environment_id, i.state, i.due_minor, COALESCE(sum(p.amount_minor), 0) AS booked_minor
    FROM billing_invoice i
    LEFT JOIN billing_journal j ON j.invoice_id = i.id
    LEFT JOIN billing_posting p ON p.journal_id = j.id
         AND p.account_id IN (SELECT a.id FROM billing_account a WHERE a.code = 'write_offs')
    GROUP BY i.id
    HAVING COALESCE(sum(p.amount_minor), 0) <> CASE WHEN i.state = 'uncollectible' THEN i.due_minor ELSE 0 END
        OR (i.state = 'uncollectible' AND i.uncollectible_at IS NULL)
    """,
)
