"""`Idempotency-Key` over HTTP: the first answer is kept in the transaction of its effect and given to every repeat."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from core import failpoints, problems, verbs
from core.http import refusals
from core.http.json import dumps
from core.idempotency import claims
from core.idempotency.fingerprints import fingerprint
from core.idempotency.keys import refuse_sensitive
from core.idempotency.purging import purge_expired
from core.models import IdempotencyRecord
from core.tenancy import scopes

__all__ = ["answer", "fingerprint", "mode_of", "purge_expired", "read_key"]

KEPT_HEADERS = ("Content-Type", "Location", "ETag")
# Refusals of the request's shape have a kept status, too, but are no result of executing it.
OF_SHAPE = (refusals.ValidationFailed, refusals.ObjectExpected, refusals.OutOfRange)

_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}", re.ASCII)
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"', re.ASCII)


class Refused(Exception):
    """The effect was refused, and the refusal is its answer: what it did is undone before that is kept."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def answer(view: Any, effect: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """This function will run the effect, or answer as the first request with the same key was answered.

    :raises IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress: accordingly.
    :raises Refused: by the domain, for good: once the transaction has taken the effect back, `keep_refusal` is next.
    """
    key = read_key(view)
    return effect() if key is None else _answered(view, key, lambda: _outcome(effect))


def refusal_of(view: Any, failure: Exception) -> HttpResponse:
    """This function will return the answer of an effect that was refused, be it by what it had left to the commit.

    Every other failure is raised again, and each one where no answer is kept.
    """
    if isinstance(failure, Refused):
        return failure.response
    if read_key(view) is None:
        raise failure
    return lasting(failure)


def keep_refusal(view: Any, refusal: HttpResponse) -> HttpResponseBase:
    """This function will keep a refusal whose transaction is over, and answer with it.

    Nothing has happened meanwhile, so another request with the key may have come first; then its answer is the one.

    :raises IdempotencyKeyReused, IdempotencyInProgress: if that was another request, or has not come to an end.
    """
    return _answered(view, str(read_key(view)), lambda: refusal)


def _answered(view: Any, key: str, outcome: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    taken = claims.take(claim_of(view, key))
    if __debug__:
        failpoints.reach("request.claimed")
    if isinstance(taken, claims.Kept):
        return replay(view, taken, key)
    response = outcome()
    if __debug__:
        failpoints.reach("request.effect_done")
    _settle(view, taken, response)
    if __debug__:
        failpoints.reach("request.answer_kept")
    response.headers["Idempotency-Key"] = key
    return response


def read_key(view: Any) -> str | None:
    """This function will return the request's key, None where none was given or none is heeded.

    :raises IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeySensitive: accordingly.
    """
    mode = mode_of(view, view.request.method)
    sent = view.request.META.get("HTTP_IDEMPOTENCY_KEY")
    if mode == "none" or (sent is None and mode == "optional"):
        return None
    if sent is None:
        raise refusals.IdempotencyKeyMissing
    bare = _bare(sent)
    # Two header lines arrive joined by a comma.
    if not _KEY.fullmatch(bare):
        raise refusals.IdempotencyKeyInvalid
    return refuse_sensitive(bare)


def _bare(sent: str) -> str:
    """A structured-field string (RFC 8941) and the bare text are the same key; what only looks like one is no key."""
    if len(sent) < 2 or sent[0] != '"' or sent[-1] != '"':
        return sent
    quoted = _QUOTED.fullmatch(sent)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else ""


def mode_of(view: Any, method: str) -> str:
    """This function will return `required`, `optional` or `none` for the view's current action."""
    if method in SAFE_METHODS:
        return "none"
    return str(view.idempotency.get(view.action, "required" if method == "POST" else "optional"))


def claim_of(view: Any, key: str, *, may_go_on: bool = False) -> claims.Claim:
    """This function will return a request's wish to be the first with its key."""
    request = view.request
    if not isinstance(scopes.current(), scopes.Scope):
        raise ImproperlyConfigured(f"{type(view).__name__} keeps idempotency keys but has no environment")
    query = [(name, value) for name, values in request.query_params.lists() for value in values]
    mark = fingerprint(request.method, request.path, query, request.data)
    principal = view.principal() or f"anonymous:{mark.hex()}"
    return claims.Claim(principal=principal, key=key, fingerprint=mark, may_go_on=may_go_on)


def _outcome(effect: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        with verbs.whole():
            return effect()
    except Exception as failure:
        raise Refused(lasting(failure)) from failure


def lasting(failure: Exception) -> HttpResponse:
    """This function will return the answer of a refusal by the domain; every other failure is raised again."""
    refusal = problems.as_refusal(failure)
    is_kept = refusal is not None and problems.status_of(refusal) in IdempotencyRecord.KEPT_REFUSALS
    if refusal is None or isinstance(refusal, OF_SHAPE) or not is_kept:
        raise failure
    return problems.response(problems.of(refusal))


def _settle(view: Any, held: claims.Held, response: Any) -> None:
    """An answer that is no result, such as a counted failure of a login, leaves its key as new as it was."""
    if 200 <= response.status_code < 300 or response.status_code in IdempotencyRecord.KEPT_REFUSALS:
        claims.keep_with_effect(held, kept_of(view, response))
    else:
        claims.release(held)


def kept_of(view: Any, response: Any) -> claims.Kept:
    """This function will return what a repeat is shown: the answer, without the secrets that are shown once.

    :raises AnswerTooLarge: if it is too large to be kept and nothing could be shown in its place.
    """
    status, body = _without_secrets(view, response)
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if len(body.encode()) <= IdempotencyRecord.MAX_BODY:
        return claims.Kept(status=status, body=body, headers=headers)
    data = getattr(response, "data", None)
    resource = str(data.get("id", "")) if isinstance(data, dict) else ""
    if not (view.prefix and resource.startswith(f"{view.prefix}_")):
        raise refusals.AnswerTooLarge(limit_bytes=IdempotencyRecord.MAX_BODY)
    return claims.Kept(status=status, body="", headers=headers, resource=resource)


def _without_secrets(view: Any, response: Any) -> tuple[int, str]:
    shown = getattr(response, "data", None)
    secrets = [name for name in view.secret_fields if isinstance(shown, dict) and name in shown]
    if not shown or not secrets:
        return response.status_code, response.content.decode()
    return 200, dumps({**shown, **dict.fromkeys(secrets), "secret_shown": True}).decode()


def replay(view: Any, kept: claims.Kept, key: str) -> HttpResponse:
    """This function will answer as the first request was answered, and say so."""
    body = dumps(view.shown_again(kept.resource)) if kept.resource else kept.body.encode()
    response = HttpResponse(body, status=kept.status, headers=kept.headers)
    response.headers["Idempotent-Replayed"] = "true"
    response.headers["Idempotency-Key"] = key
    response.headers["X-Original-Request-Id"] = kept.request_id
    return response
