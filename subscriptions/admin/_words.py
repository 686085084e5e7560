"""What was wanted of a subscription, and what a line of its history changed, in words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from unfold.admin import TabularInline

from billing.selectors import list_coupon_codes
from catalog.selectors import list_names
from core import ids
from core.console import money
from subscriptions import mrr, snapshots, wanted
from subscriptions.models import ScheduledChange, SubscriptionEvent
from subscriptions.snapshots import PastState

# Members of a subscription that are told where they change, as people call them; those of its plan are told apart.
MEMBERS: Final = {
    "quantity": "quantity", "timezone": "time zone", "term_intervals": "periods of its term", "renews_at": "renews",
    "cancel_at": "to end", "trial_ends_at": "trial until", "pauses_at": "to rest from", "resumes_at": "to go on",
}  # fmt: skip
Names = Mapping[str, str]


def name_all(rows: Iterable[Any], mentioned: Callable[[Any], set[str]]) -> None:
    """This function will give rows the names of what they mention, however many rows there are in three queries."""
    rows = list(rows)
    found = _names({key for row in rows for key in mentioned(row)})
    for row in rows:
        row.names = found


def _names(keys: set[str]) -> Names:
    return {**list_names(keys), **list_coupon_codes(keys)} if keys else {}


def _of(row: Any, mentioned: Callable[[Any], set[str]]) -> Names:
    """The names that a row was given, or those that it asks for itself."""
    if not hasattr(row, "names"):
        name_all([row], mentioned)
    names: Names = row.names
    return names


def in_wanted(row: ScheduledChange) -> set[str]:
    """This function will return the public ids in what is wanted."""
    addons = {one["addon"] for one in row.wanted.get("addons", ())}
    return addons | ({row.wanted["plan"]} if "plan" in row.wanted else set())


def told_wanted(row: ScheduledChange) -> str:
    """This function will say what is to change."""
    names, asked = _of(row, in_wanted), row.wanted
    parts = [f"plan {names.get(asked['plan'], asked['plan'])}"] if "plan" in asked else []
    parts += [f"quantity {asked['quantity']}"] if "quantity" in asked else []
    for one in asked.get("addons", ()):
        name = names.get(one["addon"], one["addon"])
        parts.append(f"add-on {name} × {one['quantity']}" if one["quantity"] else f"without add-on {name}")
    parts += [f"with coupon {asked['coupon']}"] if "coupon" in asked else []
    parts += [f"without coupon {code}" for code in asked.get("remove_coupons", ())]
    parts += [_anchor(asked["anchor"])] if "anchor" in asked else []
    parts += [f"charged to {asked['payment_method']}"] if "payment_method" in asked else []
    return "; ".join(parts)


def _anchor(text: str) -> str:
    return "a new period at once" if text == wanted.NOW else f"a new period on {_moment(datetime.fromisoformat(text))}"


def in_history(row: SubscriptionEvent) -> set[str]:
    """This function will return the public ids in what a subscription was before and after a line of its history."""
    return {key for one in (row.snapshot, getattr(row, "previous", None)) if one for key in _in_state(one)}


def _in_state(kept: Mapping[str, Any]) -> Iterable[str]:
    yield ids.encode("pln", UUID(kept["row"]["plan_id"]))
    yield from (ids.encode("add", UUID(one["addon_id"])) for one in kept["addons"])
    yield from (ids.encode("cpn", UUID(one["coupon_id"])) for one in kept["coupons"])


def told_changes(row: SubscriptionEvent) -> list[str]:
    """This function will say what a line of history changed, or with what it began; nothing where that is unknown."""
    previous = getattr(row, "previous", None)
    if row.snapshot is None or (previous is None and row.number > 1):
        return []
    names = _of(row, in_history)
    after = snapshots.told(row.number, row.at, row.snapshot)
    if previous is None:
        return [f"{title} {text}" for title, text in _said(after, names).items() if text]
    before = _said(snapshots.told(row.number, row.at, previous), names)
    return [
        f"{title} {before[title] or 'none'} → {text or 'none'}"
        for title, text in _said(after, names).items()
        if text != before[title]
    ]


def _said(state: PastState, names: Names) -> dict[str, str]:
    """What a subscription was, as people call it."""
    addons = [f"{_named('add', one.addon_id, names)} × {one.quantity}" for one in state.addons]
    return {
        "plan": _named("pln", state.row["plan_id"], names),
        **{title: _text(state.row[name]) for name, title in MEMBERS.items()},
        "add-ons": ", ".join(addons),
        "coupons": ", ".join(_named("cpn", one, names) for one in state.coupons),
        "per month": money(mrr.shown(state.mrr), state.row["currency"]),
    }


def _named(prefix: str, key: Any, names: Names) -> str:
    public_id = ids.encode(prefix, key)
    return names.get(public_id, public_id)


def _text(value: Any) -> str:
    return _moment(value) if isinstance(value, datetime) else "" if value is None else str(value)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


class _NamedFormSet(TabularInline.formset):  # type: ignore[misc]
    """Rows beside a subscription with the names of the public ids that are `mentioned` in them."""

    mentioned: Callable[[Any], set[str]]

    def get_queryset(self) -> Any:
        """This function will return the rows, named at the first time."""
        is_new = not hasattr(self, "_named")
        rows = super().get_queryset()
        if is_new:
            self._named = True
            name_all(rows, self.mentioned)
        return rows


class ChangesFormSet(_NamedFormSet):
    """Scheduled changes."""

    mentioned = staticmethod(in_wanted)


class HistoryFormSet(_NamedFormSet):
    """Lines of history."""

    mentioned = staticmethod(in_history)
