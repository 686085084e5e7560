"""Commands that move money: given twice with one key, or word for word within a day, they act once."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.idempotency.claims import Claim, Kept, find, keep, take
from core.idempotency.fingerprints import fingerprint
from core.idempotency.keys import refuse_sensitive

Outcome = dict[str, str]


def once(command: str, key: str, asked: Mapping[str, Any], do: Callable[[], Outcome]) -> tuple[Outcome, bool]:
    """This function will do what a command asks for and return its outcome and True, or what the first left and False.

    To be called in the environment's scope and in the transaction of the effect. Without a key what is asked for is
    the key.

    :raises core.http.refusals.IdempotencyKeyReused: if the key came with another wish.
    :raises core.http.refusals.IdempotencyInProgress: while the first is still at it.
    :raises core.http.refusals.IdempotencyKeySensitive: if the key holds a card number or a credential.
    """
    taken = take(_claim(command, key, asked))
    if isinstance(taken, Kept):
        return json.loads(taken.body), False
    outcome = do()
    keep(taken, Kept(status=201, body=json.dumps(outcome)))
    return outcome, True


def earlier(command: str, key: str, asked: Mapping[str, Any]) -> Outcome | None:
    """This function will return what the same command has left before, if it has been given before."""
    claim = _claim(command, key, asked)
    found = find(claim)
    if found is None or found.is_expired or found.state != "completed" or bytes(found.fingerprint) != claim.fingerprint:
        return None
    outcome: Outcome = json.loads(found.body)
    return outcome


def _claim(command: str, key: str, asked: Mapping[str, Any]) -> Claim:
    mark = fingerprint("COMMAND", command, [], {name: str(value) for name, value in asked.items()})
    return Claim(principal=f"command:{command}", key=refuse_sensitive(key) or mark.hex(), fingerprint=mark)
