"""A gift redeemed without its code: only by whom has proved that the invited address is his."""

import re
from typing import Any

import pytest
from django.core import mail

from accounts import services as accounts
from accounts.models import Customer
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import make_customer, register
from core.actor import SYSTEM
from gifts.models import Gift
from gifts.tests.factories import FRIEND, NOW, buy, mailed_codes, reread
from subscriptions.models import Subscription
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

REDEEM = "/api/v1/gifts/redeem"


@pytest.fixture(autouse=True)
def frozen(freeze: Any) -> None:
    freeze(NOW)


@pytest.fixture
def gift(run_jobs: Any) -> Gift:
    """A gift that lies with its recipient, who has been written to."""
    bought = buy()
    run_jobs()
    return reread(bought)


def friend(email: str = FRIEND) -> tuple[Customer, Api]:
    """A customer who has registered with an address and not proved it, and his client."""
    customer, tokens = register(email)
    return customer, with_token(tokens.access_token)


def prove(run_jobs: Any) -> None:
    """Follow the links that were mailed to whoever registered."""
    run_jobs()
    letters = [str(one.body) for one in mail.outbox if "your address" in one.subject]
    links = [token for letter in letters for token in re.findall(r"#token=(\S+)", letter)]
    assert links
    for token in links:
        assert with_key(type="publishable").post("/api/v1/auth/verify-email", {"token": token}).status_code == 204


def assert_untouched(gift: Gift) -> None:
    row = reread(gift)
    assert (row.status, row.redeemed_at, row.redeemed_by_id, row.subscription) == ("delivered", None, None, "")
    assert not Subscription.objects.exists()


def test_whoever_only_says_that_the_address_is_his_is_refused(gift: Gift, facts: Any) -> None:
    _, client = friend()
    told = facts()
    assert problem(client.post(REDEEM, {"gift_id": gift.public_id})) == (404, "gift_not_redeemable")
    assert_untouched(gift)
    assert facts() == told


def test_once_he_has_followed_the_link_it_is_his(gift: Gift, run_jobs: Any) -> None:
    customer, client = friend()
    asked = {"gift_id": gift.public_id}
    assert client.post(REDEEM, asked).status_code == 404
    prove(run_jobs)
    redeemed = client.post(REDEEM, asked)
    assert (redeemed.status_code, redeemed.json()["status"]) == (200, "redeemed")
    assert redeemed.json()["redeemed_by"] == customer.public_id
    assert Subscription.objects.get().customer_id == customer.pk


def test_the_address_is_the_same_however_it_is_written(gift: Gift, run_jobs: Any) -> None:
    _, client = friend(FRIEND.upper())
    prove(run_jobs)
    assert client.post(REDEEM, {"gift_id": gift.public_id}).status_code == 200


def test_another_proved_address_gets_the_same_answer_as_one_that_is_not_proved(gift: Gift, run_jobs: Any) -> None:
    _, stranger = friend("stranger@example.com")
    prove(run_jobs)
    _, unproved = friend()
    answers = [client.post(REDEEM, {"gift_id": gift.public_id}).json() for client in (stranger, unproved)]
    assert {answer.pop("request_id") for answer in answers}
    assert answers[0] == answers[1]
    assert_untouched(gift)


def test_who_changes_to_the_invited_address_has_to_prove_it_anew(gift: Gift, run_jobs: Any) -> None:
    customer, client = friend("stranger@example.com")
    prove(run_jobs)
    accounts.update_customer(customer_id=customer.pk, changes={"email": FRIEND}, actor=SYSTEM, now=NOW)
    assert problem(client.post(REDEEM, {"gift_id": gift.public_id})) == (404, "gift_not_redeemable")
    assert_untouched(gift)


def test_the_code_needs_no_address_at_all(gift: Gift) -> None:
    _, client = friend("stranger@example.com")
    redeemed = client.post(REDEEM, {"code": mailed_codes()[0]})
    assert (redeemed.status_code, redeemed.json()["status"]) == (200, "redeemed")


def test_a_companys_backend_vouches_for_whom_it_names_but_not_for_another_address(gift: Gift, api: Api) -> None:
    named, other = make_customer(email=FRIEND, now=NOW), make_customer(now=NOW)
    asked = {"gift_id": gift.public_id}
    assert problem(api.post(REDEEM, asked | {"customer": other.public_id})) == (404, "gift_not_redeemable")
    assert_untouched(gift)
    assert api.post(REDEEM, asked | {"customer": named.public_id}).status_code == 200
