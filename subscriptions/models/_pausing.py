"""How a subscription rests and goes on, as rules of its own row."""

from datetime import datetime
from typing import Any

from core.periods import Alignment
from subscriptions import states


class Pausing:
    """What a subscription's row decides about its pauses."""

    # Columns of the subscription.
    paused_at: Any
    resumes_at: Any
    pauses_at: Any
    renews_at: Any
    remind_at: Any
    cancel_at: Any
    given_back: Any
    suspended_at: Any
    period_ends_at: Any
    period_boundary: Any
    anchor_at: Any
    wanted_anchor_at: Any
    alignment: Any

    def rest(self: Any, *, at: datetime, until: datetime | None) -> None:
        """This function will let the subscription rest from an instant of its period, or its end, on.

        :raises InvalidTransition: if the table does not lead to a pause.
        """
        self.move_to(states.PAUSED)
        self.paused_at, self.resumes_at, self.pauses_at = at, until, None
        # Nothing is granted meanwhile anyway; what is owed is looked at when it goes on.
        self.suspended_at = None
        self.renews_at = self.remind_at = None

    def plan_pause(self: Any, *, at: datetime) -> None:
        """This function will let the current period be the last before a pause."""
        self.pauses_at = at
        self.set_ends()

    def drop_pause(self: Any) -> None:
        """This function will withdraw a pause that has not begun."""
        self.pauses_at = None
        self.set_ends()

    def go_on(self: Any, *, at: datetime) -> None:
        """This function will end the pause, and lengthen the current period by it: the days are given back.

        Periods are counted from the new end on. An end that was to come with the period still comes with it.

        :raises InvalidTransition: if the subscription does not rest.
        """
        rested, old_end = at - self.paused_at, self.period.ends_at
        self.wake()
        self.given_back = (self.given_back or rested * 0) + rested
        self.period_ends_at, self.anchor_at, self.period_boundary = old_end + rested, old_end + rested, 0
        self.alignment, self.wanted_anchor_at = Alignment.ANNIVERSARY, None
        if self.cancel_at == old_end:
            self.cancel_at = self.period_ends_at
        self.set_ends()

    def wake(self: Any) -> None:
        """This function will end the pause; what follows is the caller's to say.

        :raises InvalidTransition: if the subscription does not rest.
        """
        self.move_to(states.ACTIVE)
        self.paused_at = self.resumes_at = None
