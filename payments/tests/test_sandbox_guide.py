"""The page of test cards says what the sandbox does."""

from payments.gateways.sandbox_cards import BEHAVIORS, CARDS
from payments.gateways.sandbox_guide import cards_page


def test_every_card_and_token_is_told_once() -> None:
    page = cards_page()
    for name in BEHAVIORS:
        assert page.count(f"| `tok_{name}` |") == 1, name
    for digits in CARDS:
        assert page.count(f"`{digits}`") == 1, digits


def test_a_decline_says_its_code_and_whether_it_is_tried_again() -> None:
    (lost,) = [line for line in cards_page().splitlines() if "tok_lost_card" in line]
    assert "declined when put in, as a token when charged: `lost_card` (hard)" in lost
    (later,) = [line for line in cards_page().splitlines() if "tok_fails_later" in line]
    assert "declined when charged: `card_declined` (soft)" in later
