"""The shape of an audit entry on the wire."""

from typing import Any

from rest_framework import serializers

from audit import chain
from audit.models import Entry
from core.http.serializers import Instant, ResponseBody, StrictString


class EntryBody(ResponseBody):
    """One entry as it was signed; `sequence` is its place in the chain, null until it is sealed a moment later."""

    id = StrictString(source="public_id")
    at = Instant()
    actor = StrictString()
    action = StrictString()
    target = StrictString()
    outcome = StrictString()
    client_ip = StrictString()
    request_id = StrictString()
    event = StrictString(source="fact_id")
    sequence = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()

    def get_sequence(self, entry: Entry) -> int | None:
        """This function will return the entry's place in its chain."""
        seal = getattr(entry, "seal", None)
        return seal.sequence if seal else None

    def get_metadata(self, entry: Entry) -> dict[str, Any]:
        """This function will return the redacted details from the signed text."""
        details: dict[str, Any] = chain.parse(entry.text)["meta"]
        return details
