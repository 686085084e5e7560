"""The console's page of dunning: who is past due, what was tried, what comes next, and its buttons."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing import selectors, services
from billing.admin._dunning import recovered_and_lost
from billing.dunning import Policy
from billing.models import DunningCase, DunningPolicy, Invoice
from billing.services import change_dunning_policy
from billing.tests.dunning.builders import case_of, decline
from billing.tests.factories import line, settle
from core import clock
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db
PAGE = "/admin/billing/dunningcase/"


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def case() -> DunningCase:
    """An invoice that could not be collected."""
    return case_of(decline())


def press(client: Client, case: DunningCase, verb: str, **more: Any) -> str:
    answer = client.post(f"{PAGE}{case.pk}/{verb}/", {"reason": "he called", **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_who_owes_what_what_was_tried_and_what_comes(operator: Client, case: DunningCase) -> None:
    shown = operator.get(PAGE).content.decode()
    for text in (case.customer.email, "10.00 USD", "0 of 4 retries · no payment method", "Retry on ", "access until "):
        assert text in shown
    assert case.invoice.number in operator.get(f"{PAGE}?q={case.invoice.number}").content.decode()
    assert case.customer.email not in operator.get(f"{PAGE}?state__exact=recovered").content.decode()


def test_beside_each_invoice_stands_what_its_customer_owes_altogether(operator: Client) -> None:
    """Of what is still open, and of nobody else; for as many queries as for one row."""
    first = decline(lines=[line(1000)])
    with CaptureQueriesContext(connection) as for_one:
        assert owed(operator) == ["10.00 USD"]
    customer = case_of(first).customer_id
    decline(lines=[line(2500)], customer_id=customer)
    decline(lines=[line(400)])
    both = "35.00 USD on 2 invoices"
    with CaptureQueriesContext(connection) as for_many:
        assert sorted(owed(operator)) == [both, both, "4.00 USD"]
    assert len(for_many) == len(for_one)
    assert owed(operator, o="2") == ["4.00 USD", both, both]
    settle(first)
    assert sorted(owed(operator)) == ["25.00 USD", "25.00 USD", "4.00 USD"]


def owed(operator: Client, **query: str) -> list[str]:
    """The column of what customers owe, from the top."""
    page = operator.get(PAGE, query).context["cl"]
    return [page.model_admin.owed(row) for row in page.result_list]


def test_open_cases_stand_first_and_the_first_column_leads_to_the_case(operator: Client, case: DunningCase) -> None:
    later = case_of(decline())
    services.write_off_dunning(dunning_id=later.pk, reason="gone", actor=SYSTEM, now=clock.now())
    answer = operator.get(PAGE)
    assert [row.pk for row in answer.context["cl"].result_list] == [case.pk, later.pk]
    shown = answer.content.decode().partition('id="result_list"')[2]
    first = shown[shown.index("field-case") : shown.index("field-customer_row")]
    assert f'href="{PAGE}{case.pk}/change/' in first
    assert case.invoice.number in first


def test_the_page_shows_each_step(operator: Client, case: DunningCase) -> None:
    shown = operator.get(f"{PAGE}{case.pk}/change/").content.decode()
    assert "What was tried" in shown
    assert "Declined" in shown


def test_it_is_tried_again(operator: Client, case: DunningCase) -> None:
    assert "is being tried again" in press(operator, case, "retry")
    assert case.steps.get(kind="operator").note == "he called"


def test_more_time_is_given(operator: Client, case: DunningCase) -> None:
    assert "has 4 days more" in press(operator, case, "extend", days="4")
    assert DunningCase.objects.get().shift_days == 4


def test_it_is_written_off(operator: Client, case: DunningCase) -> None:
    assert "is written off" in press(operator, case, "write_off")
    assert Invoice.objects.get().state == "uncollectible"
    assert "The dunning of this invoice is over" in press(operator, case, "write_off")


def test_without_a_reason_nothing_is_done(operator: Client, case: DunningCase) -> None:
    operator.post(f"{PAGE}{case.pk}/write_off/", {"reason": ""})
    assert DunningCase.objects.get().state == "open"


def test_a_policy_is_edited_by_the_verb(operator: Client, facts: Any) -> None:
    row = change_dunning_policy(policy=Policy(), actor=SYSTEM, now=clock.now())
    form = {"days": "3,4", "grace_days": "9", "end_action": "pause", "notifies": "on"}
    address = f"/admin/billing/dunningpolicy/{row.pk}/change/"
    assert operator.post(address, form).status_code == 302
    changed = DunningPolicy.objects.get().policy
    assert (changed.days, changed.grace_days, changed.end_action) == ((3, 4), 9, "pause")
    assert facts().count("billing.dunning_policy_changed") == 2
    refused = operator.post(address, form | {"days": "0"})
    assert refused.status_code == 200
    assert DunningPolicy.objects.get().policy == changed


def test_what_was_recovered_and_lost_is_drawn_by_month() -> None:
    settle(decline(), now=clock.now())
    settle(decline(), now=clock.now())
    decline()
    lost = case_of(decline())
    DunningCase.objects.filter(pk=lost.pk).update(
        state="exhausted", closed_at=clock.now(), closed_minor=1000, next_attempt_at=None
    )
    [figures] = selectors.list_recoveries()
    assert (figures.currency, figures.recovered_minor, figures.lost_minor) == ("USD", 2000, 1000)
    [chart] = recovered_and_lost()
    assert [(bar.value, bar.text, bar.tone) for bar in chart.bars] == [(2000, "20.00", "good"), (1000, "10.00", "bad")]
    # The month and what it says have a line each, so that they fit under a bar.
    assert [bar.label.splitlines()[1] for bar in chart.bars] == ["recovered", "lost"]
