"""What the database itself refuses about invoices and the ledger, whoever writes the SQL."""

from collections.abc import Iterable, Mapping

import pgtrigger
from django.db.models import Model

# What may still change once an invoice has its number: what became of it, never what it says.
LIVING_FIELDS = (
    "state",
    "paid_minor",
    "refunded_minor",
    "due_minor",
    "paid_at",
    "voided_at",
    "uncollectible_at",
    "last_failure_code",
    "credited_minor",
)

_STARTS_AS_DRAFT = "RAISE EXCEPTION 'an invoice starts as a draft' USING ERRCODE = 'check_violation';"

# FOR SHARE waits for a finalization that is under way, so no line slips in beside it.
_ONLY_IN_DRAFTS = """
IF TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id THEN
  RAISE EXCEPTION 'a line stays on its invoice' USING ERRCODE = 'check_violation';
END IF;
SELECT i.state INTO invoice_state FROM billing_invoice i WHERE i.id = OLD.invoice_id FOR SHARE;
IF invoice_state IS DISTINCT FROM 'draft' THEN
  RAISE EXCEPTION 'the lines of a finalized invoice do not change' USING ERRCODE = 'check_violation';
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
"""
# Afterwards, so that an invoice and its lines may come by one statement; and for all lines of a statement at once.
_INTO_DRAFTS = """
PERFORM 1 FROM billing_invoice i WHERE i.id IN (SELECT invoice_id FROM come) ORDER BY i.id FOR SHARE;
IF EXISTS (SELECT 1 FROM come WHERE NOT EXISTS (
    SELECT 1 FROM billing_invoice i WHERE i.id = come.invoice_id AND i.state = 'draft')) THEN
  RAISE EXCEPTION 'the lines of a finalized invoice do not change' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""

# Runs at commit, when the work may have left its scope already: it looks through the eyes of the row's environment.
_BALANCES = """
seen_as := current_setting('app.environment_id', true);
IF seen_as IS DISTINCT FROM NEW.environment_id::text THEN
  PERFORM set_config('app.environment_id', NEW.environment_id::text, true);
END IF;
SELECT COALESCE(sum(sums.many), 0), count(*) FILTER (WHERE sums.total <> 0) INTO postings, unequal FROM (
  SELECT count(*) AS many, sum(p.amount_minor) AS total FROM billing_posting p
   WHERE p.journal_id = NEW.id GROUP BY p.currency
) sums;
IF seen_as IS DISTINCT FROM NEW.environment_id::text THEN
  PERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);
END IF;
IF postings < 2 OR unequal > 0 THEN
  RAISE EXCEPTION 'journal % does not balance', NEW.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_journal_balances';
END IF;
RETURN NULL;
"""
# Postings never change or go. So it is enough that those of each statement sum to zero: then they all do.
_POSTINGS_BALANCE = """
SELECT sums.journal_id INTO wrong FROM (
  SELECT journal_id, count(*) AS many, sum(amount_minor) AS total FROM come GROUP BY journal_id, currency
) sums GROUP BY sums.journal_id HAVING sum(sums.many) < 2 OR count(*) FILTER (WHERE sums.total <> 0) > 0 LIMIT 1;
IF FOUND THEN
  RAISE EXCEPTION 'journal % does not balance', wrong
    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_journal_balances';
END IF;
RETURN NULL;
"""


def transitions(states: Mapping[str, Iterable[str]]) -> pgtrigger.Trigger:
    """This function will return the trigger that lets `state` move only as a transition table allows."""
    allowed = [(str(old), str(new)) for old, targets in states.items() for new in sorted(targets)]
    return pgtrigger.FSM(name="transitions", field="state", transitions=allowed)


def starts_as_draft() -> pgtrigger.Trigger:
    """This function will return the trigger that refuses a row inserted in any state but `draft`."""
    return pgtrigger.Trigger(
        name="starts_as_draft",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=~pgtrigger.Q(new__state="draft"),
        func=_STARTS_AS_DRAFT,
    )


class Both(pgtrigger.Condition):
    """Two conditions at once; a comparison of whole rows cannot be joined to others by `&`."""

    def __init__(self, one: pgtrigger.Condition, other: pgtrigger.Condition) -> None:
        super().__init__(sql="true")  # what counts is `resolve`
        self.one, self.other = one, other

    def resolve(self, model: type[Model]) -> str:
        """This function will return the SQL of both."""
        one, other = self.one.resolve(model), self.other.resolve(model)  # type: ignore[no-untyped-call]
        return f"(({one}) AND ({other}))"


def frozen_when_final() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps a finalized invoice's amounts, number and parties."""
    changed = pgtrigger.AnyChange(exclude=list(LIVING_FIELDS), exclude_auto=False)
    return pgtrigger.Protect(
        name="frozen_when_final",
        operation=pgtrigger.Update,
        condition=Both(~pgtrigger.Q(old__state="draft"), changed),
    )


def kept_when_final() -> pgtrigger.Trigger:
    """This function will return the trigger that lets only drafts be deleted."""
    return pgtrigger.Protect(
        name="kept_when_final", operation=pgtrigger.Delete, condition=~pgtrigger.Q(old__state="draft")
    )


def only_in_drafts() -> pgtrigger.Trigger:
    """This function will return the trigger that lets lines change and go only while the invoice is a draft."""
    return pgtrigger.Trigger(
        name="only_in_drafts",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        declare=[("invoice_state", "text")],
        func=_ONLY_IN_DRAFTS,
    )


def into_drafts() -> pgtrigger.Trigger:
    """This function will return the trigger that lets lines come only to a draft."""
    return pgtrigger.Trigger(
        name="into_drafts",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="come"),  # type: ignore[no-untyped-call]
        func=_INTO_DRAFTS,
    )


def balances() -> pgtrigger.Trigger:
    """This function will return the trigger that checks at commit that a journal has two postings and sums to zero."""
    return pgtrigger.Trigger(
        name="balances",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        declare=[("seen_as", "text"), ("postings", "bigint"), ("unequal", "bigint")],
        func=_BALANCES,
    )


def postings_balance() -> pgtrigger.Trigger:
    """This function will return the trigger that lets postings come only if their journals sum to zero with them."""
    return pgtrigger.Trigger(
        name="balances",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="come"),  # type: ignore[no-untyped-call]
        declare=[("wrong", "uuid")],
        func=_POSTINGS_BALANCE,
    )
