"""Request ids: a client's own is taken over whole, or not at all."""

import re
from typing import Final

HEADER: Final = "X-Request-ID"

_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def is_accepted(header: str) -> bool:
    """May a client's request id be used.

    This function will answer whether the whole text is 1 to 128 ASCII letters, digits, dots, underscores or hyphens.
    Such an id is harmless in a log line, a header, a file name and a query.
    """
    return _ACCEPTED.fullmatch(header) is not None


def choose(header: str | None, fresh: str) -> str:
    """The id of a request.

    `header` is the text of X-Request-ID, None when absent. This function will answer it when `is_accepted`, otherwise
    `fresh`: an id that was shortened or cleaned would be another id.
    """
    return header if header is not None and is_accepted(header) else fresh
