"""Credits add up: in any number of steps, line by line, net, tax and rate, and never to more than there was."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import crediting
from billing.crediting import Creditable, CreditExceedsInvoice, Share


def share(net: int, **taxes: int) -> Share:
    return Share(net_minor=net, tax_minor=sum(taxes.values()), taxes=taxes)


def line(net: int, line_id: str = "a", **taxes: int) -> Creditable:
    return Creditable(id=line_id, whole=share(net, **taxes))


def after(lines: list[Creditable], credits_: Mapping[str, Share]) -> list[Creditable]:
    """The lines once a note has taken these parts back."""
    return [replace(one, credited=one.credited + credits_.get(one.id, Share())) for one in lines]


def test_half_of_a_line_takes_half_of_its_tax() -> None:
    assert crediting.of_lines([line(1000, vat=200)], {"a": 600}) == {"a": share(500, vat=100)}


def test_a_part_is_rounded_half_up() -> None:
    assert crediting.of_lines([line(100, vat=19)], {"a": 50}) == {"a": share(42, vat=8)}


def test_thirds_of_a_line_come_to_the_line() -> None:
    lines, seen = [line(100, vat=19)], list[tuple[int, int]]()
    for amount in (40, 40, None):
        found = crediting.of_lines(lines, {"a": amount})
        lines, seen = after(lines, found), [*seen, (found["a"].net_minor, found["a"].tax_minor)]
    assert seen == [(34, 6), (33, 7), (33, 6)]
    assert lines[0].credited == lines[0].whole


def test_an_amount_is_spread_over_what_is_left() -> None:
    lines = [line(1000, "a"), line(500, "b", vat=100)]
    lines = after(lines, crediting.of_lines(lines, {"a": 600}))
    assert crediting.of_amount(lines, 100) == {"a": share(40), "b": share(50, vat=10)}


def test_lines_of_nothing_are_left_out() -> None:
    assert crediting.of_everything([line(100, "a"), line(0, "b")]) == {"a": share(100)}


def test_rates_share_a_tax_that_cannot_be_halved() -> None:
    found = crediting.of_lines([line(100, city=3, state=8)], {"a": 50})
    assert found == {"a": share(45, city=1, state=4)}


def test_a_credit_on_the_invoice_goes_back_with_the_whole() -> None:
    lines = [line(1000, "a", vat=200), line(-400, "b", vat=-80)]
    assert crediting.of_everything(lines) == {"a": share(1000, vat=200), "b": share(-400, vat=-80)}
    assert crediting.of_amount(lines, 360) == {"a": share(500, vat=100), "b": share(-200, vat=-40)}


def test_a_line_cannot_be_credited_beyond_what_the_invoice_came_to() -> None:
    with pytest.raises(CreditExceedsInvoice) as refused:
        crediting.of_lines([line(1000, "a"), line(-400, "b")], {"a": 601})
    assert refused.value.members == {"left_minor": 600}


@pytest.mark.parametrize("amount", [0, -1, 1201])
def test_too_much_or_nothing_of_a_line_is_refused(amount: int) -> None:
    with pytest.raises(CreditExceedsInvoice) as refused:
        crediting.of_lines([line(1000, vat=200)], {"a": amount})
    assert refused.value.members == {"line": "a", "left_minor": 1200}


@pytest.mark.parametrize("amount", [0, -1, 1201])
def test_too_much_or_nothing_of_an_invoice_is_refused(amount: int) -> None:
    with pytest.raises(CreditExceedsInvoice) as refused:
        crediting.of_amount([line(1000, vat=200)], amount)
    assert refused.value.members == {"left_minor": 1200}


def test_nothing_is_left_of_an_invoice_that_was_credited_wholly() -> None:
    lines = [line(1000, vat=200)]
    with pytest.raises(CreditExceedsInvoice):
        crediting.of_everything(after(lines, crediting.of_everything(lines)))


def test_a_line_that_is_none_is_not_credited() -> None:
    with pytest.raises(KeyError):
        crediting.of_lines([line(1000)], {"b": 1})


MINOR = st.integers(0, 10**7)


@st.composite
def charges(draw: st.DrawFn, line_id: str) -> Creditable:
    net = draw(MINOR)
    rates = draw(st.lists(st.integers(0, net), max_size=3))
    return line(net, line_id, **{f"rate{at}": rate for at, rate in enumerate(rates)})


@st.composite
def invoices(draw: st.DrawFn) -> list[Creditable]:
    """Some charges, and perhaps a credit that they can bear."""
    lines = [draw(charges(str(at))) for at in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        part = lines[0].whole
        fraction = draw(st.integers(1, 5))
        lines.append(line(
            -(part.net_minor // fraction), "credit", **{code: -(tax // fraction) for code, tax in part.taxes.items()}
        ))  # fmt: skip
    return lines


def within(part: int, whole: int) -> bool:
    return min(0, whole) <= part <= max(0, whole)


def check(lines: list[Creditable]) -> None:
    for one in lines:
        assert within(one.credited.net_minor, one.whole.net_minor)
        assert within(one.credited.tax_minor, one.whole.tax_minor)
        assert within(one.credited.gross_minor, one.whole.gross_minor)
        assert sum(one.credited.taxes.values()) == one.credited.tax_minor
        assert all(within(minor, one.whole.taxes[code]) for code, minor in one.credited.taxes.items())


@given(invoices(), st.data())
def test_any_steps_come_to_the_invoice_and_never_to_more(lines: list[Creditable], data: st.DataObject) -> None:
    whole = crediting.left_minor(lines)
    for _ in range(data.draw(st.integers(0, 4))):
        left = crediting.left_minor(lines)
        if not left:
            break
        amount = data.draw(st.integers(1, left))
        found = crediting.of_amount(lines, amount)
        assert sum(part.gross_minor for part in found.values()) == amount
        lines = after(lines, found)
        check(lines)
    if crediting.left_minor(lines):
        lines = after(lines, crediting.of_everything(lines))
        check(lines)
    assert sum(one.credited.gross_minor for one in lines) == whole
    if whole:
        assert all(one.credited.gross_minor == one.whole.gross_minor for one in lines)
        assert all(one.credited.tax_minor == one.whole.tax_minor for one in lines)


@given(charges("a"), st.lists(st.integers(1, 10**7), max_size=6))
def test_any_steps_of_a_line_come_to_the_line(whole: Creditable, steps: list[int]) -> None:
    lines = [whole]
    for step in steps:
        amount = min(step, lines[0].left_minor)
        if amount:
            lines = after(lines, crediting.of_lines(lines, {"a": amount}))
            check(lines)
    if lines[0].left_minor:
        lines = after(lines, crediting.of_lines(lines, {"a": None}))
    if whole.whole.gross_minor:
        assert lines[0].credited.net_minor == whole.whole.net_minor
        assert {code: lines[0].credited.taxes.get(code, 0) for code in whole.whole.taxes} == dict(whole.whole.taxes)


@given(charges("a"), st.data())
def test_a_step_is_never_of_the_other_sign(whole: Creditable, data: st.DataObject) -> None:
    lines = [whole]
    while lines[0].left_minor and data.draw(st.booleans()):
        found = crediting.of_lines(lines, {"a": data.draw(st.integers(1, lines[0].left_minor))})["a"]
        assert found.net_minor >= 0
        assert found.tax_minor >= 0
        assert all(minor >= 0 for minor in found.taxes.values())
        lines = after(lines, {"a": found})
