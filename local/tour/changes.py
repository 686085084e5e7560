"""Changes that wait for their day, and a break whose days are given back; watched while the clock is moved."""

from datetime import datetime, timedelta

from local.tour import clock, company
from local.tour.invoices import await_paid, described
from local.tour.stage import Body, Stage, day, expect
from local.tour.subscribing import SEATS

MORE_SEATS, TOO_MANY = 5, 50
MORE_MINOR = MORE_SEATS * company.SEAT_MINOR
PERIOD_END = "period_end"


def plan(stage: Stage) -> str:
    """This step will have a change of seats wait for the next period, and another one withdrawn before it happens."""
    path = _path(stage)
    wrong = stage.api.post(f"{path}/change", {"quantity": TOO_MANY, "at": PERIOD_END})["change"]
    stage.api.post(f"{path}/schedule/{wrong['id']}/withdraw", {"reason": "a slip of the hand"})
    asked = {"quantity": MORE_SEATS, "at": PERIOD_END}
    foretold = stage.api.post(f"{path}/change/preview", asked)
    change = stage.keep("carol.change", stage.api.post(f"{path}/change", asked)["change"])
    waiting = [row["id"] for row in stage.api.get(f"{path}/schedule", state="pending")["data"]]
    expect(waiting == [change["id"]], f"{waiting} wait")
    expect(foretold["renewal"]["total_minor"] == MORE_MINOR, f"foretold is {foretold['renewal']['total_minor']}")
    seats = stage.api.get(path)["quantity"]
    expect(seats == SEATS, f"there are {seats} seats already")
    return f"{change['id']} to {MORE_SEATS} seats on {day(change['takes_effect_at'])}; {wrong['id']} withdrawn"


def pause(stage: Stage) -> str:
    """This step will have the subscription rest from now on, until somebody resumes it."""
    path = _path(stage)
    stage.keep("carol.before", stage.api.get(path))
    resting = stage.api.post(f"{path}/pause", {"at": "now", "policy": "give_back", "reason": "a holiday"})
    expect(resting["status"] == "paused", f"{resting['id']} is {resting['status']}")
    return f"{resting['id']} paused, its days to be given back"


def resume(stage: Stage) -> str:
    """This step will resume the subscription and find its period longer by as many days as it rested."""
    before, now = stage.recall("carol.before"), stage.api.post(f"{_path(stage)}/resume")
    expect(now["status"] == "active", f"{now['id']} is {now['status']}")
    given = _ends(now) - _ends(before)
    expect(given == timedelta(days=clock.BREAK_DAYS), f"{given} were given back")
    return f"{now['id']} active, its period ends on {_ends(now):%Y-%m-%d} instead of {_ends(before):%Y-%m-%d}"


def check(stage: Stage) -> str:
    """This step will see that the change came with the period after the break, and was billed with it."""
    subscription = stage.api.get(_path(stage))
    expect(subscription["quantity"] == MORE_SEATS, f"there are {subscription['quantity']} seats")
    rows = stage.api.get(f"{_path(stage)}/schedule")["data"]
    done = next(row for row in rows if row["id"] == stage.recall("carol.change")["id"])
    expect(done["state"] == "applied", f"{done['id']} is {done['state']}")
    return described(await_paid(stage, subscription, period=2, minor=MORE_MINOR))


def _path(stage: Stage) -> str:
    return f"/subscriptions/{stage.recall('carol.subscription')['id']}"


def _ends(subscription: Body) -> datetime:
    return datetime.fromisoformat(subscription["period_ends_at"])
