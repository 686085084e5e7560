"""What the database's catalogue tells of tables that somebody could change unseen."""

import pytest

from audit import verification

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("ALTER TABLE audit_entry DISABLE TRIGGER append_only_rows", "trigger_missing"),
        ("ALTER TABLE audit_seal ENABLE TRIGGER append_only_table", "trigger_missing"),
        ("DROP TRIGGER append_only_rows ON audit_checkpoint", "trigger_missing"),
        (
            "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
            "trigger_missing",
        ),
        ("GRANT UPDATE ON audit_entry TO perennial_app", "unguarded"),
        ("GRANT TRUNCATE ON audit_seal TO perennial_app", "unguarded"),
        ("ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY", "unguarded"),
        ("ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY", "unguarded"),
    ],
)
def test_a_table_that_somebody_opened_is_found(owner_sql, sql, kind):
    assert list(verification.unguarded()) == []

    owner_sql(sql)
    assert {found.kind for found in verification.verify()} == {kind}


def test_an_application_that_owns_its_log_is_found(settings):
    settings.DATABASE_APP_ROLE = "perennial_owner"

    assert {(found.chain, found.detail) for found in verification.unguarded()} == {
        (table, "the application owns it") for table in verification.GUARDED
    }
