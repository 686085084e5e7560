"""How a subscription ends, as rules of its own row."""

from datetime import datetime
from typing import Any

from subscriptions import states
from subscriptions.models._refusals import AlreadyCanceled, CancellationScheduled, NoCancellationScheduled
from subscriptions.proration import Refund


class Ending:
    """What a subscription's row decides about its end."""

    # Columns of the subscription.
    reason: Any
    comment: Any
    cancel_at: Any
    cancel_refund: Any
    canceled_at: Any
    ended_at: Any
    renews_at: Any
    remind_at: Any
    paused_at: Any
    resumes_at: Any
    pauses_at: Any

    def schedule_cancellation(self: Any, *, at: datetime, reason: str, comment: str, refund: Refund) -> None:
        """This function will let the subscription end at an instant; `refund` is what becomes of an unused rest.

        :raises AlreadyCanceled: if it is canceled.
        :raises CancellationScheduled: if that is decided already.
        :raises InvalidTransition: if it has not begun, waits for its first payment, or has expired.
        """
        self.refuse_unless_cancelable_later()
        self.cancel_at, self.reason, self.comment, self.cancel_refund = at, reason, comment, refund.value
        self._follow_end()

    def refuse_unless_cancelable_later(self: Any) -> None:
        """This function will raise what `schedule_cancellation` raises."""
        self.refuse_if_canceled()
        states.refuse_verb("cancel_later", self.status)
        self.refuse_if_ending()

    def undo_cancellation(self: Any) -> None:
        """This function will withdraw a scheduled cancellation.

        :raises AlreadyCanceled: if it has taken effect.
        :raises InvalidTransition: if the subscription has expired.
        :raises NoCancellationScheduled: if there is none.
        """
        self.refuse_if_canceled()
        states.refuse_verb("undo_cancellation", self.status)
        if self.cancel_at is None:
            raise NoCancellationScheduled
        self.cancel_at, self.reason, self.comment, self.cancel_refund = None, "", "", Refund.NONE.value
        self._follow_end()

    def cancel(self: Any, *, at: datetime, reason: str, comment: str = "") -> None:
        """This function will end the subscription by somebody's will.

        :raises AlreadyCanceled: if it is canceled.
        :raises InvalidTransition: if it has expired.
        """
        self.refuse_if_canceled()
        self.move_to(states.CANCELED)
        self.canceled_at, self.reason, self.comment = at, reason, comment
        self._end(at)

    def expire(self: Any, *, at: datetime, reason: str, comment: str = "") -> None:
        """This function will end the subscription because its time is over.

        :raises InvalidTransition: if it is over already, or has not begun.
        """
        self.move_to(states.EXPIRED)
        self.reason, self.comment = reason, comment
        self._end(at)

    def _end(self: Any, at: datetime) -> None:
        self.ended_at, self.renews_at, self.remind_at = at, None, None
        self.paused_at = self.resumes_at = self.pauses_at = None

    def _follow_end(self: Any) -> None:
        if self.period_index is None:
            self.set_reminder()
        else:
            self.set_ends()

    def refuse_if_canceled(self: Any) -> None:
        """This function will raise AlreadyCanceled if the subscription was ended by somebody's will."""
        if self.status == states.CANCELED and self.canceled_at is not None:
            way: dict[str, Any] = {"from": states.CANCELED, "to": states.CANCELED, "allowed": []}
            raise AlreadyCanceled(canceled_at=self.canceled_at.isoformat(), **way)

    def refuse_if_ending(self: Any) -> None:
        """This function will raise CancellationScheduled if its end is decided."""
        if self.cancel_at is not None:
            raise CancellationScheduled(cancel_at=self.cancel_at.isoformat())
