"""Many events in one request: each is read, judged and answered by itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from core.actor import Actor
from core.http import validation
from usage import services
from usage.acceptance import NewEvent
from usage.api.serializers import EventRequest


@dataclass(frozen=True, kw_only=True)
class Misshapen:
    """An item that is no event; `code` and `message` are those of the first thing that is wrong with it."""

    id: str | None
    code: str
    message: str


def record(documents: Sequence[Any], *, actor: Actor, now: datetime) -> dict[str, Any]:
    """This function will store the events among the documents and return the answer's body.

    :raises usage.services.TooManyItems: for more than a batch may hold.
    """
    if len(documents) > services.MAX_EVENTS:
        raise services.TooManyItems(limit=services.MAX_EVENTS)
    read = read_all(documents)
    outcomes = services.record_events(events=[one for one in read if isinstance(one, NewEvent)], actor=actor, now=now)
    left = iter(outcomes)
    results = [
        {"index": index, **(_said(one) if isinstance(one, Misshapen) else _became(one, next(left)))}
        for index, one in enumerate(read)
    ]
    counts = Counter(result["status"] for result in results)
    return {
        "accepted": counts["accepted"], "duplicates": counts["duplicate"], "rejected": counts["rejected"],
        "results": results,
    }  # fmt: skip


def read_all(documents: Sequence[Any]) -> list[NewEvent | Misshapen]:
    """This function will read each document as an event. One serializer reads all: making one is dear."""
    reader = EventRequest()
    return [_read(reader, document) for document in documents]


def _read(reader: EventRequest, document: Any) -> NewEvent | Misshapen:
    try:
        return NewEvent(**reader.run_validation(document))
    except ValidationError as refused:
        first = validation.flatten(refused.detail)[0]
        sent = document.get("id") if isinstance(document, dict) else None
        where = first["pointer"].lstrip("/") or "event"
        known = sent if isinstance(sent, str) else None
        return Misshapen(id=known, code=first["code"], message=f"{where}: {first['message']}")


def _said(one: Misshapen) -> dict[str, Any]:
    return {"id": one.id, "status": "rejected", "code": one.code, "message": one.message}


def _became(event: NewEvent, outcome: services.Outcome) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": event.id, "status": outcome.status.value}
    if outcome.refusal is not None:
        shown |= {"code": outcome.refusal.code, "message": outcome.refusal.detail}
    return shown
