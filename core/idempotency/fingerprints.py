"""By what two requests are the same request. Pure."""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode


def fingerprint(method: str, path: str, query: list[tuple[str, str]], body: Any) -> bytes:
    """This function will return the 32 bytes by which two requests are the same request."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number)
    return sha256("\n".join([method, path, urlencode(sorted(query)), canonical]).encode()).digest()


def _number(value: Any) -> dict[str, str]:
    return {"decimal": str(value)}
