"""What the database itself refuses about people and approvals, whoever writes the SQL."""

import pgtrigger

# The tenant's lock makes two owners who remove each other come one after the other.
_KEEPS_AN_OWNER = """
IF OLD.role = 'owner' AND (TG_OP = 'DELETE' OR NEW.role <> 'owner' OR NEW.tenant_id <> OLD.tenant_id) THEN
  PERFORM 1 FROM core_tenant WHERE id = OLD.tenant_id FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM accounts_membership m
                 WHERE m.tenant_id = OLD.tenant_id AND m.role = 'owner' AND m.id <> OLD.id) THEN
    RAISE EXCEPTION 'a tenant keeps at least one owner'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_membership_last_owner';
  END IF;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
"""


def keeps_an_owner() -> pgtrigger.Trigger:
    """This function will return the trigger that refuses to take a tenant's last owner away."""
    return pgtrigger.Trigger(
        name="keeps_an_owner", operation=pgtrigger.Update | pgtrigger.Delete, when=pgtrigger.Before,
        func=_KEEPS_AN_OWNER,
    )  # fmt: skip
