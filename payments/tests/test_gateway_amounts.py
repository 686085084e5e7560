"""What is charged is what is due: gateways count differently, and nothing is rounded on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from payments.gateways.amounts import (
    CARD_NETWORKS,
    ISO,
    AmountNotChargeable,
    Rules,
    from_gateway_amount,
    is_chargeable,
    step_minor,
    to_gateway_amount,
)

THREE_DECIMALS = ["BHD", "JOD", "KWD", "OMR", "TND"]
currencies = st.sampled_from(money.currencies())
minors = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [(1050, "USD", 1050), (500, "JPY", 500), (40, "ISK", 4000), (7000, "UGX", 700000), (1230, "KWD", 1230),
     (500, "MGA", 5)],
)  # fmt: skip
def test_amounts_are_written_as_the_card_networks_want_them(minor: int, currency: str, amount: int) -> None:
    assert to_gateway_amount(minor, currency, CARD_NETWORKS) == amount
    assert from_gateway_amount(amount, currency, CARD_NETWORKS) == minor


@pytest.mark.parametrize("currency", THREE_DECIMALS)
def test_the_last_digit_of_three_must_be_zero_and_is_not_rounded(currency: str) -> None:
    with pytest.raises(AmountNotChargeable) as refused:
        to_gateway_amount(1234, currency, CARD_NETWORKS)
    assert refused.value.members == {"amount_minor": 1234, "currency": currency, "step_minor": 10}
    assert to_gateway_amount(1234, currency, ISO) == 1234


def test_a_part_of_an_ariary_cannot_be_charged() -> None:
    with pytest.raises(AmountNotChargeable):
        to_gateway_amount(1050, "MGA", CARD_NETWORKS)


def test_what_the_ledger_cannot_express_cannot_have_been_charged() -> None:
    with pytest.raises(AmountNotChargeable):
        from_gateway_amount(4010, "ISK", CARD_NETWORKS)


def test_an_unknown_currency_has_no_amounts() -> None:
    with pytest.raises(money.UnknownCurrency):
        to_gateway_amount(1, "XXX", ISO)


@given(minors, currencies)
def test_iso_amounts_stay_what_they_are(minor: int, currency: str) -> None:
    assert to_gateway_amount(minor, currency, ISO) == minor == from_gateway_amount(minor, currency, ISO)
    assert is_chargeable(minor, currency, ISO)


@given(minors, currencies, st.integers(0, 4), st.sampled_from([1, 5, 10, 100]))
def test_an_amount_comes_back_exactly_or_is_refused(minor: int, currency: str, places: int, step: int) -> None:
    rules = Rules(places={currency: places}, steps={currency: step})
    if not is_chargeable(minor, currency, rules):
        with pytest.raises(AmountNotChargeable):
            to_gateway_amount(minor, currency, rules)
        return
    amount = to_gateway_amount(minor, currency, rules)
    assert amount % step == 0
    assert from_gateway_amount(amount, currency, rules) == minor


@given(currencies, st.integers(0, 4), st.sampled_from([1, 5, 10, 100]))
def test_the_step_is_the_smallest_amount_that_can_be_charged(currency: str, places: int, step: int) -> None:
    rules = Rules(places={currency: places}, steps={currency: step})
    smallest = step_minor(currency, rules)
    assert smallest >= 1
    assert to_gateway_amount(smallest, currency, rules) >= 1
