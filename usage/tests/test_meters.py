"""Meters: made once per code, archived once, found by either name."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from core import errors, ids, problems
from core.actor import SYSTEM
from usage import selectors, services
from usage.models import MeterArchived, MeterCodeTaken
from usage.services._meters import UniquePropertyUnused
from usage.tests.factories import NOW, make_meter

pytestmark = pytest.mark.django_db


def test_a_meter_is_made_and_archived_with_one_fact_each(facts: Callable[[], list[str]]) -> None:
    meter = make_meter(filters={"region": ["us", "eu", "us"]})
    assert meter.filters == {"region": ["eu", "us"]}
    services.archive_meter(meter_id=meter.id, actor=SYSTEM, now=NOW)
    with pytest.raises(MeterArchived):
        services.archive_meter(meter_id=meter.id, actor=SYSTEM, now=NOW)
    assert facts() == ["meter.created", "meter.archived"]


def test_a_code_belongs_to_one_meter() -> None:
    make_meter(code="calls")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        make_meter(code="calls")
    assert isinstance(problems.as_refusal(refused.value), MeterCodeTaken)


def test_a_unique_property_needs_a_meter_that_counts_distinct_values() -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        make_meter(unique_property="user")
    assert isinstance(problems.as_refusal(refused.value), UniquePropertyUnused)


def test_a_meter_that_is_not_there_is_not_archived() -> None:
    with pytest.raises(errors.NotFound):
        services.archive_meter(meter_id=ids.new(), actor=SYSTEM, now=NOW)


def test_a_meter_is_found_by_code_and_by_id() -> None:
    meter = make_meter(code="calls")
    found = [selectors.find_meter(name) for name in ("calls", meter.public_id, meter.id, "nothing", ids.new())]
    assert [one and one.id for one in found] == [meter.id, meter.id, meter.id, None, None]


def test_what_does_not_exist_cannot_be_measured() -> None:
    with pytest.raises(errors.NotFound):
        selectors.measure(meter_id=ids.new(), customer_id=ids.new(), starts_at=NOW, ends_at=NOW.replace(month=2))
