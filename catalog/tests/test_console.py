"""The console shows plans; drafts can be edited there, and buttons call the verbs."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from catalog.models import Plan, PlanVersion
from catalog.services import NewFeature
from catalog.tests.factories import make_plan, monthly

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/catalog/{path}")
    assert response.status_code == 200
    return str(response.content.decode())


def press(client: Client, path: str) -> None:
    asked = client.get(f"/admin/catalog/{path}")
    assert asked.status_code == 200
    assert client.post(f"/admin/catalog/{path}", {"reason": "because"}).status_code == 302


def test_a_plan_is_shown_with_its_versions_and_prices(operator: Client) -> None:
    plan = make_plan(monthly("20", name="Team fee"), code="team", features=[NewFeature(code="sso", name="SSO")])
    version = plan.versions.get()
    assert "team" in page(operator, "plan/?q=team")
    assert "team" in page(operator, f"plan/{plan.pk}/change/")
    shown = page(operator, f"planversion/{version.pk}/change/")
    assert "Team fee" in shown
    assert "sso" in shown
    assert "Team fee" in page(operator, "price/?q=team")
    assert "1" in page(operator, "planversion/?q=team")


def test_a_draft_is_published_with_a_button(operator: Client) -> None:
    version = make_plan(publish=False).versions.get()
    press(operator, f"planversion/{version.pk}/publish_version/")
    version.refresh_from_db()
    assert version.is_published


def test_a_plan_is_revised_and_archived_with_buttons(operator: Client) -> None:
    plan = make_plan()
    press(operator, f"plan/{plan.pk}/revise_plan/")
    assert PlanVersion.objects.drafts().get().number == 2
    press(operator, f"plan/{plan.pk}/archive_plan/")
    assert Plan.objects.get().archived_at is not None


def forms(version: PlanVersion, amount: str) -> dict[str, Any]:
    """What the page of a draft with one price sends, with a second price added."""
    price = version.prices.get()
    shared = {"kind": "fixed", "model": "flat", "currency": "USD", "interval": "month", "interval_count": 1}
    rows = [
        {
            **shared,
            "id": price.pk,
            "version": version.pk,
            "name": price.name,
            "unit_amount": amount,
            "billed": "advance",
        },
        {**shared, "id": "", "version": version.pk, "name": "Support", "unit_amount": "5", "billed": "advance"},
    ]
    sent: dict[str, Any] = {"features-TOTAL_FORMS": 0, "features-INITIAL_FORMS": 0}
    sent |= {"prices-TOTAL_FORMS": 2, "prices-INITIAL_FORMS": 1}
    return sent | {f"prices-{at}-{name}": value for at, row in enumerate(rows) for name, value in row.items()}


def test_a_draft_s_prices_are_edited(operator: Client) -> None:
    version = make_plan(monthly("20"), publish=False).versions.get()
    response = operator.post(f"/admin/catalog/planversion/{version.pk}/change/", forms(version, "25"))
    assert response.status_code == 302, response.content.decode()
    amounts = version.prices.order_by("id").values_list("name", "unit_amount", "environment_id")
    assert list(amounts) == [("Base fee", 25, version.environment_id), ("Support", 5, version.environment_id)]


def test_a_published_version_is_not_edited(operator: Client) -> None:
    version = make_plan(monthly("20")).versions.get()
    response = operator.post(f"/admin/catalog/planversion/{version.pk}/change/", forms(version, "25"))
    assert response.status_code == 403
    assert version.prices.get().unit_amount == 20
