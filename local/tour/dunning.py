"""What becomes of a customer whose card fails for good."""

from datetime import datetime

from local.tour.stage import Body, Stage, await_, expect, money

DAYS = [2, 7, 14, 21]


def check_retries(stage: Stage) -> str:
    """This step will see that the declined invoice was tried on the days of the default policy, and given up."""
    subscription = stage.recall("bob.subscription")
    case = await_(lambda: _given_up(stage, subscription), f"the dunning of {subscription['id']} ends")
    tried = [_days(case, step) for step in case["steps"] if step["kind"] == "scheduled"]
    expect(tried == DAYS, f"it was tried on the days {tried}")
    ended = stage.api.get(f"/subscriptions/{subscription['id']}")
    expect(ended["status"] == "canceled", f"{ended['id']} is {ended['status']}")
    owed = money(case["due_minor"], case["currency"])
    return f"{case['id']} {owed} tried on days {', '.join(map(str, tried))}, then {ended['id']} was canceled"


def _given_up(stage: Stage, subscription: Body) -> Body | None:
    cases: list[Body] = stage.api.get("/dunning", reference=subscription["id"], state="exhausted")["data"]
    return cases[0] if cases else None


def _days(case: Body, step: Body) -> int:
    began, at = (datetime.fromisoformat(text) for text in (case["first_failure_at"], step["at"]))
    return (at - began).days
