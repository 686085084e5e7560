"""What falls due next in an environment, told by one statement for all duties."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import tenancy
from core.tenancy import Scope
from core.tenancy.system import system_scope
from jobs.dues import due_query, next_of_duties, statement_of
from jobs.internal import due_key, look_for_due
from jobs.models import Job
from jobs.registry import duties
from subscriptions.tests.factories import free_plan, make_customer, make_plan, monthly, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def frozen(freeze: Callable[[datetime], None], now: datetime) -> None:
    """The clock stands still."""
    freeze(now)


def one_by_one() -> dict[str, datetime]:
    """The same, asked duty by duty in the environment itself, and key by key."""
    found = {duty.kind: [row for row in duty.rows().values_list("pk", duty.at) if row[1]] for duty in duties()}
    keys = {(kind, key) for kind, key in Job.objects.values_list("kind", "key")}
    left = {kind: [at for pk, at in rows if (kind, due_key(pk, at)) not in keys] for kind, rows in found.items()}
    return {kind: min(instants) for kind, instants in left.items() if instants}


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


def test_a_job_is_looked_up_by_its_whole_key(
    now: datetime, freeze: Callable[[datetime], None], owner_sql: Callable[..., list[Any]]
) -> None:
    """By kind alone, every due row is held against every job of it: the look took minutes beside a long backlog."""
    subscribe(make_customer(), free_plan())
    freeze(now + timedelta(days=31))
    look_for_due(kinds=["subscriptions.renew"])
    owner_sql(
        "INSERT INTO jobs_job SELECT (jsonb_populate_record(job, jsonb_build_object("
        "  'id', gen_random_uuid(), 'key', number))).* FROM jobs_job job, generate_series(1, 3000) number"
    )
    owner_sql("ANALYZE jobs_job")
    duty = next(duty for duty in duties() if duty.kind == "subscriptions.renew")
    with system_scope("test: how a job is looked up"), connection.cursor() as cursor:
        for way in ("hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        text, values = due_query(duty, None)
        cursor.execute(f"EXPLAIN {text}", values)
        plan = [line.strip() for (line,) in cursor.fetchall()]
    condition = plan[next(number for number, line in enumerate(plan) if "on jobs_job job" in line) + 1]
    assert (condition.partition(":")[0], "key = " in condition) == ("Index Cond", True), plan
