"""`manage.py migrate_plan`."""

import json
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Plan
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.management.commands.migrate_plan import Command
from subscriptions.models import Subscription, VersionMigration
from subscriptions.tests.factories import free_plan, make_customer, monthly, publish_prices, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]


@pytest.fixture
def plan() -> Plan:
    """A free plan with two subscribers and a second version that costs 20.00."""
    plan = free_plan()
    for name in ("Ada Lovelace", "Bob"):
        subscribe(make_customer(name=name), plan)
    publish_prices(plan, monthly("20.00"))
    return plan


def run(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("migrate_plan", "--environment", "sandbox", *arguments, stdout=out, **options)
    return out.getvalue()


def waiting_for(number: int) -> int:
    return Subscription.objects.filter(next_plan_version__number=number).count()


def test_a_dry_run_shows_who_pays_what_and_moves_nobody(plan: Plan) -> None:
    shown = run("--plan", plan.code, "--dry-run")
    assert "2 in USD: 0.00 USD → 40.00 USD per period, now 0.00 USD" in shown
    assert "to version 2" in shown
    assert (waiting_for(2), VersionMigration.objects.count()) == (0, 0)


def test_the_preview_is_also_one_document(plan: Plan) -> None:
    document = json.loads(run("--plan", plan.public_id, "--dry-run", "--json"))
    assert (document["to_number"], document["when"], len(document["lines"])) == (2, "renewal", 2)
    assert {line["name"] for line in document["lines"]} == {"Ada Lovelace", "Bob"}
    assert document["totals"][0]["after_minor"] == 4000


def test_it_moves_everybody(plan: Plan) -> None:
    shown = run("--plan", plan.code, "--yes")
    migration = VersionMigration.objects.get()
    assert f"{migration.public_id}: done; 2 of 2 moved, 0 failed, 0 left" in shown
    assert waiting_for(2) == 2


def test_it_moves_now_where_that_is_asked_for(plan: Plan) -> None:
    done = json.loads(run("--plan", plan.code, "--when", "now", "--proration", "invoice_now", "--yes", "--json"))
    assert (done["state"], done["done"]) == ("done", 2)
    assert Subscription.objects.filter(plan_version__number=2).count() == 2


@pytest.mark.parametrize(("answer", "moved"), [("n", 0), ("", 0), ("yes", 2)])
def test_it_asks_before_it_moves(plan: Plan, monkeypatch: pytest.MonkeyPatch, answer: str, moved: int) -> None:
    monkeypatch.setattr("builtins.input", lambda _: answer)
    run("--plan", plan.code)
    assert (waiting_for(2), VersionMigration.objects.count()) == (moved, int(bool(moved)))


def test_it_goes_on_with_what_was_stopped(plan: Plan, now: datetime) -> None:
    row = services.prepare_migration(plan_id=plan.pk, actor=SYSTEM, now=now)
    services.start_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    services.cancel_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    assert "done; 2 of 2 moved" in run("--resume", row.public_id)
    assert waiting_for(2) == 2


def test_a_worker_that_comes_later_finds_nothing_to_do(plan: Plan, run_jobs: Callable[[], int]) -> None:
    run("--plan", plan.code, "--yes")
    versions = list(Subscription.objects.order_by("id").values_list("version", flat=True))
    run_jobs()
    assert list(Subscription.objects.order_by("id").values_list("version", flat=True)) == versions


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "nonsense", "--yes"], "There is no plan nonsense."),
        (["--yes"], "--plan is needed."),
        (["--plan", "{plan}", "--json"], "--json needs"),
        (["--plan", "{plan}", "--to", "9", "--yes"], "no published version"),
        (["--plan", "{plan}", "--yes", "--tenant", "nobody"], "has no environment"),
        (["--resume", "vmg_nonsense"], "no such resource"),
        (["--plan", "{plan}", "--yes", "--key", "4242424242424242"], "which is never stored"),
    ],
)
def test_a_refusal_is_the_command_s_error(plan: Plan, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*(one.format(plan=plan.code) for one in arguments))
    assert not VersionMigration.objects.exists()


def test_the_same_command_again_starts_nothing_new(plan: Plan) -> None:
    run("--plan", plan.code, "--yes")
    migration = VersionMigration.objects.get()
    again = run("--plan", plan.code, "--yes")
    assert f"{migration.public_id}: done already" in again
    assert f"{migration.public_id}: done; 2 of 2 moved" in again
    assert (VersionMigration.objects.count(), waiting_for(2)) == (1, 2)


def test_the_same_command_again_finishes_what_it_had_left(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Command, "_move", lambda *_, **__: None)
        assert json.loads(run("--plan", plan.code, "--yes", "--json"))["done"] == 0
    assert json.loads(run("--plan", plan.code, "--yes", "--json"))["done"] == 2
    assert (VersionMigration.objects.count(), waiting_for(2)) == (1, 2)


def test_a_key_names_one_command_and_another_key_another(plan: Plan) -> None:
    run("--plan", plan.code, "--yes", "--key", "monday")
    assert "done already" in run("--plan", plan.code, "--yes", "--key", "monday")
    with pytest.raises(CommandError, match="was used for another request"):
        run("--plan", plan.code, "--when", "now", "--yes", "--key", "monday")
    assert VersionMigration.objects.count() == 1
    again = run("--plan", plan.code, "--yes", "--key", "tuesday")
    assert "done already" not in again
    assert (VersionMigration.objects.count(), waiting_for(2)) == (2, 2)
