"""The demo company: what it measures and what it sells, made over the API where it is missing."""

from typing import Any

from local.tour.stage import Body, Stage, expect, money

METER = "api_calls"
CALLS_LIMIT = 1000
BASIC_MINOR, SEAT_MINOR = 1000, 2900
# Cents per call; the events the tour sends come to a whole amount.
CALL_CENTS = 2


def offer_plans(stage: Stage) -> str:
    """This step will make the meter and both plans, and find them on the list that customers see."""
    meter = found_or_made(stage, "/meters", METER_BODY)
    stage.keep("meter", meter)
    basic = stage.keep("basic", found_or_made(stage, "/plans", BASIC))
    with_calls = {**PRO, "prices": [SEAT, {**CALLS, "meter": meter["id"]}]}
    pro = stage.keep("pro", found_or_made(stage, "/plans", with_calls))
    shop = stage.api.acting_as(stage.settings.publishable_key)
    offered = {one["id"] for one in shop.get("/plans", archived="false", limit=100)["data"]}
    expect({basic["id"], pro["id"]} <= offered, f"the shop offers {sorted(offered)} only")
    return (
        f"{basic['id']} Basic {money(BASIC_MINOR, 'USD')}/month after {basic['trial_days']} days on trial; "
        f"{pro['id']} Pro {money(SEAT_MINOR, 'USD')}/seat and 0.02 USD/API call"
    )


def found_or_made(stage: Stage, path: str, body: Body) -> Body:
    """This function will return what a path has under the code of a body, made by the body where it has nothing."""
    found: Body | None = _find(stage, path, body["code"])
    return found or stage.api.post(path, body, key=f"demo-{path[1:]}-{body['code']}-{stage.tag}")


def _find(stage: Stage, path: str, code: str) -> Body | None:
    data: list[Body] = stage.api.get(path, code=code)["data"]
    return data[0] if data else None


METER_BODY: Body = {"code": METER, "name": "API calls", "aggregation": "sum"}
_MONTHLY: dict[str, Any] = {"currency": "USD", "interval": "month"}
SEAT: Body = {"name": "Seat", "unit_amount": "29.00", "model": "per_unit", **_MONTHLY}
CALLS: Body = {
    "name": "API calls", "kind": "usage", "model": "per_unit", "unit_amount": "0.02", "billed": "arrears", **_MONTHLY
}  # fmt: skip
BASIC: Body = {
    "code": "basic", "name": "Basic", "family": "main", "trial_days": 14, "publish": True,
    "description": "For one person.",
    "prices": [{"name": "Basic", "model": "flat", "unit_amount": "10.00", **_MONTHLY}],
}  # fmt: skip
PRO: Body = {
    "code": "pro", "name": "Pro", "family": "main", "publish": True, "description": "For teams, by the seat.",
    "features": [
        {
            "code": METER, "name": "API calls", "kind": "metered", "limit": str(CALLS_LIMIT), "limit_kind": "hard",
            "reset": "subscription",
        }
    ],
}  # fmt: skip
