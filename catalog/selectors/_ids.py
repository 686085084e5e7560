"""Reading ids that may be something else."""

from uuid import UUID

from core import errors, ids


def decoded(prefix: str, text: str) -> UUID | None:
    """This function will return the id behind a public form, None for any other text."""
    try:
        return ids.decode(prefix, text)
    except errors.NotFound:
        return None
