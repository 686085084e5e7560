"""`/feature-flags` and a closed gate over HTTP."""

import pytest
from django.urls import path
from rest_framework.response import Response

from accounts.tests.api.clients import problem, with_key
from core import ids
from core.actor import SYSTEM
from core.http.views import Request, Resource, ok
from featureflags import services
from featureflags.api.gates import requires
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db


class Gated(Resource):
    scope = "gated"

    @requires("new_billing_flow")
    def list(self, request: Request) -> Response:
        return ok({"open": True})


urlpatterns = [path("gated", Gated.as_view({"get": "list"}))]


def test_the_flags_are_listed_with_their_source() -> None:
    services.set_override(name="advanced_analytics", is_on=True, actor=SYSTEM, now=NOW)
    shown = {one["name"]: one for one in with_key("read").get("/api/v1/feature-flags").json()["data"]}
    assert shown["advanced_analytics"] == {"name": "advanced_analytics", "enabled": True, "source": "override"}
    assert shown["plans_enabled"] == {"name": "plans_enabled", "enabled": True, "source": "default"}


def test_the_flags_are_listed_as_they_are_for_a_customer() -> None:
    ada = ids.encode("cus", ids.new())
    services.set_override(name="advanced_analytics", is_on=True, customers=[ada], actor=SYSTEM, now=NOW)

    def shown(**query: str) -> dict[str, bool]:
        answer = with_key("read").get("/api/v1/feature-flags", **query).json()["data"]
        return {one["name"]: one["enabled"] for one in answer}

    assert shown(customer=ada)["advanced_analytics"]
    assert not shown(customer=ids.encode("cus", ids.new()))["advanced_analytics"]
    assert not shown()["advanced_analytics"]


@pytest.mark.parametrize("customer", ["", "cus_1", "inv_01m7xyyty7ezfrteek07996xzr"])
def test_a_customer_is_named_by_his_id(customer: str) -> None:
    assert problem(with_key("read").get("/api/v1/feature-flags", customer=customer)) == (400, "invalid_parameter")


def test_the_list_needs_the_scope() -> None:
    assert problem(with_key("usage:read").get("/api/v1/feature-flags")) == (403, "missing_scope")


@pytest.mark.urls(__name__)
def test_a_closed_gate_is_a_503_and_opens_at_once() -> None:
    client = with_key()
    closed = client.get("/gated")
    assert problem(closed) == (503, "feature_unavailable")
    assert closed.json()["detail"] == "This feature is currently unavailable"
    assert closed.json()["feature_flag"] == "new_billing_flow"
    services.set_override(name="new_billing_flow", is_on=True, actor=SYSTEM, now=NOW)
    assert client.get("/gated").json() == {"open": True}
