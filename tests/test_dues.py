"""What falls due next in an environment, told by one statement for all duties."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Min
from django.test.utils import CaptureQueriesContext

from core import tenancy
from core.tenancy import Scope
from core.tenancy.system import system_scope
from jobs.dues import next_of_duties, statement_of
from jobs.internal import look_for_due, unwritten
from jobs.registry import duties
from subscriptions.tests.factories import free_plan, make_customer, make_plan, monthly, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def frozen(freeze: Callable[[datetime], None], now: datetime) -> None:
    """The clock stands still."""
    freeze(now)


def one_by_one() -> dict[str, datetime]:
    """The same, asked duty by duty in the environment itself."""
    found = {duty.kind: unwritten(duty).aggregate(at=Min(duty.at))["at"] for duty in duties()}
    return {kind: at for kind, at in found.items() if at is not None}


def test_it_tells_of_every_duty_what_each_tells_alone(now: datetime, environment: Scope) -> None:
    assert next_of_duties(environment.environment_id) == {} == one_by_one()
    row = subscribe(make_customer(), free_plan())
    trying = subscribe(make_customer(), make_plan(monthly("20"), trial_days=14))
    found = next_of_duties(environment.environment_id)
    assert found == one_by_one()
    assert (found["subscriptions.renew"], found["subscriptions.convert_trial"]) == (row.renews_at, trying.trial_ends_at)


def test_what_has_its_job_is_not_told_again(
    now: datetime, environment: Scope, freeze: Callable[[datetime], None]
) -> None:
    row = subscribe(make_customer(), free_plan())
    freeze(now + timedelta(days=31))
    assert look_for_due(environment.environment_id, kinds=["subscriptions.convert_trial"]) == 0
    assert next_of_duties(environment.environment_id)["subscriptions.renew"] == row.renews_at
    assert look_for_due(environment.environment_id, kinds=["subscriptions.renew"]) == 1
    assert next_of_duties(environment.environment_id) == one_by_one()
    assert "subscriptions.renew" not in one_by_one()


def test_another_environment_s_rows_are_its_own(environment: Scope, live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        subscribe(make_customer(), free_plan())
    assert next_of_duties(environment.environment_id) == {}
    assert "subscriptions.renew" in next_of_duties(live_environment.environment_id)


def test_it_is_one_statement(environment: Scope) -> None:
    from_cache = next_of_duties(environment.environment_id)
    with CaptureQueriesContext(connection) as asked:
        assert next_of_duties(environment.environment_id) == from_cache
    assert len([one for one in asked.captured_queries if "UNION ALL" in one["sql"]]) == 1
    assert not [one for one in asked.captured_queries if "UNION ALL" not in one["sql"] and "SELECT min" in one["sql"]]


def test_what_falls_due_is_not_chosen_by_the_clock(now: datetime, freeze: Callable[[datetime], None]) -> None:
    """The statement is written once: a duty whose rows asked for the time would go on with the first one's."""
    told = []
    for at in (now, now + timedelta(days=400)):
        freeze(at)
        with system_scope("test: what duties ask for"):
            told.append([statement_of(duty) for duty in duties()])
    assert told[0] == told[1]
