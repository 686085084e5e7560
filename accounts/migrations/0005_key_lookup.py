from django.db import migrations

# Who asks is found before any environment is known: the function alone sees all environments, and only for one key.
# One statement then does what took a transaction of four.
KEY_OF = """
CREATE FUNCTION accounts_key_of(wanted text) RETURNS TABLE (
  id uuid, type text, hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz,
  last_used_at timestamptz, environment_id uuid, tenant_id uuid, kind text, clock_at timestamptz
) LANGUAGE plpgsql AS $key_of$
DECLARE
  reason_before CONSTANT text := COALESCE(current_setting('app.system_reason', true), '');
BEGIN
  PERFORM set_config('app.system_reason', 'accounts: whose key is this', true);
  RETURN QUERY
    SELECT k.id, k.type::text, k.hash, k.scopes::text[], k.expires_at, k.revoked_at, k.last_used_at,
           e.id, e.tenant_id, e.kind::text, e.clock_at
      FROM accounts_apikey k JOIN core_environment e ON e.id = k.environment_id
     WHERE k.lookup = wanted;
  PERFORM set_config('app.system_reason', reason_before, true);
END $key_of$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_approvals'),
    ]

    operations = [
        migrations.RunSQL(KEY_OF, "DROP FUNCTION accounts_key_of(text)"),
    ]
