"""The keys under which requests make a row once."""

from hashlib import sha256

from core.actor import Actor


def of_request(actor: Actor, key: str) -> str:
    """This function will return the key of a request's row; no principal's keys meet another's, or the house's."""
    return f"request:{sha256(f'{actor.label} {key}'.encode()).hexdigest()}"
