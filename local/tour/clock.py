"""The sandbox's clock, moved on; what falls due on the way happens in its order."""

from local.tour.stage import Body, Stage, await_, expect

TRIAL_DAYS, MONTH_DAYS, BREAK_DAYS = 15, 31, 10
# Everything that falls due on the way runs before the clock arrives.
TRAVEL_SECONDS = 120.0
MOST_TOLD = 100


def pass_trial(stage: Stage) -> str:
    """This step will move the clock behind the end of the trials."""
    return _advance(stage, TRIAL_DAYS)


def pass_month(stage: Stage) -> str:
    """This step will move the clock behind the next renewals."""
    return _advance(stage, MONTH_DAYS)


def pass_break(stage: Stage) -> str:
    """This step will move the clock on while somebody rests."""
    return _advance(stage, BREAK_DAYS)


def tell(stage: Stage) -> str:
    """This step will have the clock tell what its last move brought about, each at its instant and in order."""
    environment = stage.api.get("/auth/me")["environment"]
    told = stage.api.get(f"/environments/{environment['id']}/clock", limit=MOST_TOLD)
    move, instants = told["move"], [one["at"] for one in told["happened"]]
    expect(told["state"] == "stopped" and move["percent"] == 100, f"the clock is {told['state']}")
    expect(move["facts"] == sum(move["counts"].values()), f"{move['facts']} facts, counted as {move['counts']}")
    expect(instants == sorted(instants), "what happened is out of order")
    expect(all(move["starts_at"] <= at <= move["to"] for at in instants), "something happened at another time")
    renewed = move["counts"].get("subscription.renewed", 0)
    expect(renewed, f"nothing was renewed: {move['counts']}")
    return f"{move['facts']} facts from {move['starts_at'][:10]} to {move['to'][:10]}, {renewed} renewals among them"


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
