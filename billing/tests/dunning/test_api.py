"""`/dunning` and `/dunning-policy`."""

from typing import Any

import pytest

from billing.models import DunningCase, DunningPolicy, DunningStep, Invoice
from billing.tests.dunning.builders import case_of, decline
from catalog.tests.factories import make_plan
from payments.models import Payment

pytestmark = pytest.mark.django_db
PATH, POLICY, POLICIES = "/api/v1/dunning", "/api/v1/dunning-policy", "/api/v1/dunning-policies"
QUERIES = 6
WHY = {"reason": "he called"}
DEFAULT = {
    "plan": None, "is_own": False, "days": [2, 5, 7, 7], "grace_days": 21, "end_action": "cancel",
    "writes_off": False, "notifies": True,
}  # fmt: skip


@pytest.fixture
def case() -> DunningCase:
    """An invoice that could not be collected."""
    return case_of(decline())


def path_of(case: DunningCase, verb: str = "") -> str:
    return f"{PATH}/{case.public_id}{verb and '/'}{verb}"


def untouched(case: DunningCase) -> bool:
    """Whether a case is as it was."""
    now = DunningCase.objects.get(pk=case.pk)
    same = ("state", "next_attempt_at", "grace_until", "shift_days", "attempts", "tries_again")
    return all(getattr(now, name) == getattr(case, name) for name in same) and case.steps.count() == 1


def test_a_case_shows_what_is_due_what_was_tried_and_what_comes(api: Any, case: DunningCase) -> None:
    shown = api.get(path_of(case)).json()
    assert (shown["state"], shown["due_minor"], shown["attempts"], shown["days"]) == ("open", 1000, 0, [2, 5, 7, 7])
    assert shown["next_attempt_at"] == case.next_attempt_at.isoformat().replace("+00:00", "Z")
    [step] = shown["steps"]
    assert (step["kind"], step["outcome"], step["code"]) == ("declined", "failed", "no_payment_method")
    assert step["payment"] == Payment.objects.get().public_id
    assert api.get(PATH).json()["data"] == [shown]


def test_cases_are_filtered(api: Any, case: DunningCase) -> None:
    other = case_of(decline(currency="EUR"))
    Invoice.objects.filter(pk=other.invoice_id).update(last_failure_code="x")
    queries: list[tuple[dict[str, str], int]] = [
        ({"currency": "EUR"}, 1), ({"state": "open"}, 2), ({"state": "recovered"}, 0),
        ({"customer": api.get(path_of(case)).json()["customer"]}, 1),
        ({"invoice": api.get(path_of(case)).json()["invoice"]}, 1), ({"next_before": "2020-01-01T00:00:00Z"}, 0),
        ({"began_from": "2020-01-01T00:00:00Z"}, 2),
    ]  # fmt: skip
    assert [len(api.get(PATH, **query).json()["data"]) for query, _ in queries] == [n for _, n in queries]


def test_a_page_of_cases_takes_as_many_queries_as_one(
    api: Any, case: DunningCase, django_assert_num_queries: Any
) -> None:
    api.get(PATH)  # the first use of a key in a while is noted
    with django_assert_num_queries(QUERIES):
        api.get(PATH)
    for _ in range(4):
        decline()
    with django_assert_num_queries(QUERIES):
        assert len(api.get(PATH).json()["data"]) == 5


def test_it_is_tried_again_on_request(api: Any, case: DunningCase) -> None:
    answer = api.post(path_of(case, "retry"), WHY)
    assert answer.status_code == 202
    last = answer.json()["steps"][-1]
    assert (last["kind"], last["outcome"], last["note"]) == ("operator", "requested", "he called")
    assert answer.json()["next_attempt_at"] == api.get(path_of(case)).json()["next_attempt_at"]
    again = api.post(path_of(case, "retry"), WHY)
    assert (again.status_code, again.json()["code"]) == (409, "payment_under_way")
    assert Payment.objects.unsettled().count() == 1


def test_more_time_is_given(api: Any, case: DunningCase) -> None:
    before = api.get(path_of(case)).json()
    after = api.post(path_of(case, "extend"), WHY | {"days": 3}).json()
    assert (after["shift_days"], after["steps"][-1]["kind"]) == (3, "extended")
    assert after["next_attempt_at"] > before["next_attempt_at"]
    too_much = api.post(path_of(case, "extend"), WHY | {"days": 363})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "dunning_extension_invalid")
    assert DunningCase.objects.get().shift_days == 3


def test_it_is_written_off(api: Any, case: DunningCase) -> None:
    answer = api.post(path_of(case, "write-off"), WHY)
    assert (answer.json()["state"], answer.json()["closed_minor"]) == ("written_off", 1000)
    assert Invoice.objects.get().state == "uncollectible"
    for verb, body in (("retry", WHY), ("extend", WHY | {"days": 3}), ("write-off", WHY)):
        refused = api.post(path_of(case, verb), body)
        assert (refused.status_code, refused.json()["code"]) == (409, "dunning_closed")
    assert DunningStep.objects.count() == 2


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("retry", {}), ("retry", {"reason": ""}), ("extend", WHY), ("extend", {"days": 3}),
        ("extend", WHY | {"days": 0}),
        ("extend", WHY | {"days": 366}), ("write-off", {}), ("write-off", WHY | {"surprise": 1}),
    ],
)  # fmt: skip
def test_without_a_reason_nothing_is_done(api: Any, case: DunningCase, verb: str, body: dict[str, Any]) -> None:
    assert api.post(path_of(case, verb), body).status_code == 422
    assert untouched(case)


def test_a_stranger_sees_and_does_nothing(stranger_api: Any, case: DunningCase) -> None:
    assert stranger_api.get(PATH).json()["data"] == []
    assert stranger_api.get(path_of(case)).status_code == 404
    for verb, body in (("retry", WHY), ("extend", WHY | {"days": 3}), ("write-off", WHY)):
        assert stranger_api.post(path_of(case, verb), body).status_code == 404
    assert untouched(case)


def test_an_environment_decides_how_declines_are_followed_up(api: Any, facts: Any) -> None:
    assert api.get(POLICY).json() == DEFAULT
    changed = api.patch(POLICY, {"days": [1, 1], "end_action": "pause"}).json()
    assert changed == DEFAULT | {"is_own": True, "days": [1, 1], "end_action": "pause"}
    assert api.patch(POLICY, {"days": [1, 1]}).json() == changed
    assert facts().count("billing.dunning_policy_changed") == 1


def test_a_plan_has_its_own_policy_until_it_is_dropped(api: Any) -> None:
    plan = make_plan().public_id
    path = f"{POLICIES}/{plan}"
    api.patch(POLICY, {"grace_days": 5})
    assert api.get(path).json() == DEFAULT | {"plan": plan, "grace_days": 5}
    own = api.patch(path, {"days": []}).json()
    assert own == DEFAULT | {"plan": plan, "is_own": True, "grace_days": 5, "days": []}
    api.patch(POLICY, {"grace_days": 6})
    assert api.get(path).json() == own
    assert api.delete(path).status_code == 204
    assert api.get(path).json() == DEFAULT | {"plan": plan, "grace_days": 6}
    assert api.delete(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"days": [0]}, {"days": [61]}, {"days": [1] * 16}, {"days": "2"}, {"days": [True]}, {"grace_days": -1},
        {"grace_days": 366}, {"end_action": "explode"}, {"writes_off": "yes"}, {"surprise": 1},
    ],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(api: Any, change: dict[str, Any]) -> None:
    assert api.patch(POLICY, change).status_code == 422
    assert not DunningPolicy.objects.exists()


def test_the_policy_of_somebody_elses_plan_is_not_there(api: Any, stranger_api: Any) -> None:
    path = f"{POLICIES}/{make_plan().public_id}"
    api.patch(path, {"grace_days": 1})
    for answer in (stranger_api.get(path), stranger_api.patch(path, {"grace_days": 2}), stranger_api.delete(path)):
        assert answer.status_code == 404
    assert DunningPolicy.objects.get().grace_days == 1
