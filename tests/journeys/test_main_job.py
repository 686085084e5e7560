"""The main job, over real HTTP, with a real worker and beat, and a clock that is moved."""

import json

import pytest

from local import tour
from local.story import Step, TourSettings
from tests.journeys.processes import Running

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


def shown(settings: TourSettings) -> list[Step]:
    steps: list[Step] = []
    result = tour.run(settings, steps.append)
    assert result.passed + result.failed == len(steps)
    return steps


def test_the_main_job_happens_from_registration_to_proof(house: Running) -> None:
    company = json.loads(house.load_demo())
    house.start_worker()
    house.start_web()
    house.start_beat()
    visits = {
        first_run: shown(
            TourSettings(
                base_url=house.url,
                api_key=company["api_key"],
                publishable_key=company["publishable_key"],
                operator_email=company["operator_email"],
                operator_password=company["operator_password"],
                mailbox_dir=house.mailbox,
                environment=house.environment,
                first_run=first_run,
            )
        )
        for first_run in (True, False)
    }
    assert [step for visit in visits.values() for step in visit if not step.ok] == []
    assert [step.name for step in visits[True][-3:]] == [
        "Every rule of the books holds", "Its history tells the revenue", "The audit log is whole",
    ]  # fmt: skip
    assert visits[False][0].detail.startswith("4 customers, 3 plans, subscriptions: 3 active, 1 canceled")


def test_loading_the_demo_company_again_changes_nothing_and_shows_no_secret(house: Running) -> None:
    first, again = json.loads(house.load_demo()), json.loads(house.load_demo())
    assert all(first.values())
    assert again == {
        "operator_email": first["operator_email"],
        "operator_password": None,
        "api_key": None,
        "publishable_key": None,
    }
