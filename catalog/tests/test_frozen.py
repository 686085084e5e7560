"""The database keeps a published version as it is, whoever writes."""

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import PlanVersion
from catalog.selectors import find_plan
from catalog.services import NewFeature
from catalog.tests.factories import make_plan

pytestmark = pytest.mark.django_db

FEATURE = (
    "INSERT INTO catalog_planfeature (id, environment_id, version_id, code, name, kind, value, limit_kind, reset) "
    "SELECT gen_random_uuid(), environment_id, id, 'new', 'New', 'boolean', '', 'hard', 'month' "
    "FROM catalog_planversion"
)
PRICE = (
    "INSERT INTO catalog_price (id, environment_id, version_id, name, kind, currency, model, unit_amount, tiers, "
    "charge_flat_at_zero, tax_code, interval, interval_count, billed, created_at) SELECT gen_random_uuid(), "
    "environment_id, id, 'New', 'fixed', 'USD', 'flat', 1, '[]', false, '', 'month', 1, 'advance', now() "
    "FROM catalog_planversion"
)
CHANGES = [
    "UPDATE catalog_planversion SET published_at = NULL",
    "UPDATE catalog_planversion SET number = 7",
    "DELETE FROM catalog_planversion",
    "UPDATE catalog_price SET unit_amount = 1",
    "DELETE FROM catalog_price",
    PRICE,
    "UPDATE catalog_planfeature SET value = 'x'",
    "DELETE FROM catalog_planfeature",
    FEATURE,
]


def run(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


@pytest.mark.parametrize("sql", CHANGES)
def test_a_published_version_refuses_every_change(sql: str) -> None:
    make_plan(features=[NewFeature(code="sso", name="SSO")])
    with pytest.raises(IntegrityError, match="a published plan is frozen"):
        run(sql)


@pytest.mark.parametrize("sql", [sql for sql in CHANGES if sql != "DELETE FROM catalog_planversion"])
def test_a_draft_can_be_changed(sql: str) -> None:
    make_plan(features=[NewFeature(code="sso", name="SSO")], publish=False)
    assert run(sql) == 1


def test_a_price_cannot_move_out_of_a_published_version() -> None:
    published, draft = make_plan(), make_plan(publish=False)
    price = published.versions.get().prices.get()
    with pytest.raises(IntegrityError, match="a published plan is frozen"), transaction.atomic():
        type(price).objects.filter(pk=price.pk).update(version=draft.versions.get())


def test_a_plan_has_one_draft_at_most() -> None:
    plan = make_plan(publish=False)
    with pytest.raises(IntegrityError, match="one_draft"), transaction.atomic():
        PlanVersion.objects.create(plan=plan, number=2, created_at=plan.created_at)


def test_plans_are_found_by_id_and_by_code() -> None:
    plan = make_plan(code="pro")
    by_code, by_id = find_plan("pro"), find_plan(plan.public_id)
    assert by_code == by_id
    assert by_code is not None
    assert by_code.id == plan.pk
    assert find_plan("nothing") is None
