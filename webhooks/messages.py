"""What an endpoint is sent: the body of a fact, and the headers of an attempt, as Standard Webhooks asks."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from django.conf import settings

from core import signatures
from core.events import StoredFact

# Receivers need not take more; a larger fact is sent thin, with a link to the whole.
LARGEST_BODY: Final = 64 * 1024
USER_AGENT: Final = "Perennial-Webhooks/1"


def body_of(fact: StoredFact) -> str:
    """This function will return the text that is sent for a fact, at most 64 KiB in UTF-8."""
    whole = _written({**_envelope(fact), "data": fact.data})
    return whole if len(whole.encode()) <= LARGEST_BODY else _written({**_envelope(fact), "data": None, **_link(fact)})


def headers_of(*, secrets: Sequence[str], event_id: str, body: bytes, timestamp: int) -> dict[str, str]:
    """This function will return the headers of one attempt, signed with every secret that is valid.

    `timestamp` is the time of the attempt in Unix seconds.
    """
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures.sign_standard(secrets, event_id, timestamp, body),
    }


def _envelope(fact: StoredFact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "type": fact.type,
        "version": fact.version,
        "timestamp": fact.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sequence": fact.sequence,
        "subject": fact.subject,
    }


def _link(fact: StoredFact) -> dict[str, str]:
    return {"link": f"{settings.PUBLIC_URL}/api/v1/events-feed?after={fact.sequence - 1}&limit=1"}


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
