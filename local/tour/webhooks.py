"""What others are told: signed webhooks, and the feed that has everything."""

from typing import Any

from local.tour.stage import Stage, await_, expect

TOLD = ("subscription.trial_started", "invoice.paid", "payment.failed", "subscription.past_due", "gift.redeemed")
PAGE = 100


def register_endpoint(stage: Stage) -> str:
    """This step will register the receiver as an endpoint for everything."""
    endpoint = stage.api.post("/webhook-endpoints", {"url": stage.receiver.url, "description": "Tour", "events": ["*"]})
    stage.receiver.trust(endpoint["secret"])
    stage.keep("endpoint", endpoint)
    return f"{endpoint['id']} {endpoint['url']}"


def check_deliveries(stage: Stage) -> str:
    """This step will see that the receiver was sent what happened, each with a signature that is right."""
    endpoint = stage.recall("endpoint")
    await_(lambda: not _missing(stage), "every webhook has come in")
    path = f"/webhook-endpoints/{endpoint['id']}/deliveries"
    expect(not stage.receiver.refused, f"{stage.receiver.refused} signatures were wrong")
    delivery = await_(
        lambda: stage.api.get(path, type="invoice.paid", state="succeeded")["data"], "a delivery on record"
    )
    # The receiver goes with the tour; without it the endpoint would only collect failures.
    stage.api.send("PATCH", f"/webhook-endpoints/{endpoint['id']}", {"enabled": False})
    count, shown = len(stage.receiver.events()), delivery[-1]
    return f"{count} events, every signature right; {shown['type']} {shown['id']} answered {_status(shown)}"


def _missing(stage: Stage) -> set[str]:
    return set(TOLD) - {one["type"] for one in stage.receiver.events()}


def _status(delivery: dict[str, Any]) -> int:
    return int(delivery["attempts"][-1]["status"])


def check_feed(stage: Stage) -> str:
    """This step will read the feed from its beginning and find every number in it once."""
    numbers: list[int] = []
    while page := stage.api.get("/events-feed", after=numbers[-1] if numbers else 0, limit=PAGE)["data"]:
        numbers += [one["sequence"] for one in page]
    expect(numbers == list(range(1, len(numbers) + 1)), "numbers are missing")
    return f"{len(numbers)} events, numbered 1 to {len(numbers)}"
