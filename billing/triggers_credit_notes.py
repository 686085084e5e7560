"""What the database itself refuses about credit notes, whoever writes the SQL.

A note and its lines wait for the invoice's lock, so of two notes at the same instant the second sees the first. What is
taken back of a line lies between nothing and the line, also where that is a credit and negative itself. Sums are looked
at when the transaction commits, through the eyes of the row's environment.
"""

import pgtrigger

_OF_FINAL_INVOICE = """
SELECT i.state, i.customer_id, i.currency, i.total_minor INTO invoice
  FROM billing_invoice i WHERE i.id = NEW.invoice_id FOR NO KEY UPDATE;
IF invoice.state IS NULL OR invoice.state IN ('draft', 'void')
   OR invoice.customer_id <> NEW.customer_id OR invoice.currency <> NEW.currency THEN
  RAISE EXCEPTION 'a credit note is about a finalized invoice of its customer, in its currency'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_of_final_invoice';
END IF;
SELECT COALESCE(sum(n.total_minor), 0) INTO credited FROM billing_creditnote n WHERE n.invoice_id = NEW.invoice_id;
IF credited + NEW.total_minor > invoice.total_minor THEN
  RAISE EXCEPTION 'the credit notes of an invoice exceed its total'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_within_invoice';
END IF;
RETURN NEW;
"""

_WITHIN_LINE = """
SELECT n.invoice_id INTO about FROM billing_creditnote n WHERE n.id = NEW.credit_note_id;
PERFORM 1 FROM billing_invoice i WHERE i.id = about FOR NO KEY UPDATE;
SELECT l.currency, l.total_minor - l.tax_minor AS net, l.tax_minor AS tax, l.total_minor AS total INTO whole
  FROM billing_invoiceline l WHERE l.id = NEW.invoice_line_id AND l.invoice_id = about;
IF whole.currency IS NULL OR whole.currency <> NEW.currency THEN
  RAISE EXCEPTION 'a credit note takes back lines of its own invoice'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnoteline_of_its_invoice';
END IF;
SELECT COALESCE(sum(c.amount_minor), 0) + NEW.amount_minor AS net,
       COALESCE(sum(c.tax_minor), 0) + NEW.tax_minor AS tax,
       COALESCE(sum(c.total_minor), 0) + NEW.total_minor AS total INTO credited
  FROM billing_creditnoteline c WHERE c.invoice_line_id = NEW.invoice_line_id;
IF credited.net NOT BETWEEN LEAST(0, whole.net) AND GREATEST(0, whole.net)
   OR credited.tax NOT BETWEEN LEAST(0, whole.tax) AND GREATEST(0, whole.tax)
   OR credited.total NOT BETWEEN LEAST(0, whole.total) AND GREATEST(0, whole.total) THEN
  RAISE EXCEPTION 'the credit notes of a line exceed it'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnoteline_within_line';
END IF;
RETURN NEW;
"""

_SUMS = """
seen_as := current_setting('app.environment_id', true);
PERFORM set_config('app.environment_id', NEW.environment_id::text, true);
SELECT n.subtotal_minor <> sums.net OR n.tax_minor <> sums.tax OR n.total_minor <> sums.total
       OR i.credited_minor <> (SELECT sum(o.due_minor) FROM billing_creditnote o WHERE o.invoice_id = i.id)
  INTO wrong
  FROM billing_creditnote n JOIN billing_invoice i ON i.id = n.invoice_id,
       (SELECT COALESCE(sum(c.amount_minor), 0) AS net, COALESCE(sum(c.tax_minor), 0) AS tax,
               COALESCE(sum(c.total_minor), 0) AS total
          FROM billing_creditnoteline c WHERE c.credit_note_id = NEW.{note}) sums
  WHERE n.id = NEW.{note};
PERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);
IF wrong THEN
  RAISE EXCEPTION 'credit note % is not what its lines make, or its invoice does not count it', NEW.{note}
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_sums';
END IF;
RETURN NULL;
"""


def of_final_invoice() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps an invoice's notes within it, and drafts and void ones bare."""
    return pgtrigger.Trigger(
        name="of_final_invoice",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("invoice", "record"), ("credited", "numeric")],
        func=_OF_FINAL_INVOICE,
    )


def within_line() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what notes take back of a line within it: net, tax and both."""
    return pgtrigger.Trigger(
        name="within_line",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("about", "uuid"), ("whole", "record"), ("credited", "record")],
        func=_WITHIN_LINE,
    )


def sums(note: str) -> pgtrigger.Trigger:
    """This function will return the trigger that checks a note against its lines, and its invoice against its notes.

    `note` is the column that names the note: `id` on the note itself, `credit_note_id` on a line.
    """
    return pgtrigger.Trigger(
        name="sums",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("seen_as", "text"), ("wrong", "boolean")],
        func=_SUMS.format(note=note),
    )
