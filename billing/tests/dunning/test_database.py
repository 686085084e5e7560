"""What the database itself refuses about dunning, whoever writes the SQL."""

from datetime import UTC, datetime
from itertools import product

import pytest
from django.db import DatabaseError, transaction

from billing.models import DunningCase, DunningStep
from billing.tests.dunning.builders import case_of, decline
from core import clock

pytestmark = pytest.mark.django_db
State = DunningCase.State
# The same in every process that collects these tests.
LONG_AGO, SOMETIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
PAIRS = [(old, new) for old, new in product(State.values, repeat=2) if old != new]


@pytest.fixture
def case() -> DunningCase:
    """An invoice that could not be collected."""
    return case_of(decline())


def move(case: DunningCase, state: str) -> None:
    """Write a state as nobody in the house would."""
    is_open = state == State.OPEN
    DunningCase.objects.filter(pk=case.pk).update(
        state=state, closed_at=None if is_open else clock.now(), closed_minor=None if is_open else 0,
        next_attempt_at=None,
    )  # fmt: skip


def refused(case: DunningCase, **values: object) -> bool:
    """Whether the database refuses a change and the row stays as it was."""
    before = DunningCase.objects.filter(pk=case.pk).values().get()
    try:
        with transaction.atomic():
            DunningCase.objects.filter(pk=case.pk).update(**values)
    except DatabaseError:
        return bool(DunningCase.objects.filter(pk=case.pk).values().get() == before)
    return False


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_states_move_as_the_table_says(case: DunningCase, old: str, new: str) -> None:
    ways: dict[str, list[str]] = {"open": [], "written_off": ["written_off"]}
    for state in ways.get(old, [old]):
        move(case, state)
    if new in DunningCase.TRANSITIONS[old]:
        move(case, new)
        assert DunningCase.objects.get().state == new
        return
    with pytest.raises(DatabaseError), transaction.atomic():
        move(case, new)
    assert DunningCase.objects.get().state == old


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 5}, {"days": [1]}, {"grace_days": 1}, {"end_action": "leave"}, {"amount_minor": 1},
        {"reference": "sub_x"}, {"plan": "pln_x"}, {"writes_off": True}, {"closed_at": SOMETIME},
        {"state": "recovered"}, {"is_hard": True}, {"ends_at": SOMETIME}, {"end_action": "explode"},
        {"grace_until": LONG_AGO}, {"first_failure_at": LONG_AGO},
    ],
    ids=str,
)  # fmt: skip
def test_a_case_keeps_its_terms_and_its_sense(case: DunningCase, values: dict[str, object]) -> None:
    assert refused(case, **values)


def test_an_invoice_has_one_case(case: DunningCase) -> None:
    case.pk, case._state.adding = None, True
    with pytest.raises(DatabaseError), transaction.atomic():
        case.save(force_insert=True)
    assert DunningCase.objects.count() == 1


def test_a_case_begins_open(case: DunningCase) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        case.pk, case._state.adding, case.invoice_id = None, True, decline().id
        case.close(State.STOPPED, minor=0, at=clock.now())
        case.save(force_insert=True)


@pytest.mark.parametrize(
    "values",
    [{"outcome": "succeeded"}, {"code": "other"}, {"kind": "scheduled"}, {"note": "x"}, {"answered_at": SOMETIME}],
    ids=str,
)
def test_a_step_that_has_its_answer_never_changes(case: DunningCase, values: dict[str, object]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        DunningStep.objects.update(**values)
    assert (DunningStep.objects.get().outcome, DunningStep.objects.get().code) == ("failed", "no_payment_method")


def test_nothing_is_deleted(case: DunningCase) -> None:
    for rows in (DunningStep.objects.all(), DunningCase.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows._raw_delete(rows.db)
    assert (DunningCase.objects.count(), DunningStep.objects.count()) == (1, 1)
