"""Everything that can be asked of a subscription over HTTP, and what each state answers: one table, as data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from subscriptions import states
from subscriptions.models import ScheduledChange, Subscription
from tests.fixtures import NOW, Api

SAME: Final = "it stays"
OTHER: Final = "another begins"
PATH: Final = "/api/v1/subscriptions"
# When the change comes that waits for every subscription, and two instants for which nothing waits.
WAITS_FOR: Final = NOW + timedelta(days=3)
SOON: Final = NOW + timedelta(days=4)
LEAVES: Final = NOW + timedelta(days=5)
LOST: Final = {"canceled": "subscription_already_canceled"}
OVER: Final = dict.fromkeys(states.TERMINAL, "scheduled_change_over")
RUNNING: Final = dict.fromkeys(states.RENEWING, SAME)
CHANGEABLE: Final = dict.fromkeys(("scheduled", "trialing", "active", "past_due", "paused"), SAME)
LATER: Final = dict.fromkeys(("trialing", "active", "past_due", "paused"), SAME)
GIVEN: Final = {"trialing": SAME, **RUNNING, **dict.fromkeys(states.TERMINAL, OTHER)}
NOT_ITS_OWN: Final = dict.fromkeys(("scheduled", "incomplete", "paused"), "live_subscription_exists")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody asks about the subscription that is in a state; what he needs beside is known by name."""

    known: dict[str, Any]
    state: str
    api: Api
    own: bool = False

    @property
    def row(self) -> Subscription:
        """The subscription as it is now."""
        found: Subscription = self.known[self.state]
        return Subscription.objects.get(pk=found.pk)

    @property
    def path(self) -> str:
        """Its address, for whoever asks."""
        return f"{PATH}/me/{self.row.public_id}" if self.own else f"{PATH}/{self.row.public_id}"

    @property
    def change(self) -> ScheduledChange:
        """The change that was scheduled for it before."""
        return ScheduledChange.objects.of(self.row).get(effective_at=WAITS_FOR)

    @property
    def begun(self) -> set[Subscription]:
        """What the customer has beside it."""
        return set(Subscription.objects.filter(customer_id=self.row.customer_id).exclude(pk=self.row.pk))


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb: how it is asked for, and `leads`, where it leads from each state that allows it.

    Every other state answers 409 `invalid_transition`, or what `others` says; `to` is where it was to lead, "" is
    nowhere else. Of what it has done, `fact` is told and `shows` is seen in the row and the answer; what leaves the row
    itself alone writes no history.
    """

    ask: Callable[[Asked], Any]
    leads: dict[str, str]
    to: str = ""
    others: dict[str, str] = field(default_factory=dict)
    fact: str = ""
    shows: Callable[[Asked, dict[str, Any]], bool]
    has_history: bool = True


def post(path: str, body: Any = None) -> Callable[[Asked], Any]:
    """Post a body, or what one knows to be it, to an address under the subscription's."""
    return lambda asked: asked.api.post(f"{asked.path}/{path}", body(asked) if callable(body) else body)


def of_change(verb: str, body: dict[str, Any]) -> Callable[[Asked], Any]:
    """Ask something of the change that was scheduled."""
    return lambda asked: asked.api.post(f"{asked.path}/schedule/{asked.change.public_id}/{verb}", body)


def redeem_gift(asked: Asked) -> Any:
    """Redeem a gift of the plan for the subscription's customer."""
    customer = asked.known["customers"][asked.state].public_id
    return asked.api.post("/api/v1/gifts/redeem", {"code": asked.known["gift"], "customer": customer})


def change_waits(at: datetime | None, quantity: int) -> Callable[[Asked, dict[str, Any]], bool]:
    """Whether a change of the quantity waits for an instant, or the next period."""
    return lambda asked, _: (
        ScheduledChange.objects.of(asked.row).pending().filter(effective_at=at, wanted__quantity=quantity).count() == 1
    )


def addons(asked: Asked) -> int:
    """How many add-ons it has."""
    return asked.row.addons.filter(removed_at=None).count()


VERBS: Final[dict[str, Verb]] = {
    "cancel_now": Verb(
        ask=post("cancel", {"at": "now"}), leads=dict.fromkeys(states.LIVE, "canceled"), to="canceled", others=LOST,
        fact="subscription.canceled", shows=lambda asked, _: asked.row.ended_at == NOW,
    ),
    "cancel_at_period_end": Verb(
        ask=post("cancel", {"at": "period_end"}), leads=LATER, to="canceled", others=LOST,
        fact="subscription.cancellation_scheduled",
        shows=lambda asked, _: asked.row.cancel_at == asked.row.period_ends_at,
    ),
    "cancel_at_a_date": Verb(
        ask=post("cancel", {"at": LEAVES.isoformat()}), leads=LATER, to="canceled", others=LOST,
        fact="subscription.cancellation_scheduled", shows=lambda asked, _: asked.row.cancel_at == LEAVES,
    ),
    "delete": Verb(
        ask=lambda asked: asked.api.delete(asked.path), leads=LATER, to="canceled", others=LOST,
        fact="subscription.cancellation_scheduled",
        shows=lambda asked, _: asked.row.cancel_at == asked.row.period_ends_at,
    ),
    "undo_cancellation": Verb(
        ask=post("undo-cancellation"), leads={}, to="active",
        others=LOST | dict.fromkeys(states.LIVE, "no_cancellation_scheduled"), shows=lambda *_: False,
    ),
    "end": Verb(
        ask=post("end", {}), leads=dict.fromkeys(("incomplete", *LATER), "expired"), to="expired",
        fact="subscription.expired", shows=lambda asked, _: asked.row.reason == "ended",
    ),
    "pause_now": Verb(
        ask=post("pause", {"at": "now"}), leads=dict.fromkeys(RUNNING, "paused"), to="paused",
        fact="subscription.paused", shows=lambda asked, _: asked.row.paused_at == NOW,
    ),
    "pause_at_period_end": Verb(
        ask=post("pause", {"at": "period_end"}), leads=RUNNING, to="paused", fact="subscription.pause_scheduled",
        shows=lambda asked, _: asked.row.pauses_at == asked.row.period_ends_at,
    ),
    "resume": Verb(
        ask=post("resume"), leads={"paused": "active"}, to="active", fact="subscription.resumed",
        shows=lambda asked, _: asked.row.paused_at is None,
    ),
    "renew": Verb(
        ask=post("renew", {"intervals": 2}), leads=RUNNING, to="active", fact="subscription.renewal_requested",
        shows=lambda asked, _: asked.row.extensions.get().intervals == 2,
    ),
    "activate": Verb(
        ask=post("activate"), leads={"trialing": "active"}, to="active", fact="subscription.activated",
        shows=lambda asked, _: asked.row.period_index == 0 and asked.row.trial_ends_at == NOW,
    ),
    "extend_trial": Verb(
        ask=post("trial/extend", {"days": 5}), leads={"trialing": SAME}, to="trialing",
        fact="subscription.trial_extended", shows=lambda asked, _: asked.row.trial_ends_at == NOW + timedelta(days=19),
    ),
    "change": Verb(
        ask=post("change", {"quantity": 2}), leads=CHANGEABLE, fact="subscription.changed",
        shows=lambda asked, body: (asked.row.quantity, body["subscription"]["quantity"]) == (2, 2),
    ),
    "put": Verb(
        ask=lambda asked: asked.api.put(asked.path, {"quantity": 2}), leads=CHANGEABLE, fact="subscription.changed",
        shows=lambda asked, body: (asked.row.quantity, body["quantity"]) == (2, 2),
    ),
    "preview": Verb(
        ask=post("change/preview", {"quantity": 2}), leads=CHANGEABLE, has_history=False,
        shows=lambda asked, _: asked.row.quantity == 1,
    ),
    "change_at_period_end": Verb(
        ask=post("change", {"quantity": 2, "at": "period_end"}), leads=CHANGEABLE, has_history=False,
        fact="subscription.change_scheduled", shows=change_waits(None, 2),
    ),
    "change_at_an_instant": Verb(
        ask=post("change", {"quantity": 2, "at": SOON.isoformat()}), leads=CHANGEABLE, has_history=False,
        fact="subscription.change_scheduled", shows=change_waits(SOON, 2),
    ),
    "replace": Verb(
        ask=of_change("replace", {"quantity": 4, "at": SOON.isoformat()}), leads=CHANGEABLE, others=OVER,
        has_history=False, fact="subscription.change_scheduled",
        shows=lambda asked, body: asked.change.state == "withdrawn" and change_waits(SOON, 4)(asked, body),
    ),
    "withdraw": Verb(
        ask=of_change("withdraw", {}), leads=CHANGEABLE | {"incomplete": SAME}, others=OVER, has_history=False,
        fact="subscription.change_withdrawn", shows=lambda asked, _: asked.change.state == "withdrawn",
    ),
    "add_addon": Verb(
        ask=post("addons", lambda asked: {"addon": asked.known["spare"].public_id}), leads=CHANGEABLE,
        fact="subscription.addon_added", shows=lambda asked, _: addons(asked) == 2,
    ),
    "remove_addon": Verb(
        ask=lambda asked: asked.api.post(f"{asked.path}/addons/{asked.row.addons.get().public_id}/remove", {}),
        leads=CHANGEABLE, fact="subscription.addon_removed", shows=lambda asked, _: addons(asked) == 0,
    ),
    "redeem_coupon": Verb(
        ask=post("coupons", {"code": "HALF"}), leads=dict.fromkeys(states.LIVE, SAME), fact="coupon.redeemed",
        shows=lambda _, body: [one["code"] for one in body["coupons"]] == ["KEPT", "HALF"],
    ),
    "remove_coupon": Verb(
        ask=post("change", {"remove_coupons": ["KEPT"]}), leads=CHANGEABLE, fact="subscription.changed",
        shows=lambda _, body: body["subscription"]["coupons"] == [],
    ),
    "redeem_gift": Verb(
        ask=redeem_gift, leads=GIVEN, others=NOT_ITS_OWN, fact="subscription.extended",
        shows=lambda asked, body: body["subscription"] in {one.public_id for one in {asked.row, *asked.begun}},
    ),
}  # fmt: skip
# What customers may ask for under `/me`, if the environment lets them do everything.
OWN: Final = (
    "cancel_now", "cancel_at_period_end", "cancel_at_a_date", "undo_cancellation", "pause_now", "pause_at_period_end",
    "resume", "renew", "change", "change_at_period_end", "change_at_an_instant", "replace", "withdraw",
)  # fmt: skip
