from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from core import errors, ids
from core.actor import SYSTEM
from payments import cards, services
from payments.cards import Card
from payments.gateways.base import CardDeclined, TokenUnknown
from payments.gateways.sandbox import NotATestCard
from payments.models import PaymentMethod, PaymentMethodDetached
from payments.tests.factories import NOW, make_customer, make_method


def card(number: str = "4242 4242 4242 4242", month: int = 12, year: int = 2030, cvc: str = "123") -> Card:
    return Card(number=number, exp_month=month, exp_year=year, cvc=cvc)


@pytest.mark.django_db
def test_what_is_kept_of_a_card_is_not_the_card(facts: Callable[[], list[str]]) -> None:
    method = make_method(make_customer(), source=card())
    assert (method.brand, method.last4, method.exp_month, method.exp_year) == ("visa", "4242", 12, 2030)
    assert "4242424242424242" not in repr(PaymentMethod.objects.values().get())
    assert facts()[-1] == "payment_method.attached"


@pytest.mark.django_db
def test_one_card_has_one_fingerprint_and_every_attachment_its_own_token() -> None:
    customer = make_customer()
    first, second = make_method(customer, source=card()), make_method(customer, source=card("4242-4242-4242-4242"))
    assert first.fingerprint == second.fingerprint
    assert first.token != second.token


@pytest.mark.django_db
def test_the_newest_method_is_charged_unless_said_otherwise(now: datetime) -> None:
    customer = make_customer()
    first = make_method(customer, is_default=False)
    second = make_method(customer)
    third = make_method(customer, is_default=False)
    assert defaults(customer) == [second.id]
    services.make_default_payment_method(payment_method_id=third.id, actor=SYSTEM, now=now)
    assert defaults(customer) == [third.id]
    services.detach_payment_method(payment_method_id=third.id, actor=SYSTEM, now=now)
    assert defaults(customer) == [second.id]
    assert first.is_default


def defaults(customer: UUID) -> list[UUID]:
    return list(PaymentMethod.objects.filter(customer_id=customer, is_default=True).values_list("id", flat=True))


@pytest.mark.django_db
def test_a_detached_method_is_gone_for_good(now: datetime, facts: Callable[[], list[str]]) -> None:
    method = make_method(make_customer())
    services.detach_payment_method(payment_method_id=method.id, actor=SYSTEM, now=now)
    before = facts()
    for verb in (services.detach_payment_method, services.make_default_payment_method):
        with pytest.raises(PaymentMethodDetached):
            verb(payment_method_id=method.id, actor=SYSTEM, now=now)
    assert facts() == before


@pytest.mark.django_db
def test_what_is_not_there_is_not_found(now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        services.detach_payment_method(payment_method_id=ids.new(), actor=SYSTEM, now=now)
    with pytest.raises(errors.NotFound):
        make_method(ids.new())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000002", "card_declined"), ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"), ("4000000000009979", "stolen_card"), ("4100000000000019", "fraudulent"),
    ],
)  # fmt: skip
def test_a_declining_card_cannot_be_attached(number: str, code: str, facts: Callable[[], list[str]]) -> None:
    customer = make_customer()
    before = facts()
    with pytest.raises(CardDeclined) as refused:
        make_method(customer, source=card(number))
    assert refused.value.members == {"decline_code": code}
    assert (facts(), PaymentMethod.objects.count()) == (before, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["4000 0000 0000 0341", "4000 0000 0000 0259", "378282246310005"])
def test_cards_that_misbehave_later_attach_now(number: str) -> None:
    assert make_method(make_customer(), source=card(number)).last4 == number[-4:]


@pytest.mark.django_db
def test_a_real_card_is_never_taken() -> None:
    customer = make_customer()
    with pytest.raises(NotATestCard):
        make_method(customer, source=card("4111111111111111"))
    with pytest.raises(TokenUnknown):
        make_method(customer, "no_such_behavior")


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (card("4242424242424241"), cards.CardNumberInvalid), (card("٤242424242424242"), cards.CardNumberInvalid),
        (card("4242"), cards.CardNumberInvalid), (card(""), cards.CardNumberInvalid),
        (card(month=12, year=2025), cards.CardExpired), (card(month=13), cards.CardDataInvalid),
        (card(month=0), cards.CardDataInvalid), (card(year=30), cards.CardDataInvalid),
        (card(year=2077), cards.CardDataInvalid), (card(cvc="12"), cards.CardDataInvalid),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_is_refused(given: Card, refusal: type[errors.Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        cards.check(given, now=NOW)
    assert "4242" not in f"{refused.value!r}{refused.value.members}"


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    cards.check(card(month=1, year=2026), now=datetime(2026, 1, 31, 23, 59, tzinfo=NOW.tzinfo))
    with pytest.raises(cards.CardExpired):
        cards.check(card(month=1, year=2026), now=datetime(2026, 2, 1, tzinfo=NOW.tzinfo))


def test_a_card_does_not_show_itself() -> None:
    assert repr(card()) == "Card()"


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", "visa"), ("5555555555554444", "mastercard"), ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"), ("6011111111111117", "discover"), ("9999999999999995", "unknown"),
    ],
)  # fmt: skip
def test_the_brand_is_in_the_number(number: str, brand: str) -> None:
    assert card(number).brand == brand
