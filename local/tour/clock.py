"""The sandbox's clock, moved on; what falls due on the way happens in its order."""

from local.tour.stage import Body, Stage, await_, expect

TRIAL_DAYS, MONTH_DAYS = 15, 31
# Everything that falls due on the way runs before the clock arrives.
TRAVEL_SECONDS = 120.0


def pass_trial(stage: Stage) -> str:
    """This step will move the clock behind the end of the trials."""
    return _advance(stage, TRIAL_DAYS)


def pass_month(stage: Stage) -> str:
    """This step will move the clock behind the next renewals."""
    return _advance(stage, MONTH_DAYS)


def _advance(stage: Stage, days: int) -> str:
    environment = stage.api.get("/auth/me")["environment"]
    path = f"/environments/{environment['id']}"
    await_(lambda: _at_rest(stage, path), "the clock's earlier move ends", TRAVEL_SECONDS)
    moving = stage.api.post(f"{path}/clock/advance", {"by_days": days})
    # The first move freezes the clock where it is.
    begun, target = moving["clock_at"], moving["advancing_to"]
    arrived = await_(lambda: _at_rest(stage, path), "the clock arrives", TRAVEL_SECONDS)
    expect(arrived["clock_at"] == target, f"the clock shows {arrived['clock_at']} and not {target}")
    return f"{environment['id']} from {begun[:16]} to {target[:16]}"


def _at_rest(stage: Stage, path: str) -> Body | None:
    environment: Body = stage.api.get(path)
    return environment if environment["advancing_to"] is None else None
