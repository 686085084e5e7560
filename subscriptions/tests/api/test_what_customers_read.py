"""What a customer's token reads of his subscriptions and payments: nothing that the seller wrote for himself."""

from typing import Any

import pytest

from accounts.tests.factories import make_key
from core import clock
from core.actor import SYSTEM, Actor
from payments.models import Payment
from payments.services import refund_or_ask
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.services import Wanted
from subscriptions.tests.api.test_own_subscriptions import OWN, Person, decide, person
from subscriptions.tests.factories import attach_card, make_plan, monthly, subscribe
from tests.fixtures import Api, do_all_jobs

__all__ = ["person"]
pytestmark = pytest.mark.django_db
OPERATOR = Actor(type="operator", id="usr_boss", scopes=frozenset({"read", "write"}))
SECRET = "SUSPECTED FRAUD, see ticket 42"
ALL = "/api/v1/subscriptions"


@pytest.fixture
def paid(person: Person) -> Subscription:
    """Another subscription of his, worth 20.00 a month."""
    attach_card(person.row.customer)
    row = subscribe(person.row.customer, make_plan(monthly("20"), family="his"), now=clock.now())
    do_all_jobs()
    return row


@pytest.fixture
def key(environment: Any) -> Api:
    """Who acts for the seller."""
    return Api(make_key())


def about(row: Subscription) -> dict[str, Any]:
    return {"subscription_id": row.pk, "actor": OPERATOR, "now": clock.now()}


def read(api: Api, path: str) -> tuple[Any, str]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json(), answer.content.decode()


def test_history_tells_him_nothing_of_the_sellers(person: Person, paid: Subscription) -> None:
    services.pause_subscription(**about(paid), reason=SECRET)
    services.resume_subscription(**about(paid))
    services.cancel_subscription(**about(paid), reason="other", comment=SECRET)
    page, text = read(person.api, f"{ALL}/{paid.public_id}/events")
    for word in ("FRAUD", "usr_boss", "operator", "system", "mrr"):
        assert word not in text
    lines = {line["type"]: line for line in page["data"]}
    assert {line["actor"] for line in page["data"]} == {"seller"}
    assert (lines["paused"]["reason"], lines["paused"]["old_status"], lines["paused"]["new_status"]) == (
        "", "active", "paused",
    )  # fmt: skip
    assert lines["cancellation_scheduled"]["reason"] == "other"
    assert "cancel_at" in {one["field"] for one in lines["cancellation_scheduled"]["changes"]}


def test_history_tells_him_what_he_did_and_said(person: Person, paid: Subscription) -> None:
    decide(customer_verbs=["cancel", "pause", "resume"])
    path = f"{OWN}/{paid.public_id}"
    person.api.post(f"{path}/pause", {"reason": "a holiday"})
    person.api.post(f"{path}/resume")
    person.api.post(f"{path}/cancel", {"reason": "unused", "comment": "I found another."})
    page, _ = read(person.api, f"{ALL}/{paid.public_id}/events")
    lines = {line["type"]: line for line in page["data"]}
    told = [(lines[kind]["actor"], lines[kind]["reason"]) for kind in ("paused", "cancellation_scheduled", "created")]
    assert told == [("you", "a holiday"), ("you", "unused"), ("seller", "")]
    assert lines["cancellation_scheduled"]["comment"] == "I found another."


def test_a_text_that_the_worker_repeats_stays_the_sellers(person: Person, paid: Subscription, freeze: Any) -> None:
    services.pause_subscription(**about(paid), at="period_end", reason=SECRET)
    freeze(paid.period.ends_at)
    do_all_jobs()
    page, text = read(person.api, f"{ALL}/{paid.public_id}/events")
    assert page["data"][0]["new_status"] == "paused"
    assert "FRAUD" not in text


def test_keys_read_all_of_it(key: Api, paid: Subscription) -> None:
    services.pause_subscription(**about(paid), reason=SECRET)
    page, _ = read(key, f"{ALL}/{paid.public_id}/events")
    line = page["data"][0]
    assert (line["actor"], line["reason"], line["mrr_minor"]) == (OPERATOR.label, SECRET, 0)


@pytest.mark.parametrize("path", [OWN, ALL, f"{ALL}/{{id}}"])
def test_his_subscription_keeps_the_sellers_comment_back(
    person: Person, paid: Subscription, key: Api, path: str
) -> None:
    services.cancel_subscription(**about(paid), reason="other", comment=SECRET)
    page, text = read(person.api, path.format(id=paid.public_id))
    assert "FRAUD" not in text
    [shown] = [one for one in page.get("data", [page]) if one["id"] == paid.public_id]
    assert (shown["reason"], shown["comment"]) == ("other", "")
    assert read(key, f"{ALL}/{paid.public_id}")[0]["comment"] == SECRET


def test_his_own_comment_is_his(person: Person, paid: Subscription) -> None:
    person.post("cancel", {"reason": "unused", "comment": "I found another."}, row=paid)
    assert read(person.api, f"{ALL}/{paid.public_id}")[0]["comment"] == "I found another."


@pytest.mark.parametrize("base", [OWN, ALL])
def test_scheduled_changes_name_nobody(person: Person, paid: Subscription, key: Api, base: str) -> None:
    change = services.schedule_change(**about(paid), wanted=Wanted(quantity=4))
    path = f"{base}/{paid.public_id}/schedule"
    assert read(person.api, path)[0]["data"][0]["created_by"] == "seller"
    services.withdraw_change(change_id=change.pk, reason=SECRET, actor=OPERATOR, now=clock.now())
    page, text = read(person.api, path)
    assert "usr_boss" not in text
    assert (page["data"][0]["state"], page["data"][0]["reason"]) == ("withdrawn", "")
    kept = read(key, f"{ALL}/{paid.public_id}/schedule")[0]["data"][0]
    assert (kept["created_by"], kept["reason"]) == (OPERATOR.label, SECRET)


def test_what_he_schedules_is_his(person: Person, paid: Subscription) -> None:
    answer = person.api.post(f"{OWN}/{paid.public_id}/change", {"quantity": 3, "at": "period_end"}).json()
    assert answer["change"]["created_by"] == "you"


@pytest.mark.parametrize("path", ["/api/v1/payments", "/api/v1/payments/{id}", "/api/v1/payments/history"])
def test_why_money_went_back_is_the_sellers(person: Person, paid: Subscription, key: Api, path: str) -> None:
    payment = Payment.objects.get(status="succeeded")
    refund_or_ask(payment_id=payment.pk, amount_minor=500, reason=SECRET, actor=SYSTEM, now=clock.now())
    page, text = read(person.api, path.format(id=payment.public_id))
    assert "FRAUD" not in text
    [refund] = page.get("data", [page])[0]["refunds"]
    assert (refund["amount_minor"], refund["reason"]) == (500, "")
    assert SECRET in read(key, f"/api/v1/payments/{payment.public_id}")[1]
