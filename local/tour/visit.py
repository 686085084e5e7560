"""A later visit: the demo company is there, and all is quiet."""

from collections import Counter
from collections.abc import Iterator

from local.tour.stage import Body, Stage, await_, expect, money

PAGE = 100


def count_company(stage: Stage) -> str:
    """This step will count what the earlier tour has left."""
    customers, plans = len(list(_all(stage, "/customers"))), len(list(_all(stage, "/plans")))
    subscriptions = Counter(one["status"] for one in _all(stage, "/subscriptions"))
    expect(customers and plans and subscriptions, "somebody has taken the demo company away")
    states = ", ".join(f"{count} {status}" for status, count in sorted(subscriptions.items()))
    return f"{customers} customers, {plans} plans, subscriptions: {states}"


def count_money(stage: Stage) -> str:
    """This step will add up the paid invoices, one sum for each currency."""
    sums: Counter[str] = Counter()
    numbers = [sums.update({one["currency"]: one["paid_minor"]}) for one in _all(stage, "/invoices", state="paid")]
    expect(numbers, "no invoice is paid")
    return f"{len(numbers)} paid invoices, " + ", ".join(money(minor, name) for name, minor in sorted(sums.items()))


def check_outbox(stage: Stage) -> str:
    """This step will see that the relay is alive and nothing waits for it."""
    found = await_(lambda: _quiet(stage), "the relay is alive and has nothing left to do")
    return f"{found['pending_events']} events pending, the relay is alive"


def _quiet(stage: Stage) -> Body | None:
    outbox: Body = stage.api.get("/health/detailed")["components"]["outbox"]
    return outbox if outbox["dispatcher_running"] and not outbox["pending_events"] else None


def _all(stage: Stage, path: str, **query: str | int) -> Iterator[Body]:
    page = stage.api.get(path, limit=PAGE, **query)
    yield from page["data"]
    while page["next"]:
        page = stage.api.get(path, limit=PAGE, cursor=page["next"], **query)
        yield from page["data"]
