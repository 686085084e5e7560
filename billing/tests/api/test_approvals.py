"""Credit notes and promotions above the limit of one person, over HTTP and at the console."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import internal as expiring
from accounts import services as accounts
from accounts.models import Approval
from accounts.tests.api.clients import problem, with_key, with_member
from accounts.tests.factories import PASSWORD, make_customer
from billing import services
from billing.models import CreditNote, Invoice, Journal, Wallet, WalletLot, WalletTransaction
from billing.tests.credit_notes.builders import credit
from billing.tests.factories import issue
from core import clock
from core.actor import SYSTEM
from core.tenancy import Scope
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

APPROVALS = "/api/v1/approvals"
LIMIT = 1000


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.APPROVAL_LIMITS = {"USD": LIMIT}


@dataclass(kw_only=True)
class Deed:
    """Something that people ask for: where, with what, and how to see that it was done."""

    name: str
    target: str
    path: str
    body: Callable[[int], dict[str, Any]]
    amounts: Callable[[], list[int]]
    button: str
    form: dict[str, Any]
    fact: str


def crediting() -> Deed:
    """An open invoice of 50.00, whose amount due a credit note reduces."""
    invoice = issue(5000)
    return Deed(
        name="credit", target=invoice.public_id, path="/api/v1/credit-notes", fact="credit_note.issued",
        body=lambda minor: {
            "invoice": invoice.public_id, "reason": "goodwill", "amount_minor": minor, "memo": "an angry letter",
        },
        amounts=lambda: list(CreditNote.objects.order_by("id").values_list("total_minor", flat=True)),
        button=reverse("admin:billing_invoice_credit", args=[invoice.id]),
        form={"because": "goodwill", "settle": "", "memo": "an angry letter"},
    )  # fmt: skip


def granting() -> Deed:
    """A wallet, into which a promotion is put."""
    customer = make_customer()
    wallet = services.create_wallet(customer_id=customer.pk, currency="USD", actor=SYSTEM, now=clock.now())
    return Deed(
        name="grant", target=wallet.public_id, path=f"/api/v1/wallets/{wallet.public_id}/grant",
        fact="wallet.granted",
        body=lambda minor: {"amount_minor": minor, "description": "an angry letter", "priority": 7},
        amounts=lambda: list(WalletLot.objects.order_by("id").values_list("amount_minor", flat=True)),
        button=reverse("admin:billing_wallet_grant", args=[wallet.pk]), form={"priority": 7},
    )  # fmt: skip


@pytest.fixture(params=[crediting, granting], ids=["credit note", "promotion"])
def deed(request: pytest.FixtureRequest) -> Deed:
    made: Deed = request.param()
    return made


@pytest.fixture
def ada(environment: Scope) -> Api:
    return with_member(environment, "finance", "ada@example.com")


@pytest.fixture
def grace(environment: Scope) -> Api:
    return with_member(environment, "admin", "grace@example.com")


def books() -> tuple[Any, ...]:
    """Everything that a credit note or a promotion moves."""
    return (
        list(Invoice.objects.order_by("id").values_list("state", "due_minor", "credited_minor")),
        list(Wallet.objects.order_by("id").values_list("id", "balance_minor")),
        CreditNote.objects.count(), WalletLot.objects.count(), WalletTransaction.objects.count(),
        Journal.objects.count(),
    )  # fmt: skip


def asked_by(person: Api, deed: Deed, minor: int = 2000) -> str:
    """The place of an approval that somebody has asked for."""
    answer = person.post(deed.path, deed.body(minor))
    assert (answer.status_code, answer.json()["state"]) == (202, "pending"), answer.content
    return f"{APPROVALS}/{answer.json()['id']}"


def test_above_the_limit_it_waits_and_moves_nothing(deed: Deed, ada: Api, facts: Callable[[], list[str]]) -> None:
    before, told = books(), len(facts())
    answer = ada.post(deed.path, deed.body(LIMIT + 1))
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["amount_minor"], shown["currency"], shown["target"]) == (
        202, "pending", 1001, "USD", deed.target,
    )  # fmt: skip
    assert shown["reason"] == "an angry letter"
    assert books() == before
    assert facts()[told:] == ["approval.requested"]


def test_a_second_person_approves_and_it_is_done_once_as_it_was_asked_for(
    deed: Deed, ada: Api, grace: Api, facts: Callable[[], list[str]]
) -> None:
    place, told = asked_by(ada, deed), len(facts())
    done = grace.post(f"{place}/approve", {"reason": "known to me"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert deed.amounts() == [2000]
    assert {deed.fact, "approval.approved"} <= set(facts()[told:])
    made = CreditNote.objects.first() or WalletLot.objects.get()
    assert done.json()["result"] == made.public_id
    assert (getattr(made, "memo", "") or made.description, getattr(made, "priority", 7)) == ("an angry letter", 7)
    after = books()
    assert problem(grace.post(f"{place}/approve")) == (409, "approval_decided")
    assert problem(grace.post(f"{place}/reject", {"reason": "on second thought"})) == (409, "approval_decided")
    assert books() == after


def test_nobody_approves_alone_and_neither_does_who_may_not_or_a_program(
    deed: Deed, grace: Api, environment: Scope
) -> None:
    own, before = asked_by(grace, deed), books()
    supporter = with_member(environment, "support", "sue@example.com")
    assert problem(grace.post(f"{own}/approve")) == (403, "four_eyes")
    assert problem(supporter.post(f"{own}/approve")) == (403, "missing_scope")
    assert problem(with_key().post(f"{own}/approve")) == (403, "wrong_credentials")
    assert books() == before
    assert Approval.objects.get().state == "pending"


def test_a_refusal_leaves_nothing_changed(deed: Deed, ada: Api, grace: Api, facts: Callable[[], list[str]]) -> None:
    before = books()
    place, told = asked_by(ada, deed), len(facts())
    refused = grace.post(f"{place}/reject", {"reason": "too much"})
    assert (refused.status_code, refused.json()["state"], refused.json()["decision"]) == (200, "rejected", "too much")
    assert problem(grace.post(f"{place}/approve")) == (409, "approval_decided")
    assert books() == before
    assert facts()[told:] == ["approval.rejected"]


def test_what_is_withdrawn_or_too_old_never_happens(deed: Deed, ada: Api, grace: Api) -> None:
    before = books()
    withdrawn, forgotten = asked_by(ada, deed, 2000), asked_by(ada, deed, 2001)
    assert ada.post(f"{withdrawn}/withdraw").json()["state"] == "withdrawn"
    for row in Approval.objects.all():
        expiring.expire_approval(row.pk, now=clock.now() + timedelta(hours=73))
    for place in (withdrawn, forgotten):
        assert problem(grace.post(f"{place}/approve")) == (409, "approval_decided")
    assert books() == before


def test_up_to_the_limit_and_with_a_key_it_is_done_at_once(deed: Deed, ada: Api) -> None:
    assert ada.post(deed.path, deed.body(LIMIT)).status_code == 201
    assert with_key().post(deed.path, deed.body(2000)).status_code == 201
    assert deed.amounts() == [LIMIT, 2000]
    assert not Approval.objects.exists()


def test_what_cannot_be_done_any_more_is_refused_to_who_approves_and_waits_on(ada: Api, grace: Api) -> None:
    deed = crediting()
    place = asked_by(ada, deed, 4000)
    credit(Invoice.objects.get(), 2000)
    before = books()
    assert problem(grace.post(f"{place}/approve")) == (422, "credit_exceeds_invoice")
    assert books() == before
    assert Approval.objects.get().state == "pending"


def test_a_repeat_of_the_same_wish_asks_once(deed: Deed, ada: Api) -> None:
    first, again = (ada.post(deed.path, deed.body(2000), key="one") for _ in range(2))
    assert (first.status_code, again.content) == (202, first.content)
    assert Approval.objects.count() == 1


def browser(email: str) -> Client:
    client = Client()
    client.force_login(accounts.create_operator(email, PASSWORD, now=clock.wall()))
    return client


def test_an_operator_asks_and_another_approves_at_the_console(deed: Deed) -> None:
    first, second = browser("ada@example.com"), browser("grace@example.com")
    before = books()
    form = {"reason": "an angry letter", "amount": "20.00", "key": "form-1"} | deed.form
    assert "above your limit" in first.post(deed.button, form, follow=True).content.decode()
    assert books() == before
    row = Approval.objects.get()
    approve = reverse("admin:accounts_approval_approve", args=[row.pk])
    assert "Somebody else has to decide" in first.post(approve, {"reason": "mine"}, follow=True).content.decode()
    assert books() == before
    assert "It is done" in second.post(approve, {"reason": "I agree"}, follow=True).content.decode()
    assert deed.amounts() == [2000]
