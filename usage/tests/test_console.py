"""The console's pages of usage."""

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_customer
from core.actor import SYSTEM
from usage import services
from usage.admin import UsageCounterAdmin
from usage.models import UsageCounter
from usage.tests.factories import NOW, event, grant, make_meter, record


@pytest.mark.parametrize(
    ("used", "limit", "shown"), [(40, 50, 'value="40"></meter> 40 / 50'), (0, 0, "0 / 0"), (7, None, "no hard limit")],
)  # fmt: skip
def test_a_counter_shows_how_much_of_the_limit_is_used(used: int, limit: int | None, shown: str) -> None:
    page = UsageCounterAdmin(UsageCounter, site)
    counter = UsageCounter(environment_id=None, used=used, hard_limit=limit)
    assert page.shown_share(counter).endswith(shown)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["meter", "usageevent", "entitlement", "usagecounter"])
def test_the_pages_open_and_find(admin_client: Client, page: str) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    services.use_feature(customer_id=customer.id, feature="calls", delta=40, actor=SYSTEM, now=NOW)
    record(event(make_meter(code="calls"), customer, id="calls"))
    listed = admin_client.get(f"/admin/usage/{page}/", {"q": "calls"})
    assert listed.status_code == 200
    (row,) = listed.context["cl"].result_list
    assert admin_client.get(f"/admin/usage/{page}/{row.pk}/change/").status_code == 200


@pytest.mark.django_db
def test_a_button_archives_a_meter(admin_client: Client) -> None:
    meter = make_meter()
    page = reverse("admin:usage_meter_archive", args=[meter.pk])
    assert admin_client.post(page, {"reason": "no longer sold"}).status_code == 302
    meter.refresh_from_db()
    assert meter.archived_at is not None
