"""When a declined invoice is tried again, and when that ends: computed from what the policy says and what happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any, Final

from core import errors

MOST_RETRIES: Final = 15
LONGEST_GAP_DAYS: Final = 60
LONGEST_GRACE_DAYS: Final = 365


class EndAction(StrEnum):
    """What becomes of the agreement whose invoice nobody could collect."""

    CANCEL = "cancel"
    PAUSE = "pause"
    LEAVE = "leave"


class DunningPolicyInvalid(errors.Invalid):
    """`field` is the member that is wrong."""

    code = "dunning_policy_invalid"
    title = "The policy makes no sense."


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How declines are followed up: retries after gaps of `days`, access for `grace_days`, and then `end_action`.

    Days are of 24 hours and count from the first failure. `writes_off` gives the invoice up at the end; `notifies`
    writes to the customer at each step.
    """

    days: tuple[int, ...] = (2, 5, 7, 7)
    grace_days: int = 21
    end_action: EndAction = EndAction.CANCEL
    writes_off: bool = False
    notifies: bool = True

    def changed(self, **members: Any) -> "Policy":
        """This function will return the policy with some members changed, as they are written outside."""
        read: dict[str, Callable[[Any], Any]] = {"days": tuple, "end_action": EndAction}
        return replace(self, **{name: read.get(name, lambda given: given)(value) for name, value in members.items()})

    def check(self) -> None:
        """This function will refuse a policy that makes no sense.

        :raises DunningPolicyInvalid: naming the member.
        """
        if len(self.days) > MOST_RETRIES or not all(1 <= gap <= LONGEST_GAP_DAYS for gap in self.days):
            raise DunningPolicyInvalid(
                f"The gaps are at most {MOST_RETRIES} numbers of 1 to {LONGEST_GAP_DAYS} days.", field="days"
            )
        if not 0 <= self.grace_days <= LONGEST_GRACE_DAYS:
            raise DunningPolicyInvalid(f"The grace days are from 0 to {LONGEST_GRACE_DAYS}.", field="grace_days")


DEFAULT: Final = Policy()


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far the dunning of one invoice has come: the scheduled retries made, and whether the bank's no was final.

    `shift_days` is what an operator has added to everything that was still to come.
    """

    days: tuple[int, ...]
    grace_days: int
    first_failure_at: datetime
    attempts: int = 0
    is_hard: bool = False
    shift_days: int = 0

    @property
    def retries_at(self) -> Sequence[datetime]:
        """The instants of all scheduled retries, made or not."""
        return [self._on_day(day) for day in accumulate(self.days)]

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is tried next; None after the last retry, and after a hard decline."""
        return None if self.is_hard or self.attempts >= len(self.days) else self.retries_at[self.attempts]

    @property
    def grace_until(self) -> datetime:
        """Until when what was not paid for may still be used."""
        return self._on_day(self.grace_days)

    @property
    def last_at(self) -> datetime:
        """When it ends at the earliest if every retry that is still to come is declined."""
        return self.grace_until if self.next_attempt_at is None else max(self.retries_at[-1], self.grace_until)

    def attempted(self, *, at: datetime) -> "Course":
        """This function will count a scheduled retry. One that comes late stands for those that it missed, too."""
        missed = sum(planned <= at for planned in self.retries_at)
        return replace(self, attempts=min(max(self.attempts + 1, missed), len(self.days)))

    def declined(self, *, is_hard: bool) -> "Course":
        """This function will note an answer: a hard decline ends the schedule, a soft one moves nothing."""
        return replace(self, is_hard=self.is_hard or is_hard)

    def extended(self, *, days: int) -> "Course":
        """This function will move everything that is still to come by so many days."""
        return replace(self, shift_days=self.shift_days + days)

    def ends_at(self, *, now: datetime) -> datetime | None:
        """When the end action applies, as nothing more is tried: not before the grace days are over. None until then.

        `now` is the instant of the last answer.
        """
        return None if self.next_attempt_at is not None else max(now, self.grace_until)

    def _on_day(self, day: int) -> datetime:
        return self.first_failure_at + timedelta(days=day + self.shift_days)
