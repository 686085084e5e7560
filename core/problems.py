"""Every refusal leaves the house as `application/problem+json` (RFC 9457). The only table of HTTP statuses is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from core import context, errors
from core.http import refusals, validation

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

STATUS: dict[type[errors.Refusal], int] = {
    refusals.Malformed: 400,
    refusals.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    refusals.MethodNotAllowed: 405,
    errors.Conflict: 409,
    refusals.LengthRequired: 411,
    refusals.TooLarge: 413,
    refusals.UnsupportedMedia: 415,
    errors.Invalid: 422,
    errors.Exhausted: 429,
    refusals.RateLimited: 429,
    errors.Unavailable: 503,
    errors.Refusal: 400,
}
# Words whose status is older than we are.
STATUS_BY_CODE = {"card_declined": 402, "precondition_failed": 412, "precondition_required": 428}

# Violated database constraints that are a refusal of the domain, by name.
CONSTRAINTS: dict[str, type[errors.Refusal]] = {}

_RETRYABLE = {"40001", "40P01", "55P03", "57014"}  # serialization, deadlock, lock and statement timeouts


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem document. `members` are the refusal's own, `headers` go with the response."""

    status: int
    code: str
    title: str
    detail: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """This function will return the members as they stand in the response."""
        return {
            **self.members,
            "type": f"/docs/problems#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "code": self.code,
            "request_id": context.current().request_id,
        }


SERVER_ERROR = Problem(status=500, code="internal_error", title="Something went wrong on our side.")


def constraint(name: str, refusal: type[errors.Refusal]) -> None:
    """This function will let a violated database constraint of that name become a refusal of the domain."""
    if CONSTRAINTS.setdefault(name, refusal) is not refusal:
        raise TypeError(f"two refusals claim the constraint {name}")


def status_of(refusal: errors.Refusal) -> int:
    """This function will return the HTTP status of a refusal: that of its nearest ancestor in the table."""
    known = next(STATUS[cls] for cls in type(refusal).__mro__ if cls in STATUS)
    return STATUS_BY_CODE.get(refusal.code, known)


def as_refusal(failure: BaseException) -> errors.Refusal | None:
    """This function will return the refusal an exception of any layer stands for, None for an unanticipated one."""
    if isinstance(failure, errors.Refusal):
        return failure
    if isinstance(failure, Error):
        return _of_database(failure)
    if isinstance(failure, exceptions.APIException):
        return _of_framework(failure)
    return _of_django(failure)


def _of_django(failure: BaseException) -> errors.Refusal | None:
    if isinstance(failure, Http404):
        return errors.NotFound()
    if isinstance(failure, PermissionDenied):
        return errors.Forbidden()
    if isinstance(failure, RequestDataTooBig):
        return refusals.TooLarge()
    return refusals.Malformed() if isinstance(failure, SuspiciousOperation) else None


def _of_framework(failure: exceptions.APIException) -> errors.Refusal | None:
    if isinstance(failure, exceptions.ValidationError):
        return refusals.ValidationFailed(validation.flatten(failure.detail))
    by_status: dict[int, type[errors.Refusal]] = {
        400: refusals.MalformedJson,
        401: refusals.Unauthenticated,
        403: errors.Forbidden,
        404: errors.NotFound,
        405: refusals.MethodNotAllowed,
        415: refusals.UnsupportedMedia,
        429: refusals.RateLimited,
    }
    kind = by_status.get(failure.status_code)
    return kind() if kind else None


def _of_database(failure: Error) -> errors.Refusal | None:
    cause: Any = failure.__cause__
    if isinstance(failure, IntegrityError):
        return _of_constraint(getattr(getattr(cause, "diag", None), "constraint_name", None))
    if isinstance(failure, DataError):
        return refusals.OutOfRange()
    if getattr(cause, "sqlstate", None) in _RETRYABLE:
        return refusals.Busy()
    return refusals.DatabaseUnavailable() if isinstance(failure, (OperationalError, InterfaceError)) else None


def _of_constraint(name: str | None) -> errors.Refusal:
    if name in CONSTRAINTS:
        return CONSTRAINTS[name]()
    # Which rule it was is our affair: the log names it, the client does not learn the schema.
    log.warning("problems.unregistered_constraint", constraint=name)
    return refusals.ConstraintViolated()


def of(failure: BaseException) -> Problem:
    """This function will return the problem that an exception becomes; a bare 500 for one nobody anticipated."""
    refusal = as_refusal(failure)
    if refusal is None:
        return SERVER_ERROR
    status = status_of(refusal)
    headers = dict(getattr(refusal, "headers", {})) | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return Problem(
        status=status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        members=refusal.members,
        headers=headers,
    )


def response(problem: Problem) -> HttpResponse:
    """This function will return the HTTP response that carries a problem document."""
    body = orjson.dumps(problem.document(), default=str)
    return HttpResponse(body, status=problem.status, content_type=CONTENT_TYPE, headers=dict(problem.headers))


def handle(failure: Exception, _context: Mapping[str, Any] | None = None) -> HttpResponse:
    """DRF's exception handler. This function will answer every exception, and log those that nobody anticipated."""
    problem = of(failure)
    if problem.status >= 500:
        log.error("request.failed", code=problem.code, exc_info=failure)
    return response(problem)
