"""Conformance cases of dunning, answered by the course that the dunning of invoices follows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from billing.dunning import Course
from core.conformance import choice, conforms, instant, known, whole

_OUTCOMES: Final = {"cancel": "canceled", "pause": "paused", "past_due": "past_due"}
_KINDS: Final = ("soft_decline", "hard_decline", "method_updated", "paid_manually")
_DECLINES: Final = frozenset({"soft_decline", "hard_decline"})
Happened = tuple[datetime, str]


@dataclass(kw_only=True)
class _Story:
    """One course, and what happens to it. A case names no grace days, so a hard decline has not come to its end."""

    course: Course
    events: list[Happened]
    final: str
    attempts_at: list[datetime] = field(default_factory=list)
    is_paid: bool = False
    is_over: bool = False

    def told(self, at: datetime) -> set[str]:
        """This function will return what happens at an instant."""
        return {kind for when, kind in self.events if when == at}

    def answer(self, at: datetime, *, succeeds: bool) -> None:
        """This function will note an attempt of an instant and its answer: declined, or it `succeeds`."""
        kinds = self.told(at)
        if at not in self.attempts_at:
            self.attempts_at.append(at)
        self.course = self.course.declined(is_hard="hard_decline" in kinds)
        self.is_paid = succeeds and not kinds & _DECLINES

    def settle(self) -> None:
        """This function will see whether anything is left to be tried."""
        is_last = self.course.next_attempt_at is None and not self.course.is_hard
        self.is_over = is_last and self.final != "past_due"

    @property
    def outcome(self) -> str:
        """What has become of the subscription."""
        if self.is_paid:
            return "active"
        return _OUTCOMES[self.final] if self.is_over else "past_due"


@conforms("dunning", reads="schedule_days first_failure_at events as_of final_action")
def dunning(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer when a declined invoice was tried again, and how its subscription ended."""
    began = instant(given["first_failure_at"])
    days = tuple(whole(gap) for gap in given["schedule_days"])
    events = sorted(_event(known(one, "at kind")) for one in given["events"])
    course = Course(days=days, grace_days=0, first_failure_at=began)
    final = choice(given.get("final_action", "cancel"), *_OUTCOMES)
    story = _Story(course=course, events=events, final=final)
    story.course = course.declined(is_hard="hard_decline" in story.told(began))
    story.settle()
    until = instant(given["as_of"]) if "as_of" in given else None
    for at in _instants(story, until):
        _live(story, at)
    return {"attempts_at": story.attempts_at, "outcome": story.outcome}


def _event(given: dict[str, Any]) -> Happened:
    return instant(given["at"]), choice(given["kind"], *_KINDS)


def _instants(story: _Story, until: datetime | None) -> Iterator[datetime]:
    """Every instant at which something may happen, in order, as long as anything can."""
    every = {*(at for at, _ in story.events), *story.course.retries_at}
    for at in sorted(at for at in every if until is None or at <= until):
        if story.is_paid or story.is_over:
            return
        yield at


def _live(story: _Story, at: datetime) -> None:
    kinds = story.told(at)
    if "paid_manually" in kinds:
        story.is_paid = True
        return
    is_due = story.course.next_attempt_at == at
    if is_due:
        story.course = story.course.attempted(at=at)
    if is_due or "method_updated" in kinds:
        story.answer(at, succeeds="method_updated" in kinds)
    story.settle()
