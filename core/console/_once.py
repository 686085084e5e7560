"""A form that is sent twice is one press: its one-time key is kept with what the first has done."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from core import errors, ids, problems
from core.actor import Actor
from core.console import _step_up
from core.idempotency import Claim, Kept, fingerprint, keep, take
from core.models import IdempotencyRecord

FIELD = "idempotency_key"
# What a browser adds of its own says nothing about what was asked for.
NOT_ASKED = frozenset({FIELD}) | _step_up.OWN_FIELDS

_KEY = re.compile(r"[0-9a-f-]{36}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a press has to say to the operator."""

    text: str
    is_refusal: bool = False


def fresh_key() -> str:
    """This function will return the key of a form that is shown for the first time."""
    return str(ids.new())


def key_of(request: HttpRequest) -> str:
    """This function will return the key that came with a form; empty without one, or with none of ours."""
    sent = request.POST.get(FIELD, "")
    return sent if _KEY.fullmatch(sent) else ""


def once(request: HttpRequest, actor: Actor, data: Mapping[str, Any], press: Callable[[], str | None]) -> Said:
    """This function will do what a form asks for, or say what the first of its kind has done; in the row's scope.

    :raises core.http.refusals.IdempotencyInProgress: while the first is still at it.
    :raises core.http.refusals.IdempotencyKeyReused: if the key came with another form.
    """
    key = key_of(request)
    if not key:  # not a form of ours: a program, which knows what it repeats
        return Said(text=press() or "")
    asked = {name: data.getlist(name) for name in sorted(data) if name not in NOT_ASKED}  # type: ignore[attr-defined]
    mark = fingerprint("POST", request.path, [], asked)
    taken = take(Claim(principal=actor.label, key=key, fingerprint=mark))
    if isinstance(taken, Kept):
        return Said(**json.loads(taken.body))
    status, said = _pressed(press)
    keep(taken, Kept(status=status, body=json.dumps(asdict(said))))
    return said


def _pressed(press: Callable[[], str | None]) -> tuple[int, Said]:
    """A refusal by the domain is kept as its result; any other failure is raised and takes the key with it."""
    try:
        with transaction.atomic():
            return 200, Said(text=press() or "")
    except errors.Refusal as refused:
        if (status := problems.status_of(refused)) not in IdempotencyRecord.KEPT_REFUSALS:
            raise
        return status, Said(text=refused.detail, is_refusal=True)
