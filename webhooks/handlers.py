"""Every fact is offered to every endpoint."""

from core import events
from core.events import StoredFact
from webhooks import internal


@events.hears_everything
def queue_deliveries(fact: StoredFact) -> None:
    """This handler will queue a fact for the endpoints that listen to it."""
    internal.queue_fact(fact)
