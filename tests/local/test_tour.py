"""How the tour tries, counts and waits. What its steps show is tried on the whole house, in tests/journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.client import Client, Refused
from local.receiver import Receiver
from local.story import Step, TourResult, TourSettings
from local.tour.stage import Act, Stage, Wrong, await_, expect, money, play


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    settings = TourSettings(
        base_url="http://127.0.0.1:1",
        api_key="sk_1",
        publishable_key="pk_1",
        operator_email="",
        operator_password="",
        mailbox_dir=tmp_path,
    )
    with Receiver().listening() as receiver:
        yield Stage(settings=settings, api=Client(settings.base_url, settings.api_key), receiver=receiver)


def shown(stage: Stage, *acts: Act) -> tuple[TourResult, list[Step]]:
    steps: list[Step] = []
    return play(acts, stage, steps.append), steps


def right(stage: Stage) -> str:
    return f"key {stage.keep('thing', 'thing_1')}"


def wrong(_: Stage) -> str:
    raise Wrong("it is open")


def dependent(stage: Stage) -> str:
    return str(stage.recall("missing"))


def refused(_: Stage) -> str:
    raise Refused("POST /customers", 409, {"code": "email_taken", "title": "Taken."})


def unreachable(stage: Stage) -> str:
    return str(stage.api.get("/plans"))


def misread(_: Stage) -> str:
    empty: dict[str, str] = {}
    return empty["id"]


def test_a_step_that_goes_wrong_stops_no_other(stage: Stage) -> None:
    result, steps = shown(stage, ("one", wrong), ("two", right))
    assert result == TourResult(passed=1, failed=1)
    assert steps == [Step("one", "it is open", ok=False), Step("two", "key thing_1")]


def test_a_step_whose_ground_is_missing_says_so(stage: Stage) -> None:
    _, (step,) = shown(stage, ("one", dependent))
    assert step == Step("one", "not tried: missing is missing", ok=False)


def test_a_refusal_is_shown_with_its_code(stage: Stage) -> None:
    _, (step,) = shown(stage, ("one", refused))
    assert step == Step("one", "POST /customers: 409 email_taken: Taken.", ok=False)


def test_a_house_that_does_not_answer_fails_the_step(stage: Stage) -> None:
    result, (step,) = shown(stage, ("one", unreachable))
    assert result == TourResult(passed=0, failed=1)
    assert not step.ok


def test_an_answer_of_another_shape_fails_the_step(stage: Stage) -> None:
    _, (step,) = shown(stage, ("one", misread))
    assert step == Step("one", "unexpected answer: KeyError 'id'", ok=False)


def test_what_is_expected_passes_and_what_is_not_is_told() -> None:
    expect([1], "never said")
    with pytest.raises(Wrong, match="nothing came"):
        expect([], "nothing came")


def test_waiting_ends_with_what_was_found() -> None:
    looks: Iterator[object] = iter([None, [], "there"])
    assert await_(lambda: next(looks), "something") == "there"


def test_waiting_ends_when_patience_does() -> None:
    with pytest.raises(Wrong, match="the worker answers: not within 0 s"):
        await_(lambda: None, "the worker answers", seconds=0)


def test_people_of_two_tours_do_not_share_an_address(stage: Stage) -> None:
    other = Stage(settings=stage.settings, api=stage.api, receiver=stage.receiver)
    assert stage.email_of("ada") != other.email_of("ada")
    assert stage.email_of("ada") == stage.email_of("ada")


@pytest.mark.parametrize(
    ("minor", "written"), [(1000, "10.00 USD"), (5, "0.05 USD"), (0, "0.00 USD"), (-2550, "-25.50 USD")]
)
def test_amounts_are_written_with_two_decimals(minor: int, written: str) -> None:
    assert money(minor, "USD") == written
