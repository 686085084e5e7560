"""The rules of coupons, discounts and taxes."""

from core.invariants import rule

rule(
    "billing.coupon_redeemed",
    "a coupon has been redeemed as often as customers hold it, and no more often than it may",
    """
    SELECT c.id::text AS id, c.environment_id, c.redeemed, count(r.id) AS held
    FROM billing_coupon c LEFT JOIN billing_couponredemption r ON r.coupon_id = c.id AND r.released_at IS NULL
    GROUP BY c.id HAVING count(r.id) <> c.redeemed OR c.redeemed > c.max_redemptions
    """,
)
rule(
    "billing.coupon_per_customer",
    "no customer holds a coupon more often than one customer may",
    """
    SELECT min(r.id::text) AS id, r.environment_id, r.coupon_id, r.customer_id, count(*) AS held
    FROM billing_couponredemption r JOIN billing_coupon c ON c.id = r.coupon_id
    WHERE r.released_at IS NULL
    GROUP BY r.environment_id, r.coupon_id, r.customer_id, c.max_per_customer
    HAVING count(*) > c.max_per_customer
    """,
)
rule(
    "billing.coupon_cycles",
    "a redemption has counted for the finalized invoices that it reduces and that are not void, within its cycles",
    """
    SELECT r.id::text AS id, r.environment_id, r.cycles_used, count(i.id) AS invoices
    FROM billing_couponredemption r
    JOIN billing_coupon c ON c.id = r.coupon_id
    LEFT JOIN billing_invoicediscount d ON d.redemption_id = r.id AND d.amount_minor > 0
    LEFT JOIN billing_invoice i ON i.id = d.invoice_id AND i.state NOT IN ('draft', 'void')
    GROUP BY r.id, c.id
    HAVING count(i.id) <> r.cycles_used OR (r.released_at IS NOT NULL AND r.cycles_used > 0)
        OR r.cycles_used > CASE c.duration WHEN 'once' THEN 1 WHEN 'repeating' THEN c.cycles END
    """,
)
rule(
    "billing.coupon_removed",
    "a coupon that was taken off reduces no invoice that was begun later",
    """
    SELECT r.id::text AS id, r.environment_id, r.removed_at, i.id AS invoice_id
    FROM billing_couponredemption r
    JOIN billing_invoicediscount d ON d.redemption_id = r.id
    JOIN billing_invoice i ON i.id = d.invoice_id AND i.created_at > r.removed_at
    """,
)
rule(
    "billing.discounts_add_up",
    "what the coupons of an invoice gave is its discount, in its currency, and they were its customer's",
    """
    SELECT i.id::text AS id, i.environment_id, i.discount_minor, COALESCE(sum(d.amount_minor), 0) AS given_minor
    FROM billing_invoice i
    LEFT JOIN billing_invoicediscount d ON d.invoice_id = i.id
    LEFT JOIN billing_couponredemption r ON r.id = d.redemption_id
    GROUP BY i.id
    HAVING COALESCE(sum(d.amount_minor), 0) <> i.discount_minor
        OR bool_or(d.currency <> i.currency) OR bool_or(r.customer_id <> i.customer_id)
    """,
)
rule(
    "billing.taxes_add_up",
    "the rates of an invoice make its tax, in its currency, and a reversed one is nothing",
    """
    SELECT i.id::text AS id, i.environment_id, i.tax_minor, COALESCE(sum(t.tax_minor), 0) AS rates_minor
    FROM billing_invoice i LEFT JOIN billing_invoicetax t ON t.invoice_id = i.id
    GROUP BY i.id
    HAVING COALESCE(sum(t.tax_minor), 0) <> i.tax_minor OR bool_or(t.currency <> i.currency)
        OR bool_or(t.is_reverse_charge AND t.tax_minor <> 0)
    """,
)
rule(
    "billing.line_taxes_add_up",
    "the parts of the rates that a line shows make its tax",
    """
    SELECT l.id::text AS id, l.environment_id, l.tax_minor, l.taxes
    FROM billing_invoiceline l
    WHERE l.tax_minor <> COALESCE(
      (SELECT sum((part->>'tax_minor')::bigint) FROM jsonb_array_elements(l.taxes) part), 0
    )
    """,
)
rule(
    "billing.rates_add_up",
    "the parts of a rate that the lines of an invoice show make what the invoice shows of it",
    """
    SELECT t.id::text AS id, t.environment_id, t.code, t.tax_minor, COALESCE(sum(shown.tax_minor), 0) AS lines_minor
    FROM billing_invoicetax t
    LEFT JOIN (
      SELECT l.invoice_id, part->>'code' AS code, (part->>'tax_minor')::bigint AS tax_minor
      FROM billing_invoiceline l CROSS JOIN LATERAL jsonb_array_elements(l.taxes) part
    ) shown ON shown.invoice_id = t.invoice_id AND shown.code = t.code
    GROUP BY t.id HAVING COALESCE(sum(shown.tax_minor), 0) <> t.tax_minor
    """,
)
