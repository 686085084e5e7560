"""The console's page of features."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import create_operator
from core import ids, tenancy
from core.actor import SYSTEM
from core.models import scope_of
from core.tenancy import PLATFORM_ID, Scope
from featureflags import services
from featureflags.models import FlagOverride
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db

SET = "admin:featureflags_flagoverride_set_flag"


@pytest.fixture
def console() -> Client:
    """An operator who is logged in."""
    client = Client()
    client.force_login(create_operator("op@example.com", "correct horse battery staple", now=NOW))
    return client


def decision(environment: Scope, **changes: Any) -> dict[str, Any]:
    return {
        "environment": str(environment.environment_id), "name": "new_billing_flow", "state": "on", "percentage": "",
        "customers": "", "note": "the pilot begins", **changes,
    }  # fmt: skip


def test_an_operator_decides_about_a_feature(console: Client, environment: Scope) -> None:
    assert b"new_billing_flow" in console.get(reverse(SET)).content
    assert console.post(reverse(SET), decision(environment)).status_code == 302
    row = FlagOverride.objects.get()
    assert (row.name, row.is_on, row.note) == ("new_billing_flow", True, "the pilot begins")
    assert row.set_by.startswith("operator:usr_")
    assert b"new_billing_flow" in console.get(reverse("admin:featureflags_flagoverride_changelist")).content


def test_an_operator_decides_everywhere_for_a_tenant(console: Client, environment: Scope) -> None:
    tenant = ids.encode("tnt", environment.tenant_id)
    sent = decision(environment, tenants=tenant) | {"environment": str(PLATFORM_ID)}
    assert b"Everywhere" in console.get(reverse(SET)).content
    assert console.post(reverse(SET), sent).status_code == 302
    assert services.is_on("new_billing_flow")
    with tenancy.scope(scope_of(PLATFORM_ID)):
        assert FlagOverride.objects.get().tenants == [tenant]


def test_the_page_shows_what_holds_where(console: Client, environment: Scope) -> None:
    services.set_override(name="night_mode", is_on=True, percentage=50, actor=SYSTEM, now=NOW)
    page = console.get(reverse("admin:featureflags_flagoverride_changelist"))
    rows = dict(page.context["matrix"].rows)
    assert [flag.source for flag in rows["subscriptions_enabled"]] == ["default", "default"]
    by_environment = dict(zip(page.context["matrix"].environments, rows["night_mode"], strict=True))
    assert [flag.override is not None for flag in by_environment.values()] == [False, True]
    assert b"50 % of the customers" in page.content


def test_a_decision_without_a_reason_is_none(console: Client, environment: Scope) -> None:
    assert console.post(reverse(SET), decision(environment, note="")).status_code == 200
    assert not FlagOverride.objects.exists()


def test_a_decision_is_turned_and_cleared_with_buttons(console: Client, environment: Scope) -> None:
    row = services.set_override(name="new_billing_flow", is_on=True, percentage=50, actor=SYSTEM, now=NOW)
    page = reverse("admin:featureflags_flagoverride_change", args=[row.pk])
    assert console.get(page).status_code == 200
    for verb, state in (("turn_off", False), ("turn_on", True)):
        url = reverse(f"admin:featureflags_flagoverride_{verb}", args=[row.pk])
        assert console.post(url, {"reason": "because"}).status_code == 302
        row = FlagOverride.objects.get()
        assert (row.is_on, row.percentage) == (state, 50)
    console.post(reverse("admin:featureflags_flagoverride_clear", args=[row.pk]), {"reason": "done with it"})
    assert not FlagOverride.objects.exists()


def test_who_may_only_look_decides_nothing(environment: Scope) -> None:
    user = create_operator("viewer@example.com", "correct horse battery staple", now=NOW)
    type(user).objects.filter(pk=user.pk).update(is_superuser=False)
    client = Client()
    client.force_login(type(user).objects.get(pk=user.pk))
    assert client.post(reverse(SET), decision(environment)).status_code in (302, 403)
    assert not FlagOverride.objects.exists()
