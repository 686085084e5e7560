"""The record that a request was allowed by the operator's own networks alone."""

from audit import services as audit
from core.actor import Actor
from webhooks.addresses import Aim


def note_exception(aim: Aim, *, target: str, actor: Actor) -> None:
    """This function will audit, in the caller's transaction, that an address passed only by exception."""
    if aim.is_exception:
        addresses = [str(address) for address in aim.target.addresses]
        meta = {"host": aim.target.host, "port": aim.target.port, "addresses": addresses}
        audit.record(action="webhook.exception_used", target=target, actor=actor.label, meta=meta)
