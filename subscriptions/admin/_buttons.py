"""The buttons of a subscription's page."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from core import clock
from core.console import actor, verb
from subscriptions import services, states
from subscriptions.admin._forms import CancelAtForm, CancelForm, CancelNowForm, EndForm, ExtendForm, PauseForm
from subscriptions.models import Subscription


def may(asked: str) -> Callable[[Subscription], bool]:
    """This function will return whether a subscription's state lets a verb be asked for."""
    return lambda row: row.status in states.VERBS[asked][0]


def _is_ending(row: Subscription) -> bool:
    return row.cancel_at is not None and may("undo_cancellation")(row)


def _rests(row: Subscription) -> bool:
    return row.pauses_at is not None or may("resume")(row)


class Buttons:
    """Each asks for a reason and calls the same verb as the API."""

    NAMES = (
        "cancel_now", "cancel_at_period_end", "cancel_at", "undo_cancellation", "pause", "resume", "activate",
        "extend_trial", "end",
    )  # fmt: skip

    @verb(description="Cancel now", permission="cancel", icon="cancel", form=CancelNowForm, possible=may("cancel"))
    def cancel_now(self, request: HttpRequest, row: Subscription, reason: str, why: str, refund: str) -> str:
        """This function will end the subscription at once."""
        services.cancel_subscription(
            subscription_id=row.pk, at="now", reason=why, comment=reason, refund=_refund(refund), **_by(request)
        )
        return "The subscription is canceled."

    @verb(
        description="Cancel at period end",
        permission="cancel",
        icon="event_busy",
        form=CancelForm,
        possible=may("cancel"),
    )
    def cancel_at_period_end(self, request: HttpRequest, row: Subscription, reason: str, why: str) -> str:
        """This function will let the subscription end when what is paid for is used up."""
        canceled = services.cancel_subscription(
            subscription_id=row.pk, at="period_end", reason=why, comment=reason, **_by(request)
        )
        return f"The subscription ends at {_moment(canceled.cancel_at or canceled.ended_at)}."

    @verb(
        description="Cancel at a date",
        permission="cancel",
        icon="event",
        form=CancelAtForm,
        possible=may("cancel_later"),
    )
    def cancel_at(
        self, request: HttpRequest, row: Subscription, reason: str, why: str, refund: str, at: datetime
    ) -> str:
        """This function will let the subscription end at an instant."""
        services.cancel_subscription(
            subscription_id=row.pk, at=at, reason=why, comment=reason, refund=_refund(refund), **_by(request)
        )
        return f"The subscription ends at {_moment(at)}."

    @verb(description="Undo cancellation", permission="cancel", icon="undo", possible=_is_ending)
    def undo_cancellation(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will let the subscription go on after all."""
        services.undo_cancellation(subscription_id=row.pk, **_by(request))
        return "The subscription goes on."

    @verb(description="Pause", permission="pause", icon="pause", form=PauseForm, possible=may("pause"))
    def pause(
        self, request: HttpRequest, row: Subscription, reason: str, at: str, until: datetime | None, policy: str
    ) -> str:
        """This function will let the subscription rest."""
        paused = services.pause_subscription(
            subscription_id=row.pk, at=at, until=until, policy=policy, reason=reason, **_by(request)
        )
        return f"The subscription rests from {_moment(paused.paused_at or paused.pauses_at)} on."

    @verb(description="Resume", permission="pause", icon="play_arrow", possible=_rests)
    def resume(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will let the subscription go on, or not rest at all."""
        resumed = services.resume_subscription(subscription_id=row.pk, **_by(request))
        return f"The subscription goes on; its period ends at {_moment(resumed.period_ends_at)}."

    @verb(description="End trial now", permission="try", icon="rocket_launch", possible=may("activate"))
    def activate(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will begin the paid time."""
        begun = services.activate_subscription(subscription_id=row.pk, **_by(request))
        return f"The trial is over; the subscription is {begun.status.replace('_', ' ')}."

    @verb(description="Extend trial", permission="try", icon="more_time", form=ExtendForm, possible=may("extend_trial"))
    def extend_trial(self, request: HttpRequest, row: Subscription, reason: str, days: int) -> str:
        """This function will lengthen the trial."""
        longer = services.extend_trial(subscription_id=row.pk, days=days, reason=reason, **_by(request))
        return f"The trial ends at {_moment(longer.trial_ends_at)}."

    @verb(description="End", permission="end", icon="stop_circle", form=EndForm, possible=may("end"))
    def end(self, request: HttpRequest, row: Subscription, reason: str, refund: str) -> str:
        """This function will end the subscription as if its term were over."""
        services.end_subscription(subscription_id=row.pk, comment=reason, refund=_refund(refund), **_by(request))
        return "The subscription has ended."


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": actor(request), "now": clock.now()}


def _refund(word: str) -> services.Refund:
    return services.Refund(word or services.Refund.NONE)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "once"
