"""What operators decide about features, and who beats them."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from core import errors, ids, tenancy
from core.actor import Actor
from core.models import scope_of
from core.tenancy import Scope
from core.tenancy.system import system_scope
from featureflags import selectors, services
from featureflags.models import FlagOverride

pytestmark = pytest.mark.django_db

Decide = Callable[..., FlagOverride]
Configure = Callable[..., None]


@pytest.fixture(autouse=True)
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Set variables of the process environment, which is otherwise read once."""

    def setenv(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        selectors.configured.cache_clear()

    setenv()
    yield setenv
    monkeypatch.undo()
    selectors.configured.cache_clear()


@pytest.fixture
def decide(actor: Actor, now: datetime) -> Decide:
    def set_override(name: str = "new_billing_flow", *, is_on: bool = True, **narrowed: object) -> FlagOverride:
        return services.set_override(name=name, is_on=is_on, actor=actor, now=now, **narrowed)

    return set_override


def test_a_decision_holds_at_once_and_is_said(decide: Decide, facts: Callable[[], list[str]]) -> None:
    assert not services.is_on("new_billing_flow")
    decide()
    assert services.is_on("new_billing_flow")
    decide(is_on=False)
    assert not services.is_on("new_billing_flow")
    assert facts() == ["feature_flag.overridden", "feature_flag.overridden"]


def test_a_decision_taken_back_leaves_the_default(
    decide: Decide, facts: Callable[[], list[str]], actor: Actor, now: datetime
) -> None:
    decide("subscriptions_enabled", is_on=False)
    services.clear_override(name="subscriptions_enabled", reason="all is well", actor=actor, now=now)
    assert services.is_on("subscriptions_enabled")
    assert facts()[-1] == "feature_flag.cleared"
    with pytest.raises(errors.NotFound):
        services.clear_override(name="subscriptions_enabled", actor=actor, now=now)


def test_a_decision_holds_in_its_environment(decide: Decide, live_environment: Scope) -> None:
    decide()
    with tenancy.scope(live_environment):
        assert not services.is_on("new_billing_flow")


def test_a_variable_and_the_document_beat_a_decision(decide: Decide, configure: Configure) -> None:
    decide()
    configure(FF_NEW_BILLING_FLOW="off")
    assert not services.is_on("new_billing_flow")
    configure(FF_NEW_BILLING_FLOW="perhaps", FEATURE_FLAGS='{"new_billing_flow": false}')
    assert not services.is_on("new_billing_flow")
    configure(FEATURE_FLAGS='{"new_billing_flow": "no"}')
    assert services.is_on("new_billing_flow")


def test_the_callers_default_is_for_unknown_features(decide: Decide) -> None:
    assert services.is_on("teleport", default=True)
    assert not services.is_on("teleport")
    assert not services.is_on("new_billing_flow", default=True)


def test_a_decision_about_some_customers_is_about_them_only(decide: Decide) -> None:
    ada, bob = ids.new(), ids.new()
    decide(customers=[ids.encode("cus", ada)])
    assert services.is_on("new_billing_flow", customer_id=ada)
    assert not services.is_on("new_billing_flow", customer_id=bob)
    assert not services.is_on("new_billing_flow")


def test_a_share_of_the_customers_is_always_the_same_share(decide: Decide) -> None:
    customers = [ids.new() for _ in range(300)]
    decide(percentage=30)
    few = {one for one in customers if services.is_on("new_billing_flow", customer_id=one)}
    decide(percentage=60)
    many = {one for one in customers if services.is_on("new_billing_flow", customer_id=one)}
    assert few < many
    assert 45 <= len(few) <= 135 <= len(many) <= 225


@pytest.mark.parametrize("wrong", [{"name": "Teleport"}, {"name": ""}, {"percentage": 101}, {"percentage": -1}])
def test_a_decision_of_another_form_is_refused(decide: Decide, wrong: dict[str, object]) -> None:
    with pytest.raises(services.OverrideRefused):
        decide(**wrong)
    assert not FlagOverride.objects.exists()


def test_the_database_keeps_one_decision_per_feature_with_a_percentage(decide: Decide) -> None:
    row = decide()
    with pytest.raises(IntegrityError), transaction.atomic():
        FlagOverride.objects.filter(pk=row.pk).update(percentage=101)
    row.pk = ids.new()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.fixture
def everywhere() -> Scope:
    """The platform's environment, whose decisions hold everywhere."""
    return scope_of(tenancy.PLATFORM_ID)


def test_a_decision_of_the_platform_holds_everywhere(
    decide: Decide, everywhere: Scope, live_environment: Scope
) -> None:
    with tenancy.scope(everywhere):
        decide()
    assert services.is_on("new_billing_flow")
    with tenancy.scope(live_environment):
        assert services.is_on("new_billing_flow")


def test_an_environments_own_decision_beats_the_platforms(
    decide: Decide, everywhere: Scope, live_environment: Scope
) -> None:
    with tenancy.scope(everywhere):
        decide()
    ada = ids.new()
    decide(is_on=False, customers=[ids.encode("cus", ada)])
    assert not services.is_on("new_billing_flow", customer_id=ada)
    # About everybody else the environment has decided nothing.
    assert services.is_on("new_billing_flow")
    with tenancy.scope(live_environment):
        assert services.is_on("new_billing_flow")


def test_a_decision_of_the_platform_is_about_the_named_tenants(
    decide: Decide, everywhere: Scope, environment: Scope
) -> None:
    with tenancy.scope(everywhere):
        decide(tenants=[ids.encode("tnt", ids.new())])
    assert not services.is_on("new_billing_flow")
    with tenancy.scope(everywhere):
        decide(tenants=[ids.encode("tnt", environment.tenant_id)])
    assert services.is_on("new_billing_flow")


def test_an_environment_names_no_tenants(decide: Decide) -> None:
    with pytest.raises(services.OverrideRefused):
        decide(tenants=[ids.encode("tnt", ids.new())])
    assert not FlagOverride.objects.exists()
    row = decide()
    with pytest.raises(IntegrityError), transaction.atomic():
        FlagOverride.objects.filter(pk=row.pk).update(tenants=["tnt_other"])


def test_across_environments_nobody_has_decided(decide: Decide) -> None:
    decide("plans_enabled", is_on=False)
    with system_scope("test: no single environment"):
        assert services.is_on("plans_enabled")


def test_the_list_says_who_decided(decide: Decide, configure: Configure) -> None:
    decide()
    configure(FF_TELEPORT="yes", FEATURE_FLAGS='{"plans_enabled": false}')
    shown = {flag.name: (flag.is_on, flag.source) for flag in selectors.list_flags()}
    assert shown.items() >= {
        "new_billing_flow": (True, "override"), "plans_enabled": (False, "document"), "teleport": (True, "variable"),
        "subscriptions_enabled": (True, "default"), "advanced_analytics": (False, "default"),
    }.items()  # fmt: skip


GATES = {
    "one": (services.requires("new_billing_flow"), {"feature_flag": "new_billing_flow"}),
    "one unknown": (services.requires("teleport", default=False), {"feature_flag": "teleport"}),
    "all": (
        services.requires_all("plans_enabled", "new_billing_flow", "advanced_analytics"),
        {"missing_flag": "new_billing_flow"},
    ),
    "any": (
        services.requires_any("new_billing_flow", "advanced_analytics"),
        {"required_flags": ["new_billing_flow", "advanced_analytics"]},
    ),
}


@pytest.mark.parametrize(("gate", "members"), GATES.values(), ids=GATES.keys())
def test_a_closed_gate_names_what_is_off(gate: services.Gate, members: dict[str, object]) -> None:
    with pytest.raises(services.FeatureUnavailable) as caught:
        gate.check()
    assert caught.value.members == members
    assert caught.value.detail == "This feature is currently unavailable"


def test_an_open_gate_lets_pass(decide: Decide) -> None:
    decide()
    services.requires("new_billing_flow").check()
    services.requires("teleport", default=True).check()
    services.requires_all("plans_enabled", "new_billing_flow").check()
    services.requires_any("advanced_analytics", "new_billing_flow").check()


def test_a_handler_behind_a_gate_asks_for_its_customer(decide: Decide) -> None:
    ada = ids.new()
    decide(customers=[ids.encode("cus", ada)])

    @services.requires("new_billing_flow")
    def handler(view: object, request: object) -> str:
        return "answered"

    class Request:
        user = Actor(type="customer", id="cus_ada", customer_id=ada)

    class Strangers:
        user = Actor(type="key", id="key_x")

    assert handler(None, Request) == "answered"
    with pytest.raises(services.FeatureUnavailable):
        handler(None, Strangers)
