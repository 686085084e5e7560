"""Whoever works on the database, the log's tables only grow, and whoever opens them is noticed."""

import psycopg.errors
import pytest

from audit import verification
from tests.session import Database

MERGE = "MERGE INTO audit_entry USING (SELECT id AS chosen FROM audit_entry LIMIT 1) picked ON id = chosen "
CHANGES = (
    "UPDATE audit_entry SET actor = 'me'",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_checkpoint",
    "TRUNCATE audit_seal",
    f"{MERGE} WHEN MATCHED THEN DELETE",
    f"{MERGE} WHEN MATCHED THEN UPDATE SET actor = 'me'",
)


@pytest.mark.slow
def test_whoever_asks_is_refused_while_the_triggers_stand(sealed_for_good: Database) -> None:
    with sealed_for_good.as_superuser() as admin:
        admin.execute("SELECT set_config('app.system_reason', 'test', false)")
        admin.execute("SET session_replication_role = replica")
        for role in ("perennial_app", "perennial_owner", "postgres"):
            admin.execute(f"SET ROLE {role}")
            for change in CHANGES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    admin.execute(change)
            for table in verification.GUARDED:
                assert admin.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
