"""What the log records, and what it notices."""

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audit import chain, internal, services, verification
from audit.models import Entry, Seal
from core import invariants
from core.http.refusals import denied
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db


def breaks() -> list[str]:
    return [found.kind for found in verification.verify()]


def verified(*flags: str, **options: object) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", *flags, **options)
    return int(str(ended.value))


@pytest.fixture
def three(actor, now) -> list[Entry]:
    for note in ("one", "two", "three"):
        send_test_fact(note=note, actor=actor, now=now)
    internal.seal()
    return list(Entry.objects.order_by("seal__sequence"))


def test_every_fact_has_a_signed_entry(three):
    assert [entry.action for entry in three] == ["outbox.tested"] * 3
    assert [entry.seal.sequence for entry in three] == [1, 2, 3]
    assert breaks() == []


def test_secrets_are_redacted_before_they_are_signed(environment):
    services.record(action="test", target="", actor="key:key_1", meta={"password": "hunter2", "note": "fine"})

    assert json.loads(Entry.objects.get().text)["meta"] == {"password": "[REDACTED]", "note": "fine"}


def test_a_rolled_back_action_leaves_no_entry(actor, now):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send_test_fact(note="x", actor=actor, now=now)
        raise ZeroDivisionError

    assert not Entry.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'me'", "DELETE FROM audit_entry",
                                       "UPDATE audit_seal SET sequence = 9", "DELETE FROM audit_seal"])  # fmt: skip
def test_the_log_only_grows(three, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_log_cannot_be_emptied_by_the_application(three):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_entry CASCADE")


def test_the_chains_link_is_the_published_one(three):
    previous = chain.GENESIS
    for entry in three:
        text = chain.sealed(entry.text, entry.seal.sequence)
        assert bytes(entry.seal.mac) == chain.link(b"insecure-local-audit-secret-of-32-bytes", previous, text)
        previous = bytes(entry.seal.mac)


def test_sealing_again_changes_nothing(three):
    assert internal.seal() == 0
    assert Seal.objects.count() == 3


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE audit_entry SET text = replace(text, 'two', 'six') WHERE id = %s", "edited"),
        ("UPDATE audit_entry SET outcome = 'denied' WHERE id = %s", "edited"),
        ("UPDATE audit_entry SET key_id = 'k9' WHERE id = %s", "unknown_kid"),
        ("DELETE FROM audit_seal WHERE entry_id = %s", "deleted"),
    ],
)
def test_whatever_is_done_to_an_entry_is_found(three, owner_sql, sql, kind):
    owner_sql(sql, [three[1].id], off=["audit_entry", "audit_seal"])

    (found,) = verification.verify()
    assert (found.kind, found.sequence) == (kind, 2)


def test_a_chain_whose_end_was_cut_off_is_found(three, owner_sql):
    owner_sql("DELETE FROM audit_seal WHERE sequence = 3", off=["audit_seal"])
    assert breaks() == ["truncated"]


def test_an_entry_that_was_hidden_from_the_sealer_is_found(three, actor, now, owner_sql):
    send_test_fact(note="four", actor=actor, now=now)
    owner_sql("DELETE FROM audit_unsealed")
    assert breaks() == ["deleted"]


def test_a_fact_whose_entry_is_gone_is_found(three, actor, now, owner_sql):
    send_test_fact(note="four", actor=actor, now=now)
    owner_sql("DELETE FROM audit_unsealed")
    owner_sql("DELETE FROM audit_entry WHERE text LIKE '%%four%%'", [], off=["audit_entry"])

    assert breaks() == ["deleted"]
    assert invariants.broken("audit.every_fact_is_recorded")


def test_switched_off_triggers_are_found(three, owner_sql):
    owner_sql("ALTER TABLE audit_entry DISABLE TRIGGER append_only_rows")
    assert breaks() == ["trigger_missing"]


def test_the_command_names_what_is_broken_and_fails(three, owner_sql, capsys):
    assert verified() == 0
    assert "whole" in capsys.readouterr().out

    owner_sql("DELETE FROM audit_seal WHERE sequence = 2", off=["audit_seal"])
    assert verified() == 1
    assert "at 2: deleted" in capsys.readouterr().out
    assert verified("--json", chain=services.chain_name()) == 1
    assert json.loads(capsys.readouterr().out)[0]["kind"] == "deleted"


def test_the_command_says_when_it_could_not_run(three, tmp_path, capsys):
    (tmp_path / "anchors").write_text("{no json")

    assert verified(chain="e:env_nobody") == 2
    assert verified(anchors=tmp_path / "anchors") == 2
    assert verified(anchors=tmp_path / "missing") == 2
    assert capsys.readouterr().err.count("could not be verified") == 3


def test_a_place_that_was_verified_is_not_verified_again(three, owner_sql):
    owner_sql("UPDATE audit_entry SET outcome = 'denied' WHERE id = %s", [three[1].id], off=["audit_entry"])

    assert verified(since=2) == 0
    assert verified(since=1) == 1


def test_a_refused_credential_is_recorded_with_the_platform(environment):
    denied.send(sender=None, actor_label="anonymous:anonymous", code="unauthenticated", status=401, environment_id=None)
    with system_scope("test"):
        entry = Entry.objects.get(action="request.denied")

    assert (entry.environment_id, entry.outcome) == (PLATFORM_ID, "denied")


def test_an_entry_that_is_never_sealed_is_reported(three, owner_sql):
    owner_sql("DELETE FROM audit_seal", off=["audit_seal"])
    owner_sql("UPDATE audit_entry SET at = at - interval '1 hour'", off=["audit_entry"])
    assert len(invariants.broken("audit.sealed_in_time")) == 3
