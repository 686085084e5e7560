"""What the database itself refuses about dunning, whoever writes the SQL."""

import pgtrigger

# What a case was begun with.
TERMS = (
    "environment", "invoice", "customer", "reference", "plan", "currency", "amount_minor", "first_failure_at",
    "days", "grace_days", "end_action", "writes_off", "notifies", "created_at",
)  # fmt: skip


def starts_open() -> pgtrigger.Trigger:
    """This function will return the trigger that refuses a case inserted in any state but `open`."""
    return pgtrigger.Protect(name="starts_open", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__state="open"))


def keeps_its_terms() -> pgtrigger.Trigger:
    """This function will return the trigger that keeps what a case was begun with."""
    return pgtrigger.Protect(name="keeps_its_terms", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*TERMS))


def kept() -> pgtrigger.Trigger:
    """This function will return the trigger that lets no row go."""
    return pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)


def answered_once() -> pgtrigger.Trigger:
    """This function will return the trigger that lets a step change once: by the answer to an attempt."""
    return pgtrigger.Trigger(
        name="answered_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="""
        IF OLD.outcome <> 'requested' OR NEW.outcome NOT IN ('succeeded', 'failed', 'canceled')
           OR (NEW.id, NEW.environment_id, NEW.case_id, NEW.number, NEW.kind, NEW.payment_id, NEW.note, NEW.actor,
               NEW.at) IS DISTINCT FROM (OLD.id, OLD.environment_id, OLD.case_id, OLD.number, OLD.kind, OLD.payment_id,
               OLD.note, OLD.actor, OLD.at) THEN
          RAISE EXCEPTION 'a step changes once, by its answer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_dunningstep_answered_once';
        END IF;
        RETURN NEW;
        """,
    )
