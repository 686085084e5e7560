"""`manage.py advance_clock`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core import ids, tenancy
from core.models import Environment
from jobs.models import Job
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("advance_clock", *arguments, stdout=out)
    return out.getvalue()


def sandbox() -> Environment:
    return Environment.objects.get(pk=tenancy.environment_id())


def test_it_moves_the_clock_and_tells_how_far_it_is(freeze, now):
    freeze(now)
    enqueue("test.clock", payload={"name": "half way"}, key="a", run_at=now + timedelta(days=15))
    shown = run("sandbox", "--by", "30d")
    assert sandbox().clock_at == now + timedelta(days=30)
    assert shown.splitlines()[-1] == "2026-02-14 12:00 100 %"
    assert [one["name"] for one in kinds.done] == ["half way"]


@pytest.mark.parametrize(("span", "expected"), [("2w", "2026-01-29"), ("13m", "2027-02-15"), ("1y", "2027-01-15")])
def test_spans_are_counted_on_the_calendar(freeze, now, span, expected):
    freeze(now)
    run(ids.encode("env", tenancy.environment_id()), "--by", span)
    assert f"{sandbox().clock_at:%Y-%m-%d}" == expected


def test_it_goes_to_an_instant_in_any_zone(freeze, now):
    freeze(now)
    run("sandbox", "--to", "2026-02-01T00:00:00+02:00")
    assert sandbox().clock_at.isoformat() == "2026-01-31T22:00:00+00:00"


@pytest.mark.parametrize(
    "arguments",
    [
        ("sandbox", "--by", "0d"), ("sandbox", "--by", "soon"), ("sandbox", "--to", "tomorrow"),
        ("sandbox", "--to", "2026-02-01T00:00:00"), ("nowhere", "--by", "1d"),
        ("sandbox", "--tenant", "x", "--by", "1d"),
        ("sandbox", "--to", "2026-01-15T11:59:59Z"), ("live", "--by", "1d"), ("sandbox",),
        ("sandbox", "--by", "1d", "--to", "2026-02-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_moves_nothing(freeze, now, arguments, facts):
    freeze(now)
    with pytest.raises(CommandError):
        run(*arguments)
    assert (sandbox().clock_at, sandbox().advancing_to) == (now, None)
    assert not Environment.objects.filter(kind="live").exclude(clock_at=None).exists()
    assert (facts(), Job.objects.count()) == ([], 0)
