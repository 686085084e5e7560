"""What a line of history keeps of the subscription that it made, so that any past state can be told again.

A snapshot is a small JSON object with the members `v` (its version), `row` (every field of the subscription's row that
says something; what is NULL or empty is left out), `addons`, `coupons` (those without an end) and `mrr` (minor units,
exact). Ids are UUIDs, instants are UTC, decimals are text. An add-on's quantity and price are in it, and a coupon's
terms: neither changes after it was taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.duration import duration_string

from billing.selectors import ForeverCoupon
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.mrr import plain

VERSION: Final = 1
# Whose it is never changes, and the line of history has its number and its worth beside these. When a customer is
# told next is no state of the agreement.
_LEFT_OUT: Final = ("id", "environment", "customer", "created_at", "version", "mrr", "remind_at")
_AS_THEY_ARE: Final = frozenset({str, int, bool})
FIELDS: Final = tuple(field for field in Subscription._meta.concrete_fields if field.name not in _LEFT_OUT)


@dataclass(frozen=True, kw_only=True)
class KeptAddOn:
    """An add-on as it was held. `item` is the id by which it is removed; `kind` is recurring or one_off."""

    item: UUID
    addon_id: UUID
    price_id: UUID
    kind: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class PastState:
    """A subscription as it was after its line of history `number`, written at `at`; `row` by names of columns."""

    number: int
    at: datetime
    row: Mapping[str, Any]
    addons: tuple[KeptAddOn, ...]
    coupons: tuple[UUID, ...]
    mrr: Decimal

    @property
    def status(self) -> str:
        return str(self.row["status"])


def taken(
    subscription: Subscription, addons: Sequence[SubscriptionAddOn], coupons: Sequence[ForeverCoupon]
) -> dict[str, Any]:
    """This function will return the snapshot of a subscription as it is now."""
    values = {field.attname: getattr(subscription, field.attname) for field in FIELDS}
    return {
        "v": VERSION,
        "row": {name: _written(value) for name, value in values.items() if value not in (None, "")},
        "addons": [_addon(row) for row in addons],
        "coupons": [_coupon(one) for one in coupons],
        "mrr": plain(subscription.mrr),
    }


def told(number: int, at: datetime, snapshot: Any) -> PastState:
    """This function will return the state that a line of history kept."""
    row = snapshot["row"]
    return PastState(
        number=number, at=at, row={field.attname: _read(field, row.get(field.attname)) for field in FIELDS},
        addons=tuple(_kept_addon(one) for one in snapshot["addons"]),
        coupons=tuple(UUID(one["coupon_id"]) for one in snapshot["coupons"]), mrr=Decimal(snapshot["mrr"]),
    )  # fmt: skip


def changed(before: PastState, after: PastState) -> dict[str, tuple[Any, Any]]:
    """This function will return what differs between two states: columns, `addons`, `coupons` and `mrr`, by name."""
    old, new = _flat(before), _flat(after)
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


def _addon(row: SubscriptionAddOn) -> dict[str, Any]:
    return {
        "item": str(row.id), "addon_id": str(row.addon_id), "price_id": str(row.price_id), "kind": str(row.kind),
        "quantity": row.quantity,
    }  # fmt: skip


def _kept_addon(one: Mapping[str, Any]) -> KeptAddOn:
    return KeptAddOn(
        item=UUID(one["item"]), addon_id=UUID(one["addon_id"]), price_id=UUID(one["price_id"]), kind=one["kind"],
        quantity=one["quantity"],
    )  # fmt: skip


def _coupon(one: ForeverCoupon) -> dict[str, Any]:
    terms = {"percent": None if one.percent is None else f"{one.percent:f}", "amount_minor": one.amount_minor}
    return {"coupon_id": str(one.coupon_id), **{name: value for name, value in terms.items() if value is not None}}


def _written(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return duration_string(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value) if isinstance(value, UUID | str) else value


def _read(field: Any, value: Any) -> Any:
    if value is None:
        return None if field.null else ""
    return field.to_python(value)


def _flat(state: PastState) -> dict[str, Any]:
    return {**state.row, "addons": state.addons, "coupons": state.coupons, "mrr": state.mrr}
