"""How invoices are numbered is decided before the first number, by the service and by its command."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from billing import internal, services
from billing.models import NumberSeries
from billing.numbering import NumberFormatInvalid
from billing.tests.factories import AT, issue
from core import ids
from core.actor import SYSTEM
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def configure(pattern: str, reset: str) -> None:
    services.configure_numbering(pattern=pattern, reset=reset, actor=SYSTEM, now=AT)


def test_a_monthly_series_starts_again_each_month(facts: Callable[[], list[str]]) -> None:
    configure("R{yyyy}-{mm}/{seq:03}", "monthly")
    assert facts() == ["billing.numbering_configured"]
    months = [datetime(2026, month, 20, tzinfo=UTC) for month in (1, 1, 2)]
    assert [issue(now=month).number for month in months] == ["R2026-01/001", "R2026-01/002", "R2026-02/001"]


def test_a_yearly_series_starts_again_each_year() -> None:
    configure("{yyyy}-{seq}", "yearly")
    years = [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) for year in (2026, 2027)]
    assert [issue(now=year).number for year in years] == ["2026-1", "2027-1"]


def test_it_may_be_decided_anew_until_the_first_number() -> None:
    configure("A{seq}", "never")
    configure("B{seq}", "never")
    assert issue().number == "B1"


def test_after_the_first_number_nothing_changes(facts: Callable[[], list[str]]) -> None:
    issue()
    before = facts()
    with pytest.raises(internal.NumberingInUse):
        configure("{yyyy}-{seq}", "yearly")
    assert (NumberSeries.objects.get().reset, facts()) == ("never", before)


def test_a_pattern_that_would_repeat_a_number_is_refused() -> None:
    with pytest.raises(NumberFormatInvalid):
        configure("INV-{seq}", "monthly")
    assert not NumberSeries.objects.exists()


def test_the_command_configures_an_environment(environment: Scope, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("configure_numbering", ids.encode("env", environment.environment_id), "{yyyy}-{seq}", reset="yearly")
    assert capsys.readouterr().out == "invoice: {yyyy}-{seq}, reset yearly\n"


def test_the_command_configures_credit_notes_too(environment: Scope, capsys: pytest.CaptureFixture[str]) -> None:
    public_id = ids.encode("env", environment.environment_id)
    call_command("configure_numbering", public_id, "G{yyyy}-{seq}", reset="yearly", series="credit_note")
    assert capsys.readouterr().out == "credit_note: G{yyyy}-{seq}, reset yearly\n"
    assert issue().number == "INV-202601-00001"


def test_the_command_says_why_it_cannot_be(environment: Scope) -> None:
    with pytest.raises(CommandError, match="number format"):
        call_command("configure_numbering", ids.encode("env", environment.environment_id), "{seq", reset="never")
    with pytest.raises(CommandError, match="no such resource"):
        call_command("configure_numbering", "env_1", "{seq}")
