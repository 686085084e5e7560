"""Usage counted twice over: used up against a hard limit, and measured for the bill."""

from decimal import Decimal

from local.client import Refused
from local.tour import company
from local.tour.invoices import await_paid, described
from local.tour.stage import Stage, Wrong, expect, money
from local.tour.subscribing import SEATS

# 1250 calls in all, the largest of them sent twice.
CALLS = (100, 150, 400, 600)
FIRST_USE = 600
DECLINED_STATUS = 429


def use_up_limit(stage: Stage) -> str:
    """This step will use a feature up to its hard limit, and see one more refused."""
    body = {"customer": stage.recall("carol")["id"], "feature": company.METER}
    stage.api.post("/usage/use", {**body, "delta": FIRST_USE})
    standing = stage.api.post("/usage/use", {**body, "delta": company.CALLS_LIMIT - FIRST_USE})
    expect(standing["remaining"] == 0, f"{standing['remaining']} remain")
    try:
        stage.api.post("/usage/use", {**body, "delta": 1})
    except Refused as refusal:
        expect(refusal.status == DECLINED_STATUS, str(refusal))
        return f"{standing['current_usage']} of {standing['limit']} used; one more: {refusal.status} {refusal.code}"
    raise Wrong("one more than the limit was allowed")


def send_events(stage: Stage) -> str:
    """This step will send metered events, one of them twice, and see each counted once."""
    customer = stage.recall("carol")["id"]
    events = [
        {"id": f"demo-{stage.tag}-{number}", "meter": company.METER, "customer": customer, "value": str(calls)}
        for number, calls in enumerate(CALLS)
    ]
    done = stage.api.post("/events/batch", {"events": [*events, events[-1]]})
    expect((done["accepted"], done["duplicates"]) == (len(CALLS), 1), f"accepted {done['accepted']}, not {len(CALLS)}")
    meter = stage.api.get("/usage/summary", customer=customer)["meters"][0]
    expect(Decimal(meter["value"]) == sum(CALLS), f"the meter shows {meter['value']}")
    return f"{done['accepted']} events accepted, {done['duplicates']} duplicate; {meter['meter']} shows {sum(CALLS)}"


def check_arrears(stage: Stage) -> str:
    """This step will see the month's usage on the renewal's invoice, beside the next month's seats."""
    used = sum(CALLS) * company.CALL_CENTS
    seats = SEATS * company.SEAT_MINOR
    invoice = await_paid(stage, stage.recall("carol.subscription"), period=1, minor=used + seats)
    amounts = sorted(line["amount_minor"] for line in invoice["lines"])
    expect(amounts == sorted([used, seats]), f"the lines come to {amounts}")
    return (
        f"{described(invoice)}: seats {money(seats, 'USD')} ahead, {sum(CALLS)} calls {money(used, 'USD')} in arrears"
    )
