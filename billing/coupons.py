"""What a coupon takes off which lines. Pure.

A coupon without scopes reduces the whole invoice; with scopes, each line of one of its plans or of one of its prices.
Coupons for lines come before coupons for the invoice, and each kind in the order in which the coupons were redeemed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from billing import arithmetic
from billing.lines import NewLine
from core import errors, money

FINEST_PERCENT: Final = Decimal("0.000001")


class CouponInvalid(errors.Invalid):
    """`field` is the member that is wrong."""

    code = "coupon_invalid"
    title = "The coupon makes no sense."


@dataclass(frozen=True, kw_only=True)
class HeldCoupon:
    """A coupon in somebody's hands: a `percent` of 100, or an `amount_minor` in the currency of the invoice.

    `plans` and `prices` are public ids. `redemption_id` is None for one that is only tried.
    """

    redemption_id: UUID | None
    coupon_id: UUID
    code: str
    description: str
    percent: Decimal | None
    amount_minor: int | None
    plans: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()

    def reduces(self, line: NewLine) -> bool:
        """This function will tell whether the coupon is for a line."""
        return not (self.plans or self.prices) or line.plan in self.plans or line.price in self.prices

    def as_arithmetic(self, lines: Sequence[NewLine], ids: Sequence[str]) -> arithmetic.Coupon:
        """This function will return what is computed with for the lines, which are called by `ids` in their order."""
        is_scoped = bool(self.plans or self.prices)
        chosen = frozenset(line_id for line, line_id in zip(lines, ids, strict=True) if self.reduces(line))
        return arithmetic.Coupon(
            percent=self.percent, amount_minor=self.amount_minor, lines=chosen if is_scoped else None
        )


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a coupon promises; see `billing.models.Coupon`. Scopes are public ids."""

    percent: Decimal | None = None
    amount_minor: int | None = None
    currency: str | None = None
    duration: str = "once"
    cycles: int | None = None
    applies_until: datetime | None = None
    plans: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()

    def check(self) -> None:
        """This function will refuse terms that give nothing, or more than there is.

        :raises CouponInvalid: naming what is wrong.
        :raises core.money.UnknownCurrency: if the currency is none.
        """
        if (self.percent is None) == (self.amount_minor is None):
            raise CouponInvalid("A coupon has either a percent or an amount.", field="percent")
        if self.percent is not None:
            self._check_percent(self.percent)
        if self.amount_minor is not None:
            self._check_amount(self.amount_minor)
        if (self.duration == "repeating") != (self.cycles is not None and self.cycles >= 1):
            raise CouponInvalid("A repeating coupon, and no other, has its number of cycles.", field="cycles")

    def _check_percent(self, percent: Decimal) -> None:
        if not (percent.is_finite() and 0 < percent <= 100) or percent != percent.quantize(FINEST_PERCENT):
            raise CouponInvalid("The percent is above 0 and at most 100, with at most six places.", field="percent")
        if self.currency is not None:
            raise CouponInvalid("A percent has no currency.", field="currency")

    def _check_amount(self, amount_minor: int) -> None:
        if amount_minor <= 0:
            raise CouponInvalid("The amount is above zero.", field="amount_minor")
        if self.currency is None:
            raise CouponInvalid("An amount has a currency.", field="currency")
        money.exponent(self.currency)


def check_limits(
    *, applies_until: datetime | None, redeem_by: datetime | None, max_redemptions: int | None,
    max_per_customer: int | None, now: datetime,
) -> None:  # fmt: skip
    """This function will refuse limits that nobody could ever redeem within.

    :raises CouponInvalid: naming what is wrong.
    """
    for field, end in (("applies_until", applies_until), ("redeem_by", redeem_by)):
        if end is not None and end <= now:
            raise CouponInvalid("The instant has passed.", field=field)
    for field, most in (("max_redemptions", max_redemptions), ("max_per_customer", max_per_customer)):
        if most is not None and most < 1:
            raise CouponInvalid("The limit is at least one.", field=field)


def describe(*, code: str, name: str, percent: Decimal | None) -> str:
    """This function will return how an invoice calls a discount, such as `Launch (LAUNCH25, 25 %)`."""
    # The space does not break: a line that began with the sign would read oddly.
    share = "" if percent is None else f", {_digits(percent)}\N{NO-BREAK SPACE}%"
    return f"{name} ({code}{share})"


def canonical(code: str) -> str:
    """This function will return a code as it is stored: people type it in any case."""
    return code.strip().upper()


def _digits(percent: Decimal) -> str:
    text = f"{percent:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
