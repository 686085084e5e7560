"""The console shows plans; drafts can be edited there, and buttons call the verbs."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from catalog.models import AddOn, Plan, PlanVersion
from catalog.services import NewFeature
from catalog.shapes import AMOUNTS
from catalog.tests.factories import by_percentage, make_addon, make_plan, monthly, tiered
from usage.tests.factories import make_meter

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


def test_a_plan_is_changed_by_verbs_only(operator: Client) -> None:
    plan = make_plan(name="Team")
    path = f"plan/{plan.pk}/change/"
    assert 'name="_save"' not in page(operator, path)
    assert operator.post(f"/admin/catalog/{path}", {"name": "Mine", "code": "mine"}).status_code == 403
    plan.refresh_from_db()
    assert plan.name == "Team"


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


@pytest.mark.parametrize("text", ["Base 4242 4242 4242 4242", "Base sk_live_51H8abcdefghijklmnopqrstuvwx"])
def test_a_draft_keeps_no_card_number_and_no_credential(operator: Client, text: str) -> None:
    version = make_plan(monthly("20"), publish=False).versions.get()
    path = f"/admin/catalog/planversion/{version.pk}/change/"
    feature = {"features-TOTAL_FORMS": 1, "features-0-code": "sso", "features-0-kind": "static"}
    feature |= {"features-0-name": "SSO", "features-0-id": "", "features-0-version": version.pk}
    for typed in ({"prices-0-name": text}, feature | {"features-0-value": text}):
        response = operator.post(path, forms(version, "25") | typed)
        assert "never stored" in response.content.decode()
    version.refresh_from_db()
    assert list(version.prices.values_list("name", "unit_amount")) == [("Base fee", 20)]
    assert not version.features.exists()


def test_a_published_version_is_not_edited(operator: Client) -> None:
    version = make_plan(monthly("20")).versions.get()
    response = operator.post(f"/admin/catalog/planversion/{version.pk}/change/", forms(version, "25"))
    assert response.status_code == 403
    assert version.prices.get().unit_amount == 20


GRADUATED = "graduated: ≤10 @ 50, ≤20 @ 40, beyond @ 30; at least 5.00 USD"


def test_a_price_is_shown_as_a_formula(operator: Client) -> None:
    plan = make_plan(tiered(minimum_amount=Decimal(5)), by_percentage(make_meter("sum").pk), code="tiers")
    version = plan.versions.get()
    for path in ("price/?q=tiers", f"price/{version.prices.get(name='Tiers').pk}/change/"):
        assert GRADUATED in page(operator, path)
    assert GRADUATED in page(operator, f"planversion/{version.pk}/change/")
    shown = page(operator, f"plan/{plan.pk}/change/")
    assert f"Tiers – USD {GRADUATED}, every month" in shown
    assert "Share – 1.3 %, every month" in shown


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("of=published", {"Published"}),
        ("of=draft", {"Draft"}),
        ("of=addon", {"Add-on"}),
        ("model__exact=flat", {"Published", "Draft", "Add-on"}),
        ("q=support", {"Add-on"}),
    ],
)
def test_prices_are_filtered_and_searched(operator: Client, query: str, names: set[str]) -> None:
    make_plan(monthly(name="Published"))
    make_plan(monthly(name="Draft"), publish=False)
    make_addon(monthly(name="Add-on"), code="support")
    rows = operator.get(f"/admin/catalog/price/?{query}").context["cl"].result_list
    assert {row.name for row in rows} == names


def test_a_plan_s_prices_are_found_by_its_public_id(operator: Client) -> None:
    plan = make_plan(monthly(name="Mine"))
    make_plan(monthly(name="Other"))
    rows = operator.get("/admin/catalog/price/", {"q": plan.public_id}).context["cl"].result_list
    assert [row.name for row in rows] == ["Mine"]


def test_an_add_on_is_shown_and_archived_with_a_button(operator: Client) -> None:
    addon = make_addon(monthly("99", name="Setup fee", interval=None), code="setup", kind="one_off")
    assert "setup" in page(operator, "addon/?q=setup")
    shown = page(operator, f"addon/{addon.pk}/change/")
    assert "Setup fee" in shown
    assert "99.00 USD" in shown
    press(operator, f"addon/{addon.pk}/archive_addon/")
    assert AddOn.objects.get().archived_at is not None


def sent(version: PlanVersion, **changed: Any) -> dict[str, Any]:
    """What the page of a draft with one price sends, all of its fields, some of them changed."""
    whole: dict[str, Any] = dict.fromkeys(AMOUNTS, "")
    whole |= {"tiers": "[]", "package_rounding": "", "free_events": "", "tax_code": "", "meter": ""}
    shown = forms(version, "25") | {"prices-TOTAL_FORMS": 1}
    return shown | {f"prices-0-{name}": value for name, value in (whole | {"unit_amount": "25"} | changed).items()}


def test_a_draft_s_price_is_given_tiers(operator: Client) -> None:
    version = make_plan(monthly("20"), publish=False).versions.get()
    steps = '[{"up_to": "10", "unit_amount": "0.50"}, {"up_to": null, "unit_amount": 1, "flat_amount": "2"}]'
    changed = sent(version, model="volume", unit_amount="", tiers=steps, maximum_amount="9")
    response = operator.post(f"/admin/catalog/planversion/{version.pk}/change/", changed)
    assert response.status_code == 302, response.content.decode()
    price = version.prices.get()
    assert (price.model, price.unit_amount, price.maximum_amount) == ("volume", None, 9)
    assert price.tiers == [
        {"up_to": "10", "unit_amount": "0.5", "flat_amount": "0"},
        {"up_to": None, "unit_amount": "1", "flat_amount": "2"},
    ]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"model": "volume", "unit_amount": ""}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": '[{"up_to": "10"}]'}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": '[{"up_to": null, "unit_amount": 0.1}]'}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": '[{"up_to": null, "unit_amount": "x"}]'}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": '[{"upto": null}]'}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": "[1]"}, "tiers"),
        ({"model": "volume", "unit_amount": "", "tiers": "{}x"}, "tiers"),
        ({"model": "package"}, "package_size"),
        ({"package_rounding": "up"}, "package_rounding"),
        ({"unit_amount": "-1"}, "unit_amount"),
        ({"unit_amount": "0.0000000000001"}, "unit_amount"),
        ({"minimum_amount": "2", "maximum_amount": "1"}, "maximum_amount"),
        ({"currency": "XXX"}, "currency"),
        ({"kind": "usage", "billed": "arrears"}, "meter"),
        ({"interval": ""}, "interval"),
    ],
)
def test_a_draft_s_price_that_contradicts_itself_is_not_stored(
    operator: Client, changed: dict[str, Any], field: str
) -> None:
    version = make_plan(monthly("20"), publish=False).versions.get()
    response = operator.post(f"/admin/catalog/planversion/{version.pk}/change/", sent(version, **changed))
    assert response.status_code == 200
    formset = response.context["inline_admin_formsets"][0].formset
    assert set(formset.errors[0]) == {field}
    assert version.prices.get().unit_amount == 20
