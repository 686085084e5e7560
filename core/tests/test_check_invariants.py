"""`manage.py check_invariants`."""

import json

import pytest
from django.core.management import call_command

from core import invariants

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_rule(monkeypatch):
    monkeypatch.setattr(invariants, "_rules", dict(invariants._rules))
    invariants.rule("test.never", "there are no tenants", "SELECT id::text, id AS environment_id FROM core_tenant")


def test_a_healthy_house_passes(environment, capsys):
    call_command("check_invariants")
    out = capsys.readouterr().out
    assert "BROKEN" not in out
    assert f"{len(invariants.rules())} rules hold, 0 broken" in out


def test_a_broken_rule_is_named_with_its_rows(broken_rule, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("check_invariants")
    assert stopped.value.code == 1
    assert "BROKEN  test.never: there are no tenants" in capsys.readouterr().out


def test_machines_read_json(broken_rule, capsys):
    with pytest.raises(SystemExit):
        call_command("check_invariants", "--json")
    found = json.loads(capsys.readouterr().out)
    assert len(found["test.never"]) == 2
    assert found["jobs.nothing_stuck"] == []


def test_a_code_belongs_to_one_rule(broken_rule):
    with pytest.raises(ValueError, match="twice"):
        invariants.rule("test.never", "again", "SELECT 1")
