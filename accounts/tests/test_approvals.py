"""Four eyes: asked for by one, decided by another, done once."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import services
from accounts.models import Approval, Customer
from accounts.services import Amount, Approvable, Wish
from accounts.tests.factories import make_customer
from core import errors, ids, tenancy
from core.actor import SYSTEM, Actor
from core.tenancy.system import system_scope

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SCOPES = frozenset({"read", "write"})


def person(kind: str = "member") -> Actor:
    return Actor(type=kind, id=ids.encode("usr", ids.new()), scopes=SCOPES)


ADA, GRACE = person(), person("operator")
FULL: list[str] = []


class Full(errors.Conflict):
    code = "test_full"
    title = "There is no room."


def welcome(arguments: Mapping[str, Any], *, key: str, actor: Actor, now: datetime) -> Customer:
    """The deed of these tests: a customer for the price that is asked for."""
    if FULL:
        raise Full
    known = Customer.objects.filter(external_ref=key).first()
    return known or services.create_customer(
        email="bought@example.com", external_ref=key, metadata={"price": str(arguments["price"])}, actor=actor, now=now
    )


def price(row: Customer) -> Amount:
    return Amount(minor=int(row.metadata["price"]), currency="USD", result=row.public_id)


services.approvable(Approvable(name="test.welcome", execute=welcome, measure=price))


@pytest.fixture(autouse=True)
def limit(settings: Any) -> Iterator[None]:
    settings.APPROVAL_LIMITS = {"USD": 1000, "JPY": 0}
    yield
    FULL.clear()


def ask(amount: int, actor: Actor = ADA, key: str = "k") -> Any:
    wish = Wish(verb="test.welcome", arguments={"price": amount}, target="cus_x", reason="a good friend")
    return services.do_or_ask(wish, key=key, actor=actor, now=NOW)


def bought() -> int:
    return Customer.objects.filter(email="bought@example.com").count()


@pytest.mark.django_db
class TestAsking:
    def test_up_to_the_limit_it_is_done(self) -> None:
        assert isinstance(ask(1000), Customer)
        assert not Approval.objects.exists()

    def test_above_the_limit_nothing_is_done_and_it_waits(self, facts: Callable[[], list[str]]) -> None:
        row = ask(1001)
        assert isinstance(row, Approval)
        assert (row.state, row.amount_minor, row.currency, row.asked_person) == ("pending", 1001, "USD", ADA.id)
        assert bought() == 0
        assert facts() == ["approval.requested"]

    @pytest.mark.parametrize("actor", [SYSTEM, Actor(type="key", id="key_x"), Actor(type="operator", id="key_sys")])
    def test_programs_and_the_house_have_no_limit(self, actor: Actor) -> None:
        assert isinstance(ask(5000, actor), Customer)

    def test_without_a_limit_for_the_currency_it_is_done(self, settings: Any) -> None:
        settings.APPROVAL_LIMITS = {"EUR": 1}
        assert isinstance(ask(5000), Customer)
        settings.APPROVAL_LIMITS = {"*": 10}
        assert isinstance(ask(5000, key="other"), Approval)

    def test_what_the_verb_refuses_is_refused_at_once(self) -> None:
        FULL.append("yes")
        with pytest.raises(Full):
            ask(5000)
        assert not Approval.objects.exists()


@pytest.mark.django_db
class TestDeciding:
    def test_another_person_approves_and_it_is_done_once(self, facts: Callable[[], list[str]]) -> None:
        row = services.approve(approval_id=ask(5000).pk, actor=GRACE, now=NOW, reason="known to me")
        assert (row.state, row.decided_person, row.decision) == ("approved", GRACE.id, "known to me")
        assert row.result == Customer.objects.get(email="bought@example.com").public_id
        assert facts() == ["approval.requested", "customer.created", "approval.approved"]
        with pytest.raises(services.ApprovalDecided):
            services.approve(approval_id=row.pk, actor=GRACE, now=NOW)
        assert bought() == 1

    @pytest.mark.parametrize("decide", [services.approve, services.reject])
    def test_nobody_decides_about_his_own_not_even_in_another_coat(self, decide: Callable[..., Any]) -> None:
        row = ask(5000)
        for kind in ("member", "operator"):
            with pytest.raises(services.SamePerson):
                decide(approval_id=row.pk, actor=Actor(type=kind, id=ADA.id, scopes=SCOPES), now=NOW)
        row.refresh_from_db()
        assert (row.state, bought()) == ("pending", 0)

    @pytest.mark.parametrize("actor", [Actor(type="key", id="key_x"), SYSTEM, Actor(type="operator", id="key_sys")])
    def test_a_program_decides_nothing(self, actor: Actor) -> None:
        row = ask(5000)
        with pytest.raises(services.NotAPerson):
            services.approve(approval_id=row.pk, actor=actor, now=NOW)
        assert bought() == 0

    def test_a_rejected_one_never_happens(self, facts: Callable[[], list[str]]) -> None:
        row = services.reject(approval_id=ask(5000).pk, actor=GRACE, now=NOW, reason="too much")
        assert (row.state, row.result, bought()) == ("rejected", "", 0)
        with pytest.raises(services.ApprovalDecided):
            services.approve(approval_id=row.pk, actor=GRACE, now=NOW)
        assert facts() == ["approval.requested", "approval.rejected"]

    def test_only_who_asked_withdraws(self) -> None:
        row = ask(5000)
        with pytest.raises(services.SamePerson):
            services.withdraw(approval_id=row.pk, actor=GRACE, now=NOW)
        assert services.withdraw(approval_id=row.pk, actor=ADA, now=NOW).state == "withdrawn"
        with pytest.raises(services.ApprovalDecided):
            services.approve(approval_id=row.pk, actor=GRACE, now=NOW)
        assert bought() == 0

    def test_its_time_is_over_at_the_instant_whether_or_not_somebody_has_swept(self) -> None:
        row = ask(5000)
        with pytest.raises(services.ApprovalDecided):
            services.approve(approval_id=row.pk, actor=GRACE, now=row.expires_at)
        assert bought() == 0
        services.approve(approval_id=row.pk, actor=GRACE, now=row.expires_at - timedelta(microseconds=1))
        assert bought() == 1

    def test_a_worker_sweeps_what_nobody_decided(
        self, freeze: Callable[[datetime], None], run_jobs: Callable[[], int], facts: Callable[[], list[str]]
    ) -> None:
        row = ask(5000)
        freeze(row.expires_at - timedelta(seconds=1))
        run_jobs()
        assert Approval.objects.get().state == "pending"
        freeze(row.expires_at)
        run_jobs()
        assert Approval.objects.get().state == "expired"
        assert facts() == ["approval.requested", "approval.expired"]

    def test_what_cannot_be_done_today_stays_pending(self) -> None:
        row = ask(5000)
        FULL.append("yes")
        with pytest.raises(Full):
            services.approve(approval_id=row.pk, actor=GRACE, now=NOW)
        FULL.clear()
        assert services.approve(approval_id=row.pk, actor=GRACE, now=NOW).state == "approved"

    def test_another_environments_is_not_there(self, live_environment: Any) -> None:
        row = ask(5000)
        with tenancy.scope(live_environment), pytest.raises(errors.NotFound):
            services.approve(approval_id=row.pk, actor=GRACE, now=NOW)


@pytest.mark.django_db
class TestTheDatabase:
    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ("state = 'approved', decided_at = now(), result = 'x', decided_person = asked_person", "four_eyes"),
            ("state = 'rejected', decided_at = now(), decided_person = ''", "four_eyes"),
            ("state = 'approved', decided_at = now(), decided_person = 'usr_other'", "has_a_result"),
            ("state = 'rejected', decided_person = 'usr_other'", "decided_at"),
            ("state = 'sold', decided_at = now()", "transition|known_state"),
            ("amount_minor = 1", "read.?only|update"),
            ("arguments = '{}'", "read.?only|update"),
            ("asked_person = 'usr_other'", "read.?only|update"),
        ],
    )
    def test_it_refuses_what_no_verb_would_do(self, change: str, match: str) -> None:
        ask(5000)
        with pytest.raises(DatabaseError, match=f"(?i){match}"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE accounts_approval SET {change}")

    def test_it_refuses_a_second_decision(self) -> None:
        row = services.reject(approval_id=ask(5000).pk, actor=GRACE, now=NOW)
        with pytest.raises(DatabaseError, match=r"(?i)transition"), transaction.atomic():
            Approval.objects.filter(pk=row.pk).update(state="withdrawn")


@pytest.mark.slow
def test_of_two_who_approve_at_once_one_does(committed: Any, sandbox_scope: Callable[[], Any], settings: Any) -> None:
    with sandbox_scope(), transaction.atomic():
        make_customer()
        row = ask(5000)

    def approve(actor: Actor) -> str:
        try:
            with sandbox_scope():
                return services.approve(approval_id=row.pk, actor=actor, now=NOW).state
        except services.ApprovalDecided:
            return "late"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(approve, [person() for _ in range(4)]))
    assert found == ["approved", "late", "late", "late"]
    with system_scope("test"), transaction.atomic():
        assert bought() == 1
