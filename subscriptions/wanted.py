"""What somebody wants changed of a subscription, in any combination."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core import ids

# The billing anchor moves to the instant at which the change takes effect.
NOW: Final = "now"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """None, or nothing, leaves things as they are.

    `addons` are ids with the quantity that is to be there from then on; 0 removes one, those that are not named stay.
    `coupon` is the code of one to be redeemed, `remove_coupons` are those of coupons to be taken off. `anchor` is
    `now`, or an instant at which a period is to begin: the one that runs until then is short. `payment_method_id` is
    charged from then on, for all of the customer's subscriptions.
    """

    plan_id: UUID | None = None
    quantity: int | None = None
    addons: tuple[tuple[UUID, int], ...] = ()
    coupon: str | None = None
    anchor: str | datetime | None = None
    payment_method_id: UUID | None = None
    remove_coupons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Wanted()


def to_content(wanted: Wanted) -> dict[str, Any]:
    """This function will return what is wanted as it is stored and shown: primitives and public ids."""
    content: dict[str, Any] = {
        "plan": ids.encode("pln", wanted.plan_id) if wanted.plan_id else None,
        "quantity": wanted.quantity,
        "addons": [{"addon": ids.encode("add", key), "quantity": count} for key, count in wanted.addons] or None,
        "coupon": wanted.coupon,
        "remove_coupons": list(wanted.remove_coupons) or None,
        "anchor": wanted.anchor.isoformat() if isinstance(wanted.anchor, datetime) else wanted.anchor,
        "payment_method": ids.encode("pym", wanted.payment_method_id) if wanted.payment_method_id else None,
    }
    return {name: value for name, value in content.items() if value is not None}


def from_content(content: dict[str, Any]) -> Wanted:
    """This function will return what was wanted, as `to_content` wrote it."""
    anchor, plan, method = (content.get(name) for name in ("anchor", "plan", "payment_method"))
    return Wanted(
        plan_id=ids.decode("pln", plan) if plan else None,
        quantity=content.get("quantity"),
        addons=tuple((ids.decode("add", one["addon"]), one["quantity"]) for one in content.get("addons", ())),
        coupon=content.get("coupon"),
        anchor=anchor if anchor in (None, NOW) else datetime.fromisoformat(anchor),
        payment_method_id=ids.decode("pym", method) if method else None,
        remove_coupons=tuple(content.get("remove_coupons", ())),
    )
